"""Variants of a stay (病例变体): the same stay with one code dropped, moved or added; no two of them are the same."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from app.domain.stay import Stay
from app.grouper.what_if_result import Change


class Changed(NamedTuple):
    """A variant, and the code by which it differs from what is recorded."""

    change: Change
    code: str
    stay: Stay


def variants(stay: Stay, add: Iterable[str] = ()) -> Iterator[Changed]:
    """Every variant once: a code that is recorded twice is dropped, or moved, as one."""
    if not stay.diagnoses:
        return
    principal, rest = stay.diagnoses[0], stay.diagnoses[1:]
    secondaries = dict.fromkeys(code for code in rest if code)
    for code in secondaries:
        yield Changed(Change.DROP_DIAGNOSIS, code, replace(stay, diagnoses=(principal, *_without(rest, code))))
    for code in secondaries:
        if code != principal:
            yield Changed(Change.SWAP_PRINCIPAL, code, replace(stay, diagnoses=_swapped(principal, rest, code)))
    procedures = stay.procedures
    for code in dict.fromkeys(procedures):
        if code and code != procedures[0]:
            yield Changed(Change.FIRST_PROCEDURE, code, replace(stay, procedures=_first(procedures, code)))
    for code in dict.fromkeys(procedures):
        if code:
            yield Changed(Change.DROP_PROCEDURE, code, replace(stay, procedures=_without(procedures, code)))
    yield from _added(stay, add)


def _added(stay: Stay, add: Iterable[str]) -> Iterator[Changed]:
    for code in dict.fromkeys(add):
        if is_recorded(stay, code):
            continue
        if not is_procedure(code):
            yield Changed(Change.ADD_DIAGNOSIS, code, replace(stay, diagnoses=(*stay.diagnoses, code)))
            continue
        yield Changed(Change.ADD_PROCEDURE, code, replace(stay, procedures=(*stay.procedures, code)))
        if stay.procedures:
            yield Changed(Change.ADD_FIRST_PROCEDURE, code, replace(stay, procedures=(code, *stay.procedures)))


def is_procedure(code: str) -> bool:
    """ICD-9-CM-3 begins with a digit, ICD-10 with a letter."""
    return code[:1].isdigit()


def is_recorded(stay: Stay, code: str) -> bool:
    return code in (stay.procedures if is_procedure(code) else stay.diagnoses)


def ignored(stay: Stay, add: Iterable[str]) -> tuple[str, ...]:
    """The clues that give no variant, and why, in Chinese."""
    return tuple([f"{code}已有记录，不作为增加的编码" for code in dict.fromkeys(add) if is_recorded(stay, code)])


def _without(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple([one for one in codes if one != code])


def _swapped(principal: str, rest: tuple[str, ...], code: str) -> tuple[str, ...]:
    """The code first, the principal one in its place."""
    place = rest.index(code)
    return (code, *rest[:place], principal, *_without(rest[place + 1 :], code))


def _first(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    place = codes.index(code)
    return (code, *codes[:place], *codes[place + 1 :])
