"""From values to documents and back: one table of codecs, made from the types' own annotations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from barter_bt.protocol.container import Array, Choice, Codec, Keyed, Nullable
from barter_bt.protocol.content import Fields, Null, Positional
from barter_bt.protocol.fault import Fault
from barter_bt.protocol.scalar import Count, Exact, Flag, Float, Text
from barter_bt.protocol.shape import Many, Named, Struct, Tag, Variant
from barter_bt.protocol.tagged import Member, OneOrManyCodec, Tagged

_LEAVES: dict[Any, Codec] = {str: Text(), bool: Flag(), int: Count(), float: Float(), Decimal: Exact()}


def to_dict(value: Any, kind: Any = None, root: str = "$") -> Any:
    """The JSON document of a value, as Python objects.

    Parameters
    ----------
    value
        A value of one of this room's types.
    kind
        The type as which it is written, where it may be more than one: a ``PublicTrade`` by itself is an object, as a
        ``DataKind`` it is ``{"Trade": {...}}``. Its class by default.
    root
        What errors call the whole document.

    Examples
    --------
    >>> from barter_bt.protocol import AssetFees, Cancelled, InactiveOrderState
    >>> to_dict(AssetFees(None, Decimal("0.10")))
    {'asset': None, 'fees': '0.10'}
    >>> to_dict(Cancelled("7", 0), InactiveOrderState)
    {'Cancelled': {'id': '7', 'time_exchange': '1970-01-01T00:00:00Z'}}
    """
    try:
        return codec_of(type(value) if kind is None else kind).write(value)
    except Fault as fault:
        raise fault.error(root) from None


def from_dict(kind: Any, document: Any, root: str = "$") -> Any:
    """The value of a JSON document.

    Parameters
    ----------
    kind
        A class of this room, or a union of them such as ``EngineEvent``.
    document
        What a JSON reader makes of the text.
    root
        What errors call the whole document.

    Raises
    ------
    ProtocolError
        If the document is not of that type: with the path, the value, what is allowed, and the nearest known name.

    Examples
    --------
    >>> from barter_bt.protocol import AssetFees, OrderState
    >>> from_dict(AssetFees, {"asset": "usdt", "fees": "0.10"})
    AssetFees(asset='usdt', fees=Decimal('0.10'))
    >>> from_dict(OrderState, {"Inactive": "Expird"})
    Traceback (most recent call last):
        ...
    barter_bt.protocol.fault.ProtocolError: $.Inactive: unknown variant, expected one of 'Cancelled', 'FullyFilled', \
'OpenFailed', 'Expired', found 'Expird'
    Hint: did you mean 'Expired'?
    """
    try:
        return codec_of(kind).read(document)
    except Fault as fault:
        raise fault.error(root) from None


def codec_of(kind: Any) -> Codec:
    """The codec of a type, made once.

    Examples
    --------
    >>> codec_of(tuple[int, ...]).read([1, 2])
    (1, 2)
    """
    return _made(kind)


@cache
def _made(kind: Any) -> Codec:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _LEAVES:
        return _LEAVES[kind]
    if origin is Annotated:
        return _annotated(kind, arguments[1:])
    if origin in (Union, UnionType):
        rest = tuple(part for part in arguments if part is not NoneType)
        inner = codec_of(rest[0]) if len(rest) == 1 else Tagged([_member(part) for part in rest])
        return Nullable(inner) if len(rest) < len(arguments) else inner
    if origin in (tuple, Sequence):
        return Array(codec_of(arguments[0]))
    if origin is dict:
        return Keyed(None if arguments[0] is str else codec_of(arguments[0]), codec_of(arguments[1]))
    cls = origin or kind
    if isinstance(cls, type) and issubclass(cls, StrEnum):
        return Choice(cls)
    if isinstance(cls, type) and issubclass(cls, Variant):
        return Tagged([_member(kind)])
    if isinstance(cls, type) and issubclass(cls, Struct):
        return _content(kind)
    if isinstance(kind, TypeVar):
        return _Open()
    raise Fault("expected one of the protocol's types", kind)


def _annotated(kind: Any, marks: tuple[Any, ...]) -> Codec:
    """A codec of its own where there is one; a tag means something in a union only."""
    if isinstance(marks[0], Many):
        (many,) = (part for part in get_args(get_args(kind)[0]) if get_origin(part) is tuple)
        return OneOrManyCodec(codec_of(get_args(many)[0]))
    if isinstance(marks[0], Tag):
        return Tagged([_member(kind)])
    codec: Codec = marks[0]
    return codec


def _member(kind: Any) -> Member:
    """A part of a union as a variant."""
    if get_origin(kind) is Annotated:
        inner, tag = get_args(kind)
        return Member(tag.name, codec_of(inner), _classes(inner))
    cls = get_origin(kind) or kind
    tag = cls.TAG if issubclass(cls, Variant) else ""
    return Member(tag or cls.__name__, _content(kind), (cls,))


def _classes(kind: Any) -> tuple[type[Struct], ...]:
    """The classes whose values a type takes."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(cls for part in get_args(kind) for cls in _classes(part))
    if get_origin(kind) is Annotated:
        return _classes(get_args(kind)[0])
    return (get_origin(kind) or kind,)


def _content(kind: Any) -> Codec:
    """What a class holds, without its name."""
    cls: type[Struct] = get_origin(kind) or kind
    bound = dict(zip(getattr(cls, "__parameters__", ()), get_args(kind), strict=False))
    hints = get_type_hints(cls, include_extras=True)
    fields = {name: codec_of(bound.get(hints[name], hints[name])) for name in cls.__struct_fields__}
    if issubclass(cls, Variant) and not issubclass(cls, Named):
        return Positional(cls, fields) if fields else Null(cls)
    return Fields(cls, fields, frozenset(getattr(cls, "IGNORED", ())), getattr(cls, "OMITTED", ()))


class _Open:
    """What a generic class holds where nobody said what: written as its own class, not to be read."""

    def read(self, value: Any) -> Any:
        raise Fault("the type of what it holds is open: ask for Item[MarketEvent] or Item[AccountEvent]", value)

    def write(self, value: Any) -> Any:
        return codec_of(type(value)).write(value)
