"""Values of every type of the protocol, made from the types' own annotations."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from barter_bt import protocol
from barter_bt.instrument import EXCHANGES
from barter_bt.protocol import Item, MarketEvent
from barter_bt.protocol.scalar import U64_MAX
from barter_bt.protocol.shape import Many, Struct, Tag

CLASSES: list[Any] = [
    value
    for value in vars(protocol).values()
    if inspect.isclass(value) and issubclass(value, Struct | StrEnum) and value is not Item
]
UNIONS: dict[str, Any] = {
    name: value
    for name, value in vars(protocol).items()
    if get_origin(value) in (Union, UnionType) and name != "OneOrMany"
}
KINDS = {**{cls.__name__: cls for cls in CLASSES}, **UNIONS, "Item[MarketEvent]": Item[MarketEvent]}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
COUNTS = st.integers(0, 3) | st.integers(0, U64_MAX)
NAMES = st.sampled_from(EXCHANGES) | st.sampled_from(["nasdaq", "my_venue"])
DECIMALS = st.builds(
    lambda mantissa, scale: Decimal(mantissa).scaleb(-scale) if mantissa else Decimal(0),
    st.integers(-(10**28) + 1, 10**28 - 1),
    st.integers(0, 28),
)
TIMES = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 10).map(lambda k: k * 500_000_000)
LEAVES = {str: TEXTS, bool: st.booleans(), int: COUNTS, Decimal: DECIMALS}
LEAVES[float] = st.floats(allow_nan=False, allow_infinity=False)
CODECS = {
    "TimeCodec": TIMES,
    "KeyCodec": COUNTS | TEXTS,
    "ExchangeKeyCodec": COUNTS | NAMES,
    "ExchangeCodec": NAMES,
    "IntervalCodec": st.none() | st.integers(0, 1 << 62),
    "FeeAssetCodec": st.none() | COUNTS | TEXTS,
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in LEAVES:
        return LEAVES[kind]
    if origin is Annotated and isinstance(arguments[1], Tag):
        return values(arguments[0])
    if origin is Annotated and isinstance(arguments[1], Many):
        return st.one_of(*[values(part) for part in get_args(arguments[0])])
    if origin is Annotated:
        return CODECS[type(arguments[1]).__name__]
    if origin in (Union, UnionType):
        return st.one_of(*[st.none() if part is NoneType else values(part) for part in arguments])
    if origin in (tuple, Sequence):
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    cls = origin or kind
    if issubclass(cls, StrEnum):
        return st.sampled_from(cls)
    bound = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    hints = get_type_hints(cls, include_extras=True)
    fields = {name: hints[name] for name in cls.__struct_fields__}
    return st.builds(cls, **{n: values(bound[h] if isinstance(h, TypeVar) else h) for n, h in fields.items()})
