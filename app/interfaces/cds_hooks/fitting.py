"""Fitting (宽松读取): make a shape of what does not have it: what does not fit is left out, the rest is kept."""

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

S = TypeVar("S", bound=msgspec.Struct)
_NOTHING: Any = object()
_DEEPEST = 30


def decode_fitting(body: msgspec.Raw, shape: type[S]) -> S:
    """Decode leniently: one object may stand for a list and a list for its first object, null for nothing, a number
    for text; anything else that has another type is as if it had not been sent.
    """
    value = _decode_any(body)
    fitting = _fit(value, _info(shape), _DEEPEST)
    return msgspec.convert({} if fitting is _NOTHING else fitting, shape)


_decode_any = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@cache
def _info(shape: type) -> inspect.Type:
    return inspect.type_info(shape)


def _fit(value: Any, info: inspect.Type, depth: int) -> Any:
    if value is None or depth == 0:
        return _NOTHING
    if isinstance(info, inspect.UnionType):
        for one in info.types:
            if (found := _fit(value, one, depth)) is not _NOTHING:
                return found
        return _NOTHING
    if isinstance(info, inspect.StructType):
        return _fit_struct(value, info, depth)
    if isinstance(info, inspect.RawType):
        return msgspec.Raw(_encode(value))
    if isinstance(info, inspect.VarTupleType):
        parts = [_fit(one, info.item_type, depth - 1) for one in (value if isinstance(value, list) else [value])]
        return [part for part in parts if part is not _NOTHING]
    return _fit_leaf(value, info)


def _fit_struct(value: Any, info: inspect.StructType, depth: int) -> Any:
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, dict)), None)
    if not isinstance(value, dict):
        return _NOTHING
    found = {}
    for field in info.fields:
        if field.encode_name in value:
            part = _fit(value[field.encode_name], field.type, depth - 1)
            if part is not _NOTHING:
                found[field.encode_name] = part
    return found


def _fit_leaf(value: Any, info: inspect.Type) -> Any:
    if isinstance(info, inspect.BoolType):
        return value if isinstance(value, bool) else _NOTHING
    if isinstance(value, bool | list | dict):
        return _NOTHING
    if isinstance(info, inspect.StrType):
        return value if isinstance(value, str) else str(value)
    if isinstance(info, inspect.DecimalType):
        try:
            return Decimal(value.strip() if isinstance(value, str) else value)
        except InvalidOperation:
            return _NOTHING
    return _NOTHING
