"""Reading JSON quickly: what msgspec decodes in one go, where that is surely what the codecs would read.

Of each codec there is a type that msgspec decodes into, which takes no more than the codec does, and what turns that
into the codec's value. A codec that is not known here reads its own part of the text, as ever. What is in doubt, and
all that is wrong, is left to the codecs, which know every spelling that Barter reads, and where a fault is.

msgspec keeps the last of two equal keys. Written again such a document has fewer quotation marks than were read, as
long as no text hides one behind a backslash; that is how equal keys are found without looking at each key in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

Form: TypeAlias = Callable[[str], str]
"""From the source of what was decoded to that of the value: both are expressions."""
Plan: TypeAlias = tuple[Any, Form | None]
"""A type for msgspec, and how the value is made of what it decodes: None where that is the value."""
Reader: TypeAlias = tuple[bytes, bytes, slice, Callable[[bytes], Any], Callable[[Any], bytes], Callable[[Any], Any]]
"""How a text opens and closes, where the rest is; what decodes it, writes that again, and makes the value of it."""

_KEPT = 1_000  # kinds
_readers: dict[int, tuple[Any, list[Reader]]] = {}


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
        raw = text.encode() if isinstance(text, str) else text
        for opening, closing, rest, decode, encode, turn in (_readers.get(id(kind)) or _readers_of(kind))[1]:
            if raw.startswith(opening) and raw.endswith(closing):
                inner = raw[rest]
                found = decode(inner)
                again = encode(found)
                if again != inner and (b"\\" in inner or again.count(b'"') != inner.count(b'"')):
                    raise InDoubt
                return turn(found)
        raise InDoubt
    except (msgspec.MsgspecError, Fault, ProtocolError, ValueError, RecursionError) as error:
        raise InDoubt from error


def _readers_of(kind: Any) -> tuple[Any, list[Reader]]:
    """Its readers, from now on kept by its identity, as unions hash slowly."""
    if len(_readers) == _KEPT:
        _readers.clear()
    _readers[id(kind)] = found = kind, _made(kind)
    return found


@cache
def _made(kind: Any) -> list[Reader]:
    """Of what comes most, without what it is wrapped in; then of the whole."""
    codec, names = codec_of(kind), _Names()
    ways = [way for way in _unwrapped(codec, names) if type(way[2]) is Fields]
    ways.insert(0, (b"", b"", codec, str))
    return [_reader(*way, names) for way in reversed(ways)]


def _reader(opening: bytes, closing: bytes, codec: Codec, wrap: Form, names: _Names) -> Reader:
    decoded, form = _plan(codec, names)
    turn = names.function(lambda found: wrap(form(found) if form else found))
    rest = slice(len(opening), -len(closing) or None)
    return opening, closing, rest, msgspec.json.Decoder(decoded).decode, msgspec.json.Encoder().encode, turn


def _unwrapped(codec: Codec, names: _Names) -> Iterator[tuple[bytes, bytes, Codec, Form]]:
    """What variants hold that hold one thing, down to what is none: how it opens and closes as it is mostly written."""
    if not isinstance(codec, Tagged):
        yield b"", b"", codec, str
        return
    for tag, member in codec.members.items():
        content = member.content
        if isinstance(content, Positional) and len(content.codecs) == 1:
            for opening, closing, inner, wrap in _unwrapped(content.codecs[0], names):
                yield f'{{"{tag}":'.encode() + opening, closing + b"}", inner, _around(names.of(content.cls), wrap)


def _around(cls: str, wrap: Form) -> Form:
    return lambda found: f"{cls}({wrap(found)})"


class _Names:
    """What expressions refer to."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {"UNSET": UNSET}

    def of(self, value: Any) -> str:
        """A name of a value."""
        name = f"_{len(self._known)}"
        self._known[name] = value
        return name

    def function(self, form: Form) -> Callable[[Any], Any]:
        """The function of what was decoded that gives the value."""
        made: Callable[[Any], Any] = eval(f"lambda found: {form('found')}", self._known)
        return made

    def call(self, function: Callable[[Any], Any]) -> Form:
        """Of what was decoded, what a function makes of it."""
        name = self.of(function)
        return lambda found: f"{name}({found})"


def _plan(codec: Codec, names: _Names) -> Plan:
    known = _PLANS.get(type(codec))
    return known(codec, names) if known else _plan_unknown(codec, names)


def _plan_unknown(codec: Codec, names: _Names) -> Plan:
    return Raw, names.call(lambda raw: codec.read(parse(bytes(raw))))


