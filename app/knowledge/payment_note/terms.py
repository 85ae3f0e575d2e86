"""Term tables (术语表): words of diseases with their ICD-10 insurance codes, and words that restrict.

rules/tables/terms/diagnosis-terms.csv     term, codes, source. Blank codes: a disease that no code tells surely.
rules/tables/terms/restriction-words.csv   term, kind, value
rules/tables/terms/sex-words.csv           term, sex: words that only one sex can be meant by

`codes` are all categories under which the disease may stand, unspecified ones included: a patient with none of them
surely does not have it as coded.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from app.domain.codes import CodeSet
from app.domain.encounter import Sex
from app.knowledge.pack import PackError
from app.knowledge.payment_note.note import SpanKind
from app.knowledge.payment_note.text import normalise
from app.knowledge.records import Record, read_records

_SHIPPED = Path(__file__).resolve().parents[3] / "rules"


class DiagnosisTerm(Record, frozen=True, kw_only=True, omit_defaults=True):
    term: str
    codes: str = ""
    source: str


class RestrictionWord(Record, frozen=True, kw_only=True, omit_defaults=True):
    term: str
    kind: SpanKind
    value: str = ""


class SexWord(Record, frozen=True, kw_only=True, omit_defaults=True):
    term: str
    sex: Sex


class Word(NamedTuple):
    text: str  # as normalised
    kind: SpanKind
    codes: tuple[str, ...] = ()
    value: str = ""


class Terms:
    """Every word by its first character, longest first."""

    def __init__(self, words: list[Word], sexes: list[tuple[str, Sex]]) -> None:
        self._by_first: dict[str, list[Word]] = {}
        for word in sorted(words, key=lambda word: -len(word.text)):
            self._by_first.setdefault(word.text[0], []).append(word)
        self._sexes = tuple(sexes)

    def longest_at(self, text: str, place: int) -> Word | None:
        for word in self._by_first.get(text[place], ()):
            if text.startswith(word.text, place):
                return word
        return None

    def sexes_in(self, text: str) -> frozenset[Sex]:
        """The sexes that words of the text point to."""
        folded = normalise(text)
        return frozenset(sex for word, sex in self._sexes if word in folded)


def read_terms(root: Path) -> Terms:
    """The tables below `root`/tables/terms. Raises PackError, with all faults of a file, one a line."""
    folder = root / "tables" / "terms"
    if not (folder / "diagnosis-terms.csv").exists():
        raise PackError(f"{folder}: there are no term tables; give the folder of the rules")
    words = _diagnoses(folder / "diagnosis-terms.csv")
    for _, row in read_records(folder / "restriction-words.csv", RestrictionWord):
        words.append(Word(normalise(row.term), row.kind, value=row.value))
    _refuse_twice(folder, words)
    sexes = [(normalise(row.term), row.sex) for _, row in read_records(folder / "sex-words.csv", SexWord)]
    return Terms(words, sexes)


def _diagnoses(file: Path) -> list[Word]:
    words = []
    for line, row in read_records(file, DiagnosisTerm):
        codes = tuple(row.codes.split("|")) if row.codes else ()
        try:
            CodeSet(codes)
        except ValueError as error:
            raise PackError(f"{file} line {line}: {error}") from error
        words.append(Word(normalise(row.term), SpanKind.DIAGNOSIS, codes))
    return words


def _refuse_twice(folder: Path, words: list[Word]) -> None:
    seen: set[str] = set()
    for word in words:
        if word.text in seen:
            raise PackError(f"{folder}: {word.text!r} stands twice; keep one row of each term")
        seen.add(word.text)


@lru_cache(8)
def terms_of(root: Path | None = None) -> Terms:
    """The tables of these rules, read once; None: those that stand beside the program."""
    return read_terms(_SHIPPED if root is None else root)
