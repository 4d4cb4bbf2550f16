"""Terms of exchanges that could do nothing in a run, or that are hardly what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import NEXT_OPEN
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.build import MARKS
from barter_bt.venue.state import BOOK, CANDLES, PESSIMISTIC, QUOTES, VenueState

Bools = npt.NDArray[np.bool_]
_PER_UNIT = 1_000_000_000
_HIGH_FEE = 20_000_000  # 2 %: retail venues take less, and "0.1" for "0.1%" is more
_OF_A_BOOK = [MARKS.index(name) for name in ("mid", "closing")]


def term_warnings(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """Terms without effect on what was traded (rules 14, 36, 39, 42, 59, 73 and 92), and fees that are very high."""
    traded = np.bincount(s.trades.array("instrument"), minlength=len(index)) > 0
    for which, what in (*_of_fills(v), *_of_accounts(s, v)):
        if (traded & which).any():
            yield what.format(names_of(index, traded & which))
    rate = np.maximum(s.terms.array("maker_rate"), s.terms.array("taker_rate"))
    if (high := traded & (rate >= _HIGH_FEE)).any():
        yield (
            f"fees of {names_of(index, high)} are up to {rate[high].max() / _PER_UNIT:.4g} of what is traded: a tenth "
            'of a percent is 0.001, or "0.1%"'
        )


def _of_fills(v: VenueState) -> Iterator[tuple[Bools, str]]:
    f = v.fill_terms
    taker, maker, triggers = f.array("taker_fills_on"), f.array("maker_fills_on"), f.array("triggers_on")
    yield (
        (f.array("candle_fill") != NEXT_OPEN) & (taker != CANDLES),
        "candle_fill has no effect on {}: other events than candles fill orders that take",
    )
    yield (
        (f.array("candle_path") != PESSIMISTIC) & (maker != CANDLES) & (triggers != CANDLES),
        "candle_path has no effect on {}: candles fill no resting orders, trigger nothing",
    )
    yield (
        (f.array("touch") != 0) & ((maker == QUOTES) | (maker == BOOK)),
        "limit_fill has no effect on {}: quotes or a book fill orders that rest, at any price that reaches them",
    )
    yield (
        (f.array("queue") != 0) & (maker != BOOK),
        "queue has no effect on {}: there is no book whose queues orders stand in",
    )
    for name, column in (("locked_quotes", "fills_locked"), ("beyond_size", "fills_beyond")):
        unquoted = (f.array(column) != 0) & (taker != QUOTES) & (maker != QUOTES)
        yield unquoted, name + " has no effect on {}: no quotes fill orders"
    by_range = (f.array("range_share") > 0) | (f.array("impact") > 0)
    yield (
        by_range & (v.markets.array("candle_time") == -NEVER),
        "slippage by range and impact is 0 for {}: no candle had a range that could count",
    )


def _of_accounts(s: EngineState, v: VenueState) -> Iterator[tuple[Bools, str]]:
    t, m = s.terms, v.margin_terms
    given = (t.array("margin_rate") != _PER_UNIT) | (t.array("lot_margin_num") != 0)
    given |= (m.array("maintenance_rate") > 0) | (m.array("lot_maintenance_num") > 0)
    yield given & (t.array("margined") == 0), "margin has no effect on {}: spot in a cash account is not margined"
    unquoted = (v.markets.array("quote_time") == -NEVER) & (s.books.states.array("messages") == 0)
    yield (v.fill_terms.array("max_age") > 0) & unquoted, "max_age_ns has no effect on {}: there are no quotes that age"
    yield (
        np.isin(t.array("mark_by"), _OF_A_BOOK) & unquoted,
        "mark has no effect on {}: there are neither quotes nor a book to mark by",
    )


def names_of(index: IndexedInstruments, which: Bools) -> str:
    """The names of some instruments."""
    return listed([index.names[i] for i in np.flatnonzero(which)])


def listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    rest = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(name) for name in names[:5]) + rest
