"""The condition language of a grouping scheme (入组条件语言), read into the tree of scheme_condition.py.

`and`, `or`, `not` and parentheses join what follows; `not` binds closest, `or` loosest.

true | false
pdx in L, proc1 in L            also `not in`; the principal diagnosis, the first procedure
dx any L, odx any L             any diagnosis, any secondary one
proc any L, oproc any L         any procedure, any but the first
proc tag L t                    any procedure that the list marks with the tag t
sites L >= n                    the diagnoses touch so many different tags of the list
proc1 valid, proc valid         the first, any procedure is one that counts for grouping (proc_valid.csv)
sex = 1, leaving in (2,5), dept = ICU
age | age_days | weight | los | icu_hours   < <= > >= =   number
mcc, cc                         a secondary diagnosis counts as such
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from app.knowledge.scheme_condition import (
    FALSE,
    TRUE,
    VALID,
    And,
    Condition,
    Level,
    Member,
    Not,
    Number,
    NumberField,
    Operator,
    Or,
    Severity,
    Sites,
    Subject,
    Tagged,
    Word,
    WordField,
)

_TOKEN = re.compile(r"""\s+|(<=|>=|[<>=(),]|"[^"]*"|[^\s<>=(),"]+)""")
_NUMBERS: dict[str, NumberField] = {
    "age": "age",
    "age_days": "age_days",
    "weight": "weight",
    "los": "los",
    "icu_hours": "icu_hours",
}
_WORDS: dict[str, WordField] = {"sex": "sex", "leaving": "leaving", "dept": "dept"}
_ONE: dict[str, Subject] = {"pdx": "pdx", "proc1": "proc1"}
_ANY: dict[str, Subject] = {"dx": "dx", "odx": "odx", "proc": "proc", "oproc": "oproc"}
_LEVELS: dict[str, Level] = {"mcc": "mcc", "cc": "cc"}
_OPERATORS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "="}
_RESERVED = {"and", "or", "not", "in", "any", "(", ")", ",", *_OPERATORS}
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_DEEPEST = 50


class ConditionError(ValueError):
    """The text is no condition; the message says what was met and what could stand there."""


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> Condition:
    """The tree of the text; raises ConditionError."""
    reader = _Reader(text)
    found = reader.either()
    if reader.next is not None:
        raise ConditionError(f"{reader.next!r} stands where the condition should end or go on with and, or")
    return found


class _Reader:
    """Recursive descent over the tokens; `next` is the one to come, None at the end."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._depth = 0
        self.next: str | None = None
        self._take()

    def _take(self) -> str | None:
        taken, self.next = self.next, next(self._tokens, None)
        return taken

    def _skip(self, token: str) -> bool:
        if self.next != token:
            return False
        self._take()
        return True

    def either(self) -> Condition:
        parts = [self._both()]
        while self._skip("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._unary()]
        while self._skip("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _unary(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConditionError(f"more than {_DEEPEST} parentheses and nots stand in one another")
        found: Condition
        if self._skip("not"):
            found = Not(self._unary())
        elif self._skip("("):
            found = self.either()
            if not self._skip(")"):
                raise ConditionError(f"a closing parenthesis is missing before {self._met()}")
        else:
            found = self._atom()
        self._depth -= 1
        return found

    def _atom(self) -> Condition:
        word = self._take() or ""
        if word in ("true", "false"):
            return TRUE if word == "true" else FALSE
        if word in _LEVELS:
            return Severity(_LEVELS[word])
        if word in VALID and self._skip("valid"):
            return VALID[word]
        if word in _ONE:
            return self._member(_ONE[word])
        if word == "proc" and self._skip("tag"):
            return Tagged(self._name("a list"), self._name("a tag"))
        if word in _ANY:
            self._demand("any", word)
            return Member(_ANY[word], self._name("a list"))
        if word == "sites":
            return self._sites()
        if word in _NUMBERS:
            return Number(_NUMBERS[word], self._operator(word), self._number())
        if word in _WORDS:
            values = self._words(word)
            if word == "sex" and (odd := set(values) - {"1", "2"}):
                raise ConditionError(f"sex is {min(odd)!r}; it can be 1 (male) or 2 (female)")
            return Word(_WORDS[word], values)
        raise ConditionError(f"{word or 'the end'!r} stands where a condition such as `pdx in L` should stand")

    def _member(self, subject: Subject) -> Condition:
        negated = self._skip("not")
        self._demand("in", subject)
        member = Member(subject, self._name("a list"))
        return Not(member) if negated else member

    def _sites(self) -> Condition:
        name = self._name("a list")
        operator, number = self._operator(name), self._number()
        if number != int(number):
            raise ConditionError(f"sites are counted in whole numbers, not {number}")
        return Sites(name, operator, int(number))

    def _words(self, field: str) -> tuple[str, ...]:
        if self._skip("="):
            return (self._name("a value"),)
        self._demand("in", field)
        if not self._skip("("):
            raise ConditionError(f"`{field} in` needs values in parentheses, as (2,5), and not {self._met()}")
        found = [self._name("a value")]
        while self._skip(","):
            found.append(self._name("a value"))
        if not self._skip(")"):
            raise ConditionError(f"a closing parenthesis is missing before {self._met()}")
        return tuple(found)

    def _operator(self, what: str) -> Operator:
        token = self._take() or "the end"
        if token not in _OPERATORS:
            raise ConditionError(f"{token!r} follows {what!r}; write one of < <= > >= =")
        return _OPERATORS[token]

    def _number(self) -> int | float:
        token = self._take() or "the end"
        if not _DECIMAL.fullmatch(token):
            raise ConditionError(f"{token!r} is not a number; write digits, as 28 or 2.5")
        return float(token) if "." in token and float(token) % 1 else int(float(token))

    def _name(self, what: str) -> str:
        token = self._take()
        if token is None or token in _RESERVED:
            raise ConditionError(f"{token or 'the end'!r} stands where {what} should stand")
        return token.strip('"')

    def _demand(self, word: str, after: str) -> None:
        if not self._skip(word):
            raise ConditionError(f"{self._met()} follows {after!r}; write `{after} {word} ...`")

    def _met(self) -> str:
        return repr(self.next or "the end")


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ConditionError(f"{text[position]!r} at character {position + 1} is not understood")
        if found[1]:
            yield found[1]
        position = found.end()
