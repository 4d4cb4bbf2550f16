"""Codecs of what a class holds: fields by name, fields by position, nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from barter_bt.protocol.container import Codec, Nullable, each
from barter_bt.protocol.fault import Fault, unknown
from barter_bt.protocol.shape import Struct


class Fields:
    """A struct as an object: every field by name, none unknown; left out may be an option, and what has a default.

    Parameters
    ----------
    cls, fields
        The class, and the codecs of its fields.
    ignored
        Fields that may stand in the document and mean nothing.
    omitted
        Fields, not Barter's, that are left out of a document where they have their default.

    Examples
    --------
    >>> from barter_bt.protocol import Balance
    >>> from barter_bt.protocol.scalar import Exact
    >>> Fields(Balance, {"total": Exact(), "free": Exact()}, frozenset()).read({"total": "2", "free": "1"})
    Balance(total=Decimal('2'), free=Decimal('1'))
    """

    def __init__(
        self, cls: type[Struct], fields: dict[str, Codec], ignored: frozenset[str], omitted: Iterable[str] = ()
    ) -> None:
        self.cls, self.fields, self.ignored = cls, fields, ignored
        defaults = len(cls.__struct_defaults__)
        with_default = cls.__struct_fields__[-defaults:] if defaults else ()
        values = dict(zip(with_default, cls.__struct_defaults__, strict=True))
        self.omitted = {name: values[name] for name in omitted}
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
            given = getattr(value, name)
            if name in self.omitted and given == self.omitted[name]:
                continue
            try:
                written[name] = codec.write(given)
            except Fault as fault:
                raise fault.at(f".{name}") from None
        return written


class Null:
    """A struct or variant without fields: null.

    Parameters
    ----------
    cls
        The class.

    Examples
    --------
    >>> from barter_bt.protocol import Expired
    >>> Null(Expired).read(None)
    Expired()
    """

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
    """The fields of a variant without their names: a single one as it is, several as an array.

    Parameters
    ----------
    cls, fields
        The class, and the codecs of its fields.

    Examples
    --------
    >>> from barter_bt.protocol import Socket
    >>> from barter_bt.protocol.scalar import Text
    >>> Positional(Socket, {"message": Text()}).read("closed")
    Socket(message='closed')
    """

    def __init__(self, cls: type[Struct], fields: dict[str, Codec]) -> None:
        self.cls, self.names, self.codecs = cls, tuple(fields), tuple(fields.values())

    def read(self, value: Any) -> Struct:
        """The variant of its content."""
        if len(self.codecs) == 1:
            return self.cls(self.codecs[0].read(value))
        if not isinstance(value, list) or len(value) != len(self.codecs):
            raise Fault(f"expected an array of {len(self.codecs)}: {', '.join(self.names)}", value)
        return self.cls(*each(value, [codec.read for codec in self.codecs]))

    def write(self, value: Any) -> Any:
        """The content of a variant."""
        content = [getattr(value, name) for name in self.names]
        if len(content) == 1:
            return self.codecs[0].write(content[0])
        return each(content, [codec.write for codec in self.codecs])
