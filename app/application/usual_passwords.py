"""Usual passwords (常见口令): those that programs try first.

zxcvbn knows the 30,000 most frequent of those that leaked.
"""

_LEAST_GUESSES = 10**8  # what a password must withstand, in guesses of a program that knows how people make them
_LOOKED_AT = 72  # characters: more of them make a password no weaker, and the look slow


def is_usual(password: str) -> bool:
    from zxcvbn import zxcvbn  # its lists take memory, and are needed where a password is changed only

    return int(zxcvbn(password[:_LOOKED_AT])["guesses"]) < _LEAST_GUESSES
