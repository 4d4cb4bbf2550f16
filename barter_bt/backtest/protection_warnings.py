"""What protects an entry at a level that is hardly meant: beyond the market from the start, or out of its reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.term_warnings import names_of
from barter_bt.engine.order import BUY, MARKET, NO_TRIGGER
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments

_FAR = 10  # a stop loss of 0.05 dollars, where 5 % were meant, is further away than this factor


def protection_warnings(s: EngineState, index: IndexedInstruments) -> Iterator[str]:
    """Tell stops and targets that ended entries at the market at once, and stops that nothing reaches (rule 31)."""
    o = s.orders
    protects = (o.array("parent") >= 0) & (o.array("follows") == 0) & (o.array("reduce_only") == 1)
    rows = np.flatnonzero(protects & (o.array("trail") == 0) & (o.array("trail_rate") == 0))
    rows = rows[~np.isin(rows, s.amends.array("order"))]
    instrument, entry = o.array("instrument")[rows], o.array("parent")[rows]
    stop, target, market = o.array("trigger")[rows], o.array("price")[rows], o.array("price_sent")[entry]
    is_stop, known = stop > 0, (market > 0) & (s.terms.array("zero")[instrument] == 0)
    long = o.array("side")[entry] == BUY
    plain = (o.array("kind")[entry] == MARKET) & (o.array("trigger_kind")[entry] == NO_TRIGGER)
    plain &= (o.array("offset")[rows] == 0) & (o.array("offset_rate")[rows] == 0)
    losing, gaining = np.where(long, stop >= market, stop <= market), np.where(long, target <= market, target >= market)
    at_once = known & plain & np.where(is_stop, losing, (target > 0) & gaining)
    far = known & is_stop & np.where(long, stop * _FAR < market, stop > market * _FAR)
    yield from _told(
        index,
        instrument[at_once],
        "lay on the wrong side of the market when their entry was sent, and close it at once",
    )
    yield from _told(
        index,
        instrument[far],
        "are stops further from the market than a factor of ten: with protect_by='fraction' 0.05 is 5 %",
    )


def _told(index: IndexedInstruments, instruments: npt.NDArray[np.int64], what: str) -> Iterator[str]:
    if len(instruments):
        which = np.bincount(instruments, minlength=len(index)) > 0
        yield f"{len(instruments):,} order(s) that protect entries in {names_of(index, which)} {what}"
