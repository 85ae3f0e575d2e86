"""Visits without a number (无就诊号的就诊): known by their patient, but not by the patient's own id.

The id of a visit is stored as it is, and shown.
"""

from collections.abc import Callable

VisitOf = Callable[[str], str]  # the id of the visit that is only known by this


def visits_by(lookup: Callable[[str], str]) -> VisitOf:
    """`lookup`: the keyed hash of the installation. What it gives for a visit says nothing to who knows a patient's."""
    return lambda known_by: lookup(f"visit of {known_by}")
