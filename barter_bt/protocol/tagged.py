"""Enums whose variants hold something: an object with the variant's name as its only key, or the name alone."""

from __future__ import annotations

from typing import Any, NamedTuple

from barter_bt.protocol.container import Array, Codec
from barter_bt.protocol.content import Null
from barter_bt.protocol.fault import Fault, unknown
from barter_bt.protocol.shape import Marker, Struct


class Member(NamedTuple):
    """One variant: its name, what it holds, and the classes whose values it takes.

    Parameters
    ----------
    tag
        Barter's name.
    content
        Codec of what stands under the name.
    classes
        Classes of the values.

    Examples
    --------
    >>> from barter_bt.protocol import Expired
    >>> Member("Expired", Null(Expired), (Expired,)).bare
    True
    """

    tag: str
    content: Codec
    classes: tuple[type[Struct], ...]

    @property
    def bare(self) -> bool:
        """Whether the document is the name alone."""
        return isinstance(self.content, Null) and not issubclass(self.content.cls, Marker)


class Tagged:
    """An enum, externally tagged.

    Parameters
    ----------
    members
        The variants.

    Examples
    --------
    >>> from barter_bt.protocol import Expired
    >>> Tagged([Member("Expired", Null(Expired), (Expired,))]).write(Expired())
    'Expired'
    """

    def __init__(self, members: list[Member]) -> None:
        self.members = {member.tag: member for member in members}
        self.by_class = {cls: member for member in members for cls in member.classes}

    def read(self, value: Any) -> Any:
        """The value of ``"Name"`` or ``{"Name": content}``."""
        if isinstance(value, str):
            member = self._member(value)
            if not member.bare:
                raise Fault(f"variant {value!r} holds a value, expected {{{value!r}: ...}}", value)
            return member.content.read(None)
        if not isinstance(value, dict) or len(value) != 1:
            raise Fault(f"expected an object with one key of {', '.join(map(repr, self.members))}", value)
        ((tag, content),) = value.items()
        member = self._member(tag)
        try:
            return member.content.read(content)
        except Fault as fault:
            raise fault.at(f".{tag}") from None

    def _member(self, tag: str) -> Member:
        if tag not in self.members:
            raise unknown("variant", str(tag), self.members)
        return self.members[tag]

    def write(self, value: Any) -> Any:
        """The document of a value, by its class."""
        member = self.by_class.get(type(value))
        if member is None:
            names = ", ".join(cls.__name__ for cls in self.by_class)
            raise Fault(f"expected a value of {names}", value)
        if member.bare:
            return member.tag
        try:
            return {member.tag: member.content.write(value)}
        except Fault as fault:
            raise fault.at(f".{member.tag}") from None


class OneOrManyCodec:
    """``{"One": value}`` for a value, ``{"Many": [...]}`` for a tuple.

    Parameters
    ----------
    item
        Codec of each.

    Examples
    --------
    >>> from barter_bt.protocol.scalar import Count
    >>> OneOrManyCodec(Count()).write(1)
    {'One': 1}
    """

    def __init__(self, item: Codec) -> None:
        self.item, self.many = item, Array(item)

    def read(self, value: Any) -> Any:
        """A value, or a tuple of values."""
        if not isinstance(value, dict) or len(value) != 1:
            raise Fault("expected an object with one key of 'One', 'Many'", value)
        ((tag, content),) = value.items()
        if tag not in ("One", "Many"):
            raise unknown("variant", str(tag), ("One", "Many"))
        try:
            return self.item.read(content) if tag == "One" else self.many.read(content)
        except Fault as fault:
            raise fault.at(f".{tag}") from None

    def write(self, value: Any) -> dict[str, Any]:
        """The document, of a tuple or of anything else."""
        tag, codec = ("Many", self.many) if isinstance(value, tuple) else ("One", self.item)
        try:
            return {tag: codec.write(value)}
        except Fault as fault:
            raise fault.at(f".{tag}") from None
