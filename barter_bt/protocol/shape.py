"""The four shapes that Rust's values have, as base classes: what a class is made of says how its document looks.

=================================  =========================================  ==============================
Rust                               here                                       document
=================================  =========================================  ==============================
``struct Level { price, amount }`` :class:`Struct`                            ``{"price": "1", "amount": "2"}``
``Enum::RateLimit``                :class:`Variant` without fields            ``"RateLimit"``
``Enum::Socket(text)``             :class:`Variant` with one field            ``{"Socket": "text"}``
``Enum::AssetInvalid(key, text)``  :class:`Variant` with more fields          ``{"AssetInvalid": [0, "text"]}``
``Enum::Case { flag }``            :class:`Named`                             ``{"Case": {"flag": true}}``
``Enum::Open(Unit)``               :class:`Marker`                            ``{"Open": null}``
``Enum::Trade(PublicTrade)``       ``Annotated[PublicTrade, Tag("Trade")]``   ``{"Trade": {...}}``
=================================  =========================================  ==============================

An enum is the union of its variants. Where a variant holds a struct, or another enum, the union holds that itself,
under its :class:`Tag`: ``MarketEvent(kind=PublicTrade(...))``, not ``kind=Trade(PublicTrade(...))``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of named fields; immutable, equal by value.

    Examples
    --------
    >>> class Level(Struct, frozen=True):
    ...     price: int
    >>> Level(1) == Level(price=1)
    True
    """


class Variant(Struct, frozen=True):
    """A variant of an enum; its document names it, by ``TAG`` or else by the name of the class.

    Examples
    --------
    >>> class NoFilter(Variant, frozen=True):
    ...     TAG = "None"
    >>> from barter_bt.protocol.codec import to_dict
    >>> to_dict(NoFilter())
    'None'
    """

    TAG: ClassVar[str] = ""


class Named(Variant, frozen=True):
    """A variant with named fields.

    Examples
    --------
    >>> class Window(Named, frozen=True):
    ...     first: int
    >>> from barter_bt.protocol.codec import to_dict
    >>> to_dict(Window(3))
    {'Window': {'first': 3}}
    """


class Marker(Variant, frozen=True):
    """A variant that holds a struct without fields, which Barter writes as null.

    Examples
    --------
    >>> class Shutdown(Marker, frozen=True): ...
    >>> from barter_bt.protocol.codec import to_dict
    >>> to_dict(Shutdown())
    {'Shutdown': None}
    """


class Tag:
    """Name of the variant that holds a struct or an enum, for ``Annotated``.

    Parameters
    ----------
    name
        Barter's name of the variant.

    Examples
    --------
    >>> Tag("Trade").name
    'Trade'
    """

    def __init__(self, name: str) -> None:
        self.name = name


class Many:
    """Marks a union of one value and a tuple of several, in ``Annotated``.

    Examples
    --------
    >>> from barter_bt.protocol.codec import to_dict
    >>> to_dict((1, 2), OneOrMany[int]), to_dict(1, OneOrMany[int])
    ({'Many': [1, 2]}, {'One': 1})
    """


OneOrMany: TypeAlias = Annotated[T | tuple[T, ...], Many()]
"""One value, or a tuple of any number."""
