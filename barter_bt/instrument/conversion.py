"""Which instruments lead from one asset to another (rule 24)."""

from __future__ import annotations

from typing import NamedTuple

from barter_bt.instrument.index import IndexedInstruments


class Leg(NamedTuple):
    """One step of a conversion: from base to quote by a price, or from quote to base, which divides by it."""

    instrument: int
    divides: bool


def conversion_legs(index: IndexedInstruments, asset: int) -> dict[str, Leg]:
    """The first leg of every asset name that leads to ``asset``, in as few legs as there can be.

    Breadth first, over spot instruments in both directions; of several legs at the same distance, that of the name
    reached first, then of the smallest instrument index.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> index = IndexedInstruments([Instrument("x", "btc_jpy"), Instrument("x", "usd_jpy")])
    >>> conversion_legs(index, index.asset("usd"))
    {'jpy': Leg(instrument=1, divides=True), 'btc': Leg(instrument=0, divides=False)}
    """
    neighbours: dict[str, list[tuple[str, Leg]]] = {}
    for i, one in enumerate(index.instruments):
        if not one.is_derivative:
            neighbours.setdefault(one.quote, []).append((one.base, Leg(i, divides=False)))
            neighbours.setdefault(one.base, []).append((one.quote, Leg(i, divides=True)))
    reached = [index.assets[asset][1]]
    legs: dict[str, Leg] = {}
    for name in reached:  # grows
        for far, leg in neighbours.get(name, ()):
            if far not in legs and far != reached[0]:
                legs[far] = leg
                reached.append(far)
    return legs
