"""Codecs of what holds other values: structs, variants, lists, options. Each adds its step to a fault's path."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from barter_bt.protocol.fault import Fault, unknown
from barter_bt.protocol.shape import Struct


class Codec(Protocol):
    """Reads what a JSON document holds into a value, and writes it."""

    def read(self, value: Any) -> Any:
        """The value of a part of a document; a :class:`Fault` says what is wrong."""

    def write(self, value: Any) -> Any:
        """The part of a document for a value."""


class Fields:
    """A struct as an object: every field by name, none unknown; left out may be an option, and what has a default."""

    def __init__(self, cls: type[Struct], fields: dict[str, Codec], ignored: frozenset[str]) -> None:
        self.cls, self.fields, self.ignored = cls, fields, ignored
        defaults = len(cls.__struct_defaults__)
        with_default = cls.__struct_fields__[-defaults:] if defaults else ()
        self.options = {n: None for n, c in fields.items() if isinstance(c, Nullable) and n not in with_default}
        self.required = tuple(name for name in fields if name not in with_default and name not in self.options)

    def read(self, value: Any) -> Struct:
        """The struct of an object."""
        if not isinstance(value, dict):
            raise Fault(f"expected an object with {', '.join(self.fields)} ({self.cls.__name__})", value)
        for name in value:
            if name not in self.fields and name not in self.ignored:
                raise unknown("field", str(name), self.fields).at(f".{name}")
        for name in self.required:
            if name not in value:
                raise Fault(f"field {name!r} of {self.cls.__name__} is missing", value).at(f".{name}")
        found: dict[str, Any] = dict(self.options)
        for name, codec in self.fields.items():
            if name in value:
                try:
                    found[name] = codec.read(value[name])
                except Fault as fault:
                    raise fault.at(f".{name}") from None
        return self.cls(**found)

    def write(self, value: Any) -> dict[str, Any]:
        """The object of a struct, fields in the class's order."""
        if type(value) is not self.cls:
            raise Fault(f"expected a value of {self.cls.__name__}", value)
        written = {}
        for name, codec in self.fields.items():
            try:
                written[name] = codec.write(getattr(value, name))
            except Fault as fault:
                raise fault.at(f".{name}") from None
        return written


class Null:
    """A struct or variant without fields: null."""

    def __init__(self, cls: type[Struct]) -> None:
        self.cls = cls

    def read(self, value: Any) -> Struct:
        """The struct of null."""
        if value is not None:
            raise Fault(f"expected null ({self.cls.__name__} holds nothing)", value)
        return self.cls()

    def write(self, value: Any) -> None:
        """Null."""


class Positional:
    """The fields of a variant without their names: a single one as it is, several as an array."""

    def __init__(self, cls: type[Struct], fields: dict[str, Codec]) -> None:
        self.cls, self.names, self.codecs = cls, tuple(fields), tuple(fields.values())

    def read(self, value: Any) -> Struct:
        """The variant of its content."""
        if len(self.codecs) == 1:
            return self.cls(self.codecs[0].read(value))
        if not isinstance(value, list) or len(value) != len(self.codecs):
            raise Fault(f"expected an array of {len(self.codecs)}: {', '.join(self.names)}", value)
        return self.cls(*_each(value, [codec.read for codec in self.codecs]))

    def write(self, value: Any) -> Any:
        """The content of a variant."""
        content = [getattr(value, name) for name in self.names]
        if len(content) == 1:
            return self.codecs[0].write(content[0])
        return _each(content, [codec.write for codec in self.codecs])


class Array:
    """A tuple as an array."""

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, value: Any) -> tuple[Any, ...]:
        """The tuple of an array."""
        if not isinstance(value, list):
            raise Fault("expected an array", value)
        return tuple(_each(value, [self.item.read] * len(value)))

    def write(self, value: Any) -> list[Any]:
        """The array of a tuple."""
        if not isinstance(value, tuple):
            raise Fault("expected a tuple", value)
        return _each(value, [self.item.write] * len(value))


def _each(values: Any, turn: list[Callable[[Any], Any]]) -> list[Any]:
    """Each value turned, with its index in the path of a fault."""
    done: list[Any] = []
    for value, function in zip(values, turn, strict=True):
        try:
            done.append(function(value))
        except Fault as fault:
            raise fault.at(f"[{len(done)}]") from None
    return done


class Nullable:
    """A value or null."""

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, value: Any) -> Any:
        """The value, or None."""
        return None if value is None else self.item.read(value)

    def write(self, value: Any) -> Any:
        """The value's document, or null."""
        return None if value is None else self.item.write(value)


class Choice:
    """An enum of names only."""

    def __init__(self, cls: type[StrEnum]) -> None:
        self.cls = cls

    def read(self, value: Any) -> StrEnum:
        """The member of a name."""
        if isinstance(value, dict) and list(value.values()) == [None]:
            (value,) = value
        if not isinstance(value, str):
            raise Fault("expected one of " + ", ".join(map(repr, map(str, self.cls))), value)
        try:
            return self.cls(value)
        except ValueError:
            raise unknown(self.cls.__name__, value, map(str, self.cls)) from None

    def write(self, value: Any) -> str:
        """The name of a member."""
        if not isinstance(value, self.cls):
            raise Fault(f"expected a member of {self.cls.__name__}: {', '.join(self.cls)}", value)
        return str(value)
