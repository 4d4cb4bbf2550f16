"""What protects an entry at a level that is hardly meant: beyond the market or its own price, or out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.term_warnings import names_of
from barter_bt.data.moment import moment
from barter_bt.engine.order import BUY, INSTRUMENT_SPLIT, LIMIT, MARKET, NO_TRIGGER
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_FAR = 10  # a stop loss of 0.05 dollars, where 5 % were meant, is further away than this factor


class _Ends(NamedTuple):
    """Orders that protect entries and do not move: the instrument, the entry, a trigger or a limit, else 0."""

    instrument: Ints
    entry: Ints
    stop: Ints
    target: Ints
    long: Bools
    fixed: Bools  # given as a price, not as a distance

    def beyond(self, price: Ints) -> Bools:
        """Which are on the wrong side of a price, or at it."""
        stop, target, long = self.stop, self.target, self.long
        losing = np.where(long, stop >= price, stop <= price)
        gaining = np.where(long, target <= price, target >= price)
        return self.fixed & (price > 0) & np.where(stop > 0, losing, (target > 0) & gaining)


def protection_warnings(s: EngineState, index: IndexedInstruments, ticks: Sequence[Decimal]) -> Iterator[str]:
    """Tell stops and targets that end entries at once, are out of reach, or went with a split (rules 31, 45 and 60).

    ``ticks`` are the price increments of instruments.
    """
    yield from _split(s, index)
    o, ends = s.orders, _ends(s)
    if not len(ends.entry):
        return
    entry, stop, long, market = ends.entry, ends.stop, ends.long, o.array("price_sent")[ends.entry]
    market = np.where(s.terms.array("zero")[ends.instrument] == 0, market, 0)
    plain = (o.array("kind")[entry] == MARKET) & (o.array("trigger_kind")[entry] == NO_TRIGGER)
    yield from _told(
        index,
        ends.instrument[plain & ends.beyond(market)],
        "lay on the wrong side of the market when their entry was sent, and close it at once",
    )
    own = np.where(o.array("kind")[entry] == LIMIT, o.array("price")[entry], o.array("trigger")[entry])
    moves = (o.array("trail")[entry] > 0) | np.isin(entry, s.amends.array("order"))
    own = np.where(moves | (o.array("trail_rate")[entry] > 0), 0, own)
    wrong = ends.beyond(own)
    if wrong.any():
        yield from _told(
            index,
            ends.instrument[wrong],
            "lie on the wrong side of their entry's own price, and close it as soon as it fills; the first is "
            + _described(s, ends, own, int(np.argmax(wrong)), ticks),
        )
    far = (market > 0) & (stop > 0) & np.where(long, stop * _FAR < market, stop > market * _FAR)
    yield from _told(
        index,
        ends.instrument[far],
        "are stops further from the market than a factor of ten: with protect_by='fraction' 0.05 is 5 %",
    )


def _split(s: EngineState, index: IndexedInstruments) -> Iterator[str]:
    """What would have reduced a position, and was cancelled by a split, which leaves the position there."""
    o = s.orders
    gone = np.flatnonzero((o.array("reason") == INSTRUMENT_SPLIT) & (o.array("reduce_only") == 1))
    parent = o.array("parent")[gone]
    gone = gone[(parent < 0) | (o.array("filled")[parent] > 0)]
    if len(gone):
        which = np.bincount(o.array("instrument")[gone], minlength=len(index)) > 0
        yield (
            f"{len(gone):,} stop(s) and other orders that only reduce in {names_of(index, which)} were ended by a "
            "split, which leaves their positions without them: ask for them anew behind it"
        )


def _ends(s: EngineState) -> _Ends:
    o = s.orders
    protects = (o.array("parent") >= 0) & (o.array("follows") == 0) & (o.array("reduce_only") == 1)
    rows = np.flatnonzero(protects & (o.array("trail") == 0) & (o.array("trail_rate") == 0))
    rows = rows[~np.isin(rows, s.amends.array("order"))]
    entry = o.array("parent")[rows]
    fixed = (o.array("offset")[rows] == 0) & (o.array("offset_rate")[rows] == 0)
    stop, target = o.array("trigger")[rows], o.array("price")[rows]
    return _Ends(o.array("instrument")[rows], entry, stop, target, o.array("side")[entry] == BUY, fixed)


def _described(s: EngineState, ends: _Ends, own: Ints, row: int, ticks: Sequence[Decimal]) -> str:
    """One of them, its entry and when that was sent."""
    i, number, is_stop = ends.instrument[row], ends.entry[row], ends.stop[row] > 0
    level, price = (
        f"{ticks[i] * (int(each[row]) - s.terms.zero[i]):f}" for each in (ends.stop if is_stop else ends.target, own)
    )
    return (
        f"a {'stop loss' if is_stop else 'take profit'} at {level} of a {'purchase' if ends.long[row] else 'sale'} "
        f"at {price}, order {number}, sent at {moment(s.orders.time_sent[number])}"
    )


def _told(index: IndexedInstruments, instruments: Ints, what: str) -> Iterator[str]:
    if len(instruments):
        which = np.bincount(instruments, minlength=len(index)) > 0
        yield f"{len(instruments):,} order(s) that protect entries in {names_of(index, which)} {what}"
