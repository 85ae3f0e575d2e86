"""Payment files (支付参数与权重表) of a scheme folder: `payment.json`, and the weight tables that it names.

payment.json    the parameters of one period, or a list of such, one per period: see app/domain/settlement.py
weights.csv     see app/knowledge/weight_file.py; another year may name another file in `weights`
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from app.domain.group_weight import GroupWeight, PaymentScheme
from app.domain.settlement import PaymentParameters
from app.domain.settlement_checks import faults_of
from app.knowledge.pack import PackError
from app.knowledge.payment_faults import explain
from app.knowledge.weight_file import read_weights

PAYMENT_FILE = "payment.json"


def read_payment(folder: Path) -> tuple[PaymentScheme, ...]:
    """The payment schemes of the folder, by the day from which they hold; () where it has no payment.json.

    Raises PackError with all faults, one a line: file, field, why it is wrong, and what to do.
    """
    file = folder / PAYMENT_FILE
    if not file.exists():
        return ()
    periods = decode_parameters(file.read_bytes(), str(file))
    tables, faults, found = {}, [], []
    for name in dict.fromkeys(one.weights for one in periods):
        try:
            tables[name] = _read_table(folder, name)
        except PackError as error:
            faults.append(str(error))
    for place, parameters in enumerate(periods):
        if parameters.weights in tables:
            weights = tables[parameters.weights]
            where = _where(str(file), place, len(periods))
            faults += [f"{where}: {fault}" for fault in together_faults(parameters, weights)]
            found.append(PaymentScheme(parameters, weights))
    if faults:
        raise PackError("\n".join(faults))
    return tuple(sorted(found, key=lambda scheme: scheme.parameters.in_force.start))


def scheme_on(schemes: Iterable[PaymentScheme], day: date) -> PaymentScheme | None:
    """The payment scheme in force on the day (of discharge), or None."""
    return next((scheme for scheme in schemes if scheme.parameters.in_force.covers(day)), None)


def _read_table(folder: Path, name: str) -> dict[str, GroupWeight]:
    if Path(name).name != name or not name.endswith(".csv"):
        raise PackError(f"{folder / PAYMENT_FILE}: weights is {name!r}; name a CSV file of this folder, as weights.csv")
    file = folder / name
    if not file.exists():
        raise PackError(f"{file}: is not there, but {PAYMENT_FILE} names it; put the weight table there")
    return read_weights(file, file.read_bytes())


def decode_parameters(content: bytes, name: str = PAYMENT_FILE) -> tuple[PaymentParameters, ...]:
    """The periods that the text of a payment.json holds, each checked; raises PackError with the faults."""
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refused_constant,
            object_pairs_hook=_object_once,
        )
    except (ValueError, RecursionError) as error:  # also what is not UTF-8
        raise PackError(f"{name}: not readable as JSON: {error}") from error
    documents = document if isinstance(document, list) else [document]
    if not documents:
        raise PackError(f"{name}: holds no parameters; write at least one period")
    found, faults = [], []
    for place, one in enumerate(documents):
        where = _where(name, place, len(documents))
        try:
            parameters = convert_parameters(one)
        except ValueError as error:
            faults += [f"{where}: {fault}" for fault in str(error).split("\n")]
        else:
            found.append(parameters)
    faults += [f"{name}: {fault}" for fault in _period_faults(found)]
    if faults:
        raise PackError("\n".join(faults))
    return tuple(found)


def convert_parameters(document: Any) -> PaymentParameters:
    """Plain JSON values as checked parameters; raises ValueError with the faults, one a line."""
    try:
        parameters = msgspec.convert(document, PaymentParameters)
    except msgspec.ValidationError as error:
        raise ValueError(" ".join(explain(document, PaymentParameters, error).split())) from error
    if faults := faults_of(parameters):
        raise ValueError("\n".join(" ".join(fault.split()) for fault in faults))  # a key may hold line ends
    return parameters


def _where(name: str, place: int, periods: int) -> str:
    return name if periods == 1 else f"{name} period {place + 1}"


def _refused_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number; leave out what is not known")


def _object_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the field {key!r} stands twice in one object; keep one of them")
        found[key] = value
    return found


def _period_faults(periods: Sequence[PaymentParameters]) -> Iterator[str]:
    """Two periods of a folder may not hold on one day, and belong to one scheme."""
    ordered = sorted(periods, key=lambda one: one.in_force.start)
    for before, after in pairwise(ordered):
        if before.in_force.overlaps(after.in_force):
            yield (
                f"the period from {after.in_force.start} overlaps the one from {before.in_force.start} to "
                f"{before.in_force.end}; let one end before the other starts"
            )
        if before.id != after.id:
            yield f"id is {before.id!r} and {after.id!r}; all periods of a folder belong to one scheme"


def together_faults(parameters: PaymentParameters, weights: Mapping[str, GroupWeight]) -> Iterator[str]:
    """What is wrong with parameters and a weight table taken together."""
    named = {
        "limits": parameters.limits,
        "coefficients.groups": parameters.coefficients.groups,
        "coefficients.group_levels": parameters.coefficients.group_levels,
        "coefficients.group_facilities": parameters.coefficients.group_facilities,
        "tcm_groups": parameters.tcm_groups,
    }
    for field, groups in named.items():
        for group in groups:
            if group not in weights:
                yield f"{field} names the group {group!r}, which {parameters.weights} does not hold; mend the code"
    for group, condition in parameters.tcm_groups.items():
        if condition.otherwise not in weights:
            yield (
                f"tcm_groups.{group}.otherwise is {condition.otherwise!r}, which {parameters.weights} does not hold; "
                "mend the code"
            )
    attributes = {attribute for row in weights.values() for attribute in row.attributes}
    for attribute in parameters.attributes:
        if attribute not in attributes:
            yield f"attributes.{attribute}: no group of {parameters.weights} has it; mend its name, or take it out"
    for row in weights.values():
        given = parameters.limits.get(row.code)
        for side, limit in (("low", row.low_limit), ("high", row.high_limit)):
            if limit is not None and getattr(parameters, side) is None:
                yield f"{parameters.weights} gives {row.code} a {side}_limit, but {side} is missing here; add {side}"
            if limit is not None and given is not None and getattr(given, side) is not None:
                yield f"limits.{row.code}.{side} stands in {parameters.weights} too; keep one of the two"
