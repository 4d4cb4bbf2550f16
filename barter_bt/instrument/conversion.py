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
    neighbours: dict[str, list[tuple[str, Leg]]] = {}
    for i, one in enumerate(index.instruments):
        if not one.is_derivative:
            neighbours.setdefault(one.quote, []).append((one.base, Leg(i, divides=False)))
            neighbours.setdefault(one.base, []).append((one.quote, Leg(i, divides=True)))
    for number, (base, quote) in enumerate(pairs):
        neighbours.setdefault(quote, []).append((base, Leg(-1, divides=False, pair=number)))
        neighbours.setdefault(base, []).append((quote, Leg(-1, divides=True, pair=number)))
    reached = [index.assets[asset][1]]
    legs: dict[str, Leg] = {}
    for name in reached:  # grows
        for far, leg in neighbours.get(name, ()):
            if far not in legs and far != reached[0]:
                legs[far] = leg
                reached.append(far)
    return legs
