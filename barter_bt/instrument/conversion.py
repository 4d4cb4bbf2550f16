"""Which instruments, or pairs with a rate of their own, lead from one asset to another (rules 24 and 74)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from barter_bt.instrument.index import IndexedInstruments


class Leg(NamedTuple):
    """One step of a conversion: from base to quote by a price, or from quote to base, which divides by it.

    It is that of an instrument, or of one of the pairs; the other is -1.
    """

    instrument: int
    divides: bool
    pair: int = -1


def conversion_legs(index: IndexedInstruments, asset: int, pairs: Sequence[tuple[str, str]] = ()) -> dict[str, Leg]:
    """The first leg of every asset name that leads to ``asset``, in as few legs as there can be.

    Breadth first, over spot instruments in both directions; of several legs at the same distance, that of the name
    reached first, then of the smallest instrument index, then of the first of the ``pairs``, of base and quote.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> index = IndexedInstruments([Instrument("x", "btc_jpy"), Instrument("x", "usd_jpy")])
    >>> conversion_legs(index, index.asset("usd"))
    {'jpy': Leg(instrument=1, divides=True, pair=-1), 'btc': Leg(instrument=0, divides=False, pair=-1)}
    """
    found = index.legs.get((asset, *pairs))
    if found is None:
        found = index.legs[(asset, *pairs)] = _legs(index, asset, pairs)
    return dict(found)


def _legs(index: IndexedInstruments, asset: int, pairs: Sequence[tuple[str, str]]) -> dict[str, Leg]:
    sides = [(i, one.base, one.quote) for i, one in enumerate(index.instruments) if not one.is_derivative]
    sides += [(~number, base, quote) for number, (base, quote) in enumerate(pairs)]  # below 0: that of a pair
    neighbours: dict[str, list[int]] = {}
    for place, (_, base, quote) in enumerate(sides):
        neighbours.setdefault(quote, []).append(place)
        neighbours.setdefault(base, []).append(place)
    reached = [index.assets[asset][1]]
    legs: dict[str, Leg] = {}
    for name in reached:  # grows
        for place in neighbours.get(name, ()):
            i, base, quote = sides[place]
            divides = name == base
            far = quote if divides else base
            if far not in legs and far != reached[0]:
                legs[far] = Leg(i, divides) if i >= 0 else Leg(-1, divides, ~i)
                reached.append(far)
    return legs
