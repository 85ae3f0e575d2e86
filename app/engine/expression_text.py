"""The text of an expression (表达式): which CEL is let through, so that it can compute on facts and do nothing else.

CEL itself has no I/O and ends always, but loops over loops over long lists take what time and memory they like. So
loops go over the given lists alone, at most two deep, and what makes values grow or compiles patterns is not let in.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

LONGEST = 2000
DEEPEST_LOOPS = 2
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"[^"\n\\]*"|'[^'\n\\]*')|(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(\.\d+)?)
    |(?P<sign>[()\[\],.<>=!&|+\-*/%?:])""",
    re.VERBOSE | re.ASCII,
)
_STRING = "''"
_FUNCTIONS = frozenset({"has", "size", "startsWith", "endsWith", "contains", "int", "double", "string"})
_LOOPS = frozenset({"exists", "all", "exists_one", "filter"})
_WORDS = frozenset({"true", "false", "null", "in"})


def read_paths(text: str, facts: Iterable[str], lists: Iterable[str]) -> tuple[str, ...]:
    """The paths of the facts that the expression reads, in order; raises ValueError for what it may not hold.

    `facts` are all paths that it may read, `lists` those of them that loops may go over.
    """
    known, looped = frozenset(facts), frozenset(lists)
    roots = frozenset(path.partition(".")[0] for path in known)
    tokens = _with_paths(_tokens(text), roots)
    bound = {tokens[at + 2] for at in range(len(tokens) - 3) if tokens[at] in _LOOPS and tokens[at + 1] == "("}
    if bad := [name for name in bound if not name.isidentifier() or name in roots | _FUNCTIONS | _LOOPS | _WORDS]:
        raise ValueError(f"a loop names each code by a word of its own, as in exists(code, …); not {bad[0]!r}")
    for at, word in enumerate(tokens):
        if word[0].isalpha() or word[0] == "_":
            _check_word(tokens, at, known, looped, bound)
    _check_depth(tokens)
    return tuple(dict.fromkeys(word for word in tokens if word in known))


def literals(text: str) -> list[str | int | float]:
    """The strings and numbers that stand in an expression."""
    found: list[str | int | float] = []
    for token in _TOKEN.finditer(text):
        if token["string"] is not None:
            found.append(token[0][1:-1])
        elif token["number"] is not None:
            found.append(float(token[0]) if "." in token[0] else int(token[0]))
    return found


def _tokens(text: str) -> list[str]:
    """Words and signs, every string as one and the same token."""
    if len(text) > LONGEST:
        raise ValueError(f"the expression has {len(text)} characters; {LONGEST} are allowed, so part it into points")
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"the expression cannot hold {text[at]!r} (character {at + 1})")
        at = token.end()
        if token["space"] is None:
            found.append(_STRING if token["string"] is not None else token[0])
    for pair in pairwise(found):
        if pair in ((_STRING, _STRING), ("/", "/")):
            raise ValueError("the expression cannot hold a comment, nor a string in triple quotes")
    return found


def _with_paths(tokens: list[str], roots: frozenset[str]) -> list[str]:
    """The same with `root`, `.`, `name` made one token."""
    found: list[str] = []
    for token in tokens:
        if len(found) > 1 and found[-1] == "." and found[-2] in roots:
            found[-2:] = [f"{found[-2]}.{token}"]
        else:
            found.append(token)
    return found


def _check_word(tokens: list[str], at: int, known: frozenset[str], looped: frozenset[str], bound: set[str]) -> None:
    word = tokens[at]
    is_call = tokens[at + 1 : at + 2] == ["("]
    is_member = at > 0 and tokens[at - 1] == "."
    if word in _LOOPS and is_call:
        if at < 2 or not is_member or tokens[at - 2] not in looped:
            raise ValueError(f"{word} goes over {' or '.join(sorted(looped))} only")
    elif word in _FUNCTIONS and is_call:
        return
    elif is_member or word not in known | _WORDS | bound:
        raise ValueError(f"the expression cannot read {word!r}; it can read {', '.join(sorted(known))}")


def _check_depth(tokens: list[str]) -> None:
    """Raise ValueError where loops stand in loops too deep."""
    brackets: list[bool] = []
    for before, token in zip(["", *tokens], tokens, strict=False):
        if token == "(":  # noqa: S105 - a bracket
            brackets.append(before in _LOOPS)
            if sum(brackets) > DEEPEST_LOOPS:
                raise ValueError(f"loops may stand in loops {DEEPEST_LOOPS} deep; the expression goes deeper")
        elif token == ")" and brackets:  # noqa: S105
            brackets.pop()
