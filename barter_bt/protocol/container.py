"""Codecs of what holds other values: arrays, options, enums of names. Each adds its step to a fault's path."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from barter_bt.protocol.fault import Fault, unknown
from barter_bt.protocol.levels import Levels


class Codec(Protocol):
    """Reads what a JSON document holds into a value, and writes it."""

    def read(self, value: Any) -> Any:
        """The value of a part of a document; a :class:`Fault` says what is wrong."""

    def write(self, value: Any) -> Any:
        """The part of a document for a value."""


class Array:
    """A tuple as an array.

    Parameters
    ----------
    item
        Codec of each.

    Examples
    --------
    >>> from barter_bt.protocol.scalar import Count
    >>> Array(Count()).read([1, 2])
    (1, 2)
    """

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, value: Any) -> tuple[Any, ...]:
        """The tuple of an array."""
        if not isinstance(value, list):
            raise Fault("expected an array", value)
        return tuple(each(value, [self.item.read] * len(value)))

    def write(self, value: Any) -> list[Any]:
        """The array of a tuple."""
        if not isinstance(value, tuple | Levels):
            raise Fault("expected a tuple", value)
        return each(value, [self.item.write] * len(value))


def each(values: Any, turn: list[Callable[[Any], Any]]) -> list[Any]:
    """Each value turned, with its index in the path of a fault.

    Examples
    --------
    >>> each([1, 2], [str, float])
    ['1', 2.0]
    """
    done: list[Any] = []
    for value, function in zip(values, turn, strict=True):
        try:
            done.append(function(value))
        except Fault as fault:
            raise fault.at(f"[{len(done)}]") from None
    return done


class Keyed:
    """A dict as an object, or as an array of pairs where its keys are no text.

    Parameters
    ----------
    key, item
        Codecs of the keys, None for text, and of the values.

    Examples
    --------
    >>> from barter_bt.protocol.scalar import Count
    >>> Keyed(None, Count()).write({"a": 1}), Keyed(Count(), Count()).write({1: 2})
    ({'a': 1}, [[1, 2]])
    """

    def __init__(self, key: Codec | None, item: Codec) -> None:
        self.key, self.item = key, item

    def read(self, value: Any) -> dict[Any, Any]:
        """The dict of an object or of pairs."""
        if self.key is None:
            if not isinstance(value, dict):
                raise Fault("expected an object", value)
            return {name: self._at(name, self.item.read, part) for name, part in value.items()}
        if not isinstance(value, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in value):
            raise Fault("expected an array of pairs", value)
        keys = each([pair[0] for pair in value], [self.key.read] * len(value))
        return dict(zip(keys, each([pair[1] for pair in value], [self.item.read] * len(value)), strict=True))

    def write(self, value: Any) -> Any:
        """The object or the pairs of a dict."""
        if not isinstance(value, dict):
            raise Fault("expected a dict", value)
        if self.key is None:
            return {name: self._at(name, self.item.write, part) for name, part in value.items()}
        return [[self.key.write(key), self.item.write(part)] for key, part in value.items()]

    @staticmethod
    def _at(name: str, turn: Callable[[Any], Any], part: Any) -> Any:
        try:
            return turn(part)
        except Fault as fault:
            raise fault.at(f".{name}") from None


class Nullable:
    """A value or null.

    Parameters
    ----------
    item
        Codec of the value.

    Examples
    --------
    >>> from barter_bt.protocol.scalar import Count
    >>> Nullable(Count()).read(None) is None
    True
    """

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, value: Any) -> Any:
        """The value, or None."""
        return None if value is None else self.item.read(value)

    def write(self, value: Any) -> Any:
        """The value's document, or null."""
        return None if value is None else self.item.write(value)


class Choice:
    """An enum of names only.

    Parameters
    ----------
    cls
        The enum.

    Examples
    --------
    >>> from barter_bt.protocol import Side
    >>> Choice(Side).read("b")
    <Side.BUY: 'Buy'>
    """

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
