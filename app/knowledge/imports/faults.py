"""Faults (导入错误): what cannot be imported, said to the person who has the file, in Chinese."""


class BadTable(ValueError):
    """A file that cannot be read as a list at all: nothing of it is imported."""


class Refused(ValueError):
    """A row, or a part of one, that cannot become knowledge; the text is the reason."""
