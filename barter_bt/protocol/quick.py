"""Reading JSON quickly: what msgspec decodes in one go, where that is surely what the codecs would read.

Of each codec there is a type that msgspec decodes into, which takes no more than the codec does, and what turns that
into the codec's value. A codec that is not known here reads its own part of the text, as ever. What is in doubt, and
all that is wrong, is left to the codecs, which know every spelling that Barter reads, and where a fault is.

msgspec keeps the last of two equal keys. Written again such a document has fewer quotation marks than were read, as
long as no text hides one behind a backslash; that is how equal keys are found without looking at each key in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from barter_bt.protocol.codec import codec_of
from barter_bt.protocol.container import Array, Choice, Codec, Nullable
from barter_bt.protocol.content import Fields, Null, Positional
from barter_bt.protocol.document import parse
from barter_bt.protocol.fault import Fault, ProtocolError
from barter_bt.protocol.keys import ExchangeCodec, ExchangeKeyCodec, FeeAssetCodec, KeyCodec, known_exchange
from barter_bt.protocol.scalar import Count, Exact, Flag, Float, Text
from barter_bt.protocol.tagged import Tagged
from barter_bt.protocol.time import TimeCodec, parse_time

Turn: TypeAlias = Callable[[Any], Any]
Plan: TypeAlias = tuple[Any, Turn | None]
"""A type for msgspec, and what makes the value of what it decodes: None where that is the value."""


class InDoubt(Exception):
    """It is for the codecs to say what this is."""


def read_quickly(kind: Any, text: str | bytes) -> Any:
    """The value of a JSON text, or :class:`InDoubt`.

    Examples
    --------
    >>> from barter_bt.protocol import PublicTrade
    >>> read_quickly(PublicTrade, '{"id":"1","price":9.5,"amount":2,"side":"Buy"}').amount
    2.0
    """
    try:
        decoder, encoder, turn = _reader(kind)
        found = decoder.decode(text)
        quotes = text.count('"') if isinstance(text, str) else text.count(b'"')
        escapes = "\\" in text if isinstance(text, str) else b"\\" in text
        if escapes or encoder.encode(found).count(b'"') != quotes:
            raise InDoubt
        return found if turn is None else turn(found)
    except (msgspec.MsgspecError, Fault, ProtocolError, ValueError, RecursionError) as error:
        raise InDoubt from error


@cache
def _reader(kind: Any) -> tuple[msgspec.json.Decoder[Any], msgspec.json.Encoder, Turn | None]:
    decoded, turn = _plan(codec_of(kind))
    return msgspec.json.Decoder(decoded), msgspec.json.Encoder(), turn


def _plan(codec: Codec) -> Plan:
    known = _PLANS.get(type(codec))
    return known(codec) if known else (Raw, lambda raw: codec.read(parse(bytes(raw))))


def _plan_array(codec: Array) -> Plan:
    decoded, turn = _plan(codec.item)
    each: Any = tuple[decoded, ...]  # type: ignore[valid-type]
    return each, None if turn is None else lambda values: tuple(map(turn, values))


def _plan_nullable(codec: Nullable) -> Plan:
    decoded, turn = _plan(codec.item)
    if decoded is Raw:
        return Raw, lambda raw: codec.read(parse(bytes(raw)))
    return decoded | None, turn and (lambda value: None if value is None else turn(value))


def _plan_fields(codec: Fields) -> Plan:
    """A struct like the class, of which only what is omitted may be missing; the class where it is as it decodes."""
    plans = {name: _omitted(codec, name, _plan(one)) for name, one in codec.fields.items()}
    if not codec.omitted and all(type(one) in (Text, Float, Flag, Choice) for one in codec.fields.values()):
        return codec.cls, None
    fields: list[Any] = [
        (name, plan[0], UNSET) if name in codec.omitted else (name, plan[0]) for name, plan in plans.items()
    ]
    like = msgspec.defstruct(codec.cls.__name__, fields, forbid_unknown_fields=True)
    cls, values = codec.cls, msgspec.structs.astuple
    turns = [(k, turn) for k, (_, turn) in enumerate(plans.values()) if turn]

    def turn(found: Any) -> Any:
        given = list(values(found))
        for k, chosen in turns:
            given[k] = chosen(given[k])
        return cls(*given)

    return like, turn


def _omitted(codec: Fields, name: str, plan: Plan) -> Plan:
    """That of a field which may be missing: then it has its default."""
    if name not in codec.omitted:
        return plan
    (decoded, turn), default = plan, codec.omitted[name]

    def chosen(value: Any) -> Any:
        if value is UNSET:
            return default
        return value if turn is None else turn(value)

    return decoded | UnsetType, chosen


def _plan_tagged(codec: Tagged) -> Plan:
    """A struct with a field for each variant, of which one is set; text for those that hold nothing."""
    members = {tag: _plan(member.content) for tag, member in codec.members.items() if not member.bare}
    if not members:
        return str, codec.read
    fields = [(tag, decoded, UNSET) for tag, (decoded, _) in members.items()]
    variants: Any = msgspec.defstruct("Variants", fields, forbid_unknown_fields=True)
    turns, others, values = [turn for _, turn in members.values()], len(members) - 1, msgspec.structs.astuple

    def turn(found: Any) -> Any:
        if isinstance(found, str):
            return codec.read(found)
        given = values(found)
        if given.count(UNSET) == others:
            for value, chosen in zip(given, turns, strict=True):
                if value is not UNSET:
                    return chosen(value) if chosen else value
        raise InDoubt

    return variants | str if len(members) < len(codec.members) else variants, turn


def _plan_positional(codec: Positional) -> Plan:
    if len(codec.codecs) > 1:
        return Raw, lambda raw: codec.read(parse(bytes(raw)))
    decoded, turn = _plan(codec.codecs[0])
    cls = codec.cls
    return decoded, cls if turn is None else lambda found: cls(turn(found))


_PLANS: dict[type, Callable[[Any], Plan]] = {
    Text: lambda codec: (str, None),
    Flag: lambda codec: (bool, None),
    Float: lambda codec: (float, None),
    Count: lambda codec: (int, codec.read),
    Exact: lambda codec: (str, codec.read),
    TimeCodec: lambda codec: (str, parse_time),
    KeyCodec: lambda codec: (int | str, codec.read),
    ExchangeKeyCodec: lambda codec: (int | str, codec.read),
    FeeAssetCodec: lambda codec: (int | str | None, codec.read),
    ExchangeCodec: lambda codec: (str, known_exchange),
    Choice: lambda codec: (codec.cls, None),
    Null: lambda codec: (None, codec.read),
    Array: _plan_array,
    Nullable: _plan_nullable,
    Fields: _plan_fields,
    Tagged: _plan_tagged,
    Positional: _plan_positional,
}