def _plan_key(codec: KeyCodec, names: _Names) -> Plan:
    """A name is taken as it is, of an index it is seen whether it can be."""
    read = names.of(codec.read)
    return int | str, lambda found: f"({found} if {found}.__class__ is str else {read}({found}))"


def _plan_array(codec: Array, names: _Names) -> Plan:
    decoded, form = _plan(codec.item, names)
    each: Any = tuple[decoded, ...]  # type: ignore[valid-type]
    return each, form and (lambda found: f"tuple([{form('one')} for one in {found}])")


def _plan_nullable(codec: Nullable, names: _Names) -> Plan:
    decoded, form = _plan(codec.item, names)
    if decoded is Raw:
        return _plan_unknown(codec, names)
    return decoded | None, form and (lambda found: f"(None if {found} is None else {form(found)})")


def _plan_fields(codec: Fields, names: _Names) -> Plan:
    """A struct like the class, of which only what is omitted may be missing; the class where it is as it decodes."""
    if not codec.omitted and all(type(one) in (Text, Float, Flag, Choice) for one in codec.fields.values()):
        return codec.cls, None
    plans = {name: _omitted(codec, name, _plan(one, names), names) for name, one in codec.fields.items()}
    fields: list[Any] = [
        (name, decoded, UNSET) if name in codec.omitted else (name, decoded) for name, (decoded, _) in plans.items()
    ]
    like, cls = msgspec.defstruct(codec.cls.__name__, fields, forbid_unknown_fields=True, gc=False), names.of(codec.cls)

    def form(found: str) -> str:
        parts = (part(f"{found}.{name}") if part else f"{found}.{name}" for name, (_, part) in plans.items())
        return f"{cls}({', '.join(parts)})"

    return like, form


def _omitted(codec: Fields, name: str, plan: Plan, names: _Names) -> Plan:
    """That of a field which may be missing: then it has its default."""
    if name not in codec.omitted:
        return plan
    (decoded, form), default = plan, names.of(codec.omitted[name])
    return decoded | UnsetType, lambda found: f"({default} if {found} is UNSET else {form(found) if form else found})"


def _plan_tagged(codec: Tagged, names: _Names) -> Plan:
    """A struct with a field for each variant, of which one is set; text for those that hold nothing."""
    members = {tag: _plan(member.content, names) for tag, member in codec.members.items() if not member.bare}
    read, doubt = names.of(codec.read), names.of(_doubt)
    if not members:
        return str, lambda found: f"{read}({found})"
    fields = [(tag, decoded, UNSET) for tag, (decoded, _) in members.items()]
    variants: Any = msgspec.defstruct("Variants", fields, forbid_unknown_fields=True, gc=False)
    has_bare = len(members) < len(codec.members)

    def form(found: str) -> str:
        source = f"{read}({found}) if {found}.__class__ is str else " if has_bare else ""
        for tag, (_, part) in members.items():
            value, others = f"{found}.{tag}", [f"{found}.{other}" for other in members if other != tag]
            alone = f"{value} is not UNSET" + (f" and {' is '.join([*others, 'UNSET'])}" if others else "")
            source += f"{part(value) if part else value} if {alone} else "
        return f"({source}{doubt}())"

    apart = names.call(names.function(form))
    return variants | str if has_bare else variants, lambda found: (form if found.isidentifier() else apart)(found)


def _doubt() -> Any:
    raise InDoubt


def _plan_positional(codec: Positional, names: _Names) -> Plan:
    if len(codec.codecs) > 1:
        return _plan_unknown(codec, names)
    decoded, form = _plan(codec.codecs[0], names)
    cls = names.of(codec.cls)
    return decoded, lambda found: f"{cls}({form(found) if form else found})"


_PLANS: dict[type, Callable[[Any, _Names], Plan]] = {
    Text: lambda codec, names: (str, None),
    Flag: lambda codec, names: (bool, None),
    Float: lambda codec, names: (float, None),
    Count: lambda codec, names: (int, names.call(codec.read)),
    Exact: lambda codec, names: (str, names.call(codec.read)),
    TimeCodec: lambda codec, names: (str, names.call(parse_time)),
    KeyCodec: _plan_key,
    ExchangeKeyCodec: lambda codec, names: (int | str, names.call(codec.read)),
    FeeAssetCodec: lambda codec, names: (int | str | None, names.call(codec.read)),
    ExchangeCodec: lambda codec, names: (str, names.call(known_exchange)),
    Choice: lambda codec, names: (codec.cls, None),
    Null: lambda codec, names: (None, names.call(codec.read)),
    Array: _plan_array,
    Nullable: _plan_nullable,
    Fields: _plan_fields,
    Tagged: _plan_tagged,
    Positional: _plan_positional,
}
