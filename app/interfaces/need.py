"""Needs (准入条件): what an operation asks of whoever calls it."""

from enum import StrEnum

from app.domain.access import Permission


class Entrance(StrEnum):
    """How those come in who need no permission, or whom the gate cannot know."""

    OPEN = "open"  # everybody
    SIGNED_IN = "signed_in"  # whoever is known
    OWN = "own"  # the interface tells who calls by rules of its own standard, and lets in by them


Need = Permission | Entrance
