"""Market items as rows: what the engine does with them where nothing can be wrong, in Python or in one compiled call.

A row that could be wrong, or that needs more than is known here, is left alone, and nothing has changed:
:mod:`barter_bt.system.markets` then decides, exactly, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import FunctionType
from typing import TypeAlias, cast

from barter_bt.columns.block import Block
from barter_bt.columns.column import F64, I64
from barter_bt.columns.kernel import interprets
from barter_bt.columns.table import Table, out_of_memory
from barter_bt.engine.audit import begin, note_event, note_market
from barter_bt.engine.event import MARKET_CANDLE, MARKET_OTHER, MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.order import NO_TIME
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.market import update_from_candle, update_from_quote, update_from_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import keep_candle
from barter_bt.engine.step import advance
from barter_bt.engine.terms import from_zero, price_steps

_FEW = 100_000  # rows that Python takes while others would compile
_SURELY = 4e18  # units that fit whatever floats have lost: LIMIT is 4.6e18

Take: TypeAlias = Callable[..., bool]
"""Takes exchange, instrument, kind, clock, time and five values of an item; whether it did."""


class MarketRows(Table):
    """Market items, with the values of :class:`~barter_bt.engine.state.audits.MarketItems`."""

    exchange: I64
    instrument: I64
    kind: I64  # as in `engine/event.py`
    now: I64  # the clock's
    time: I64  # of the data
    first: F64
    second: F64
    third: F64
    fourth: F64
    fifth: F64


class Span(Table):
    """One row: which of them."""

    start: I64
    end: I64


class Given(Block):
    """What a call is given."""

    rows: MarketRows
    span: Span


def take_item(
    s: EngineState,
    exchange: int,
    i: int,
    kind: int,
    now: int,
    time: int,
    first: float,
    second: float,
    third: float,
    fourth: float,
    fifth: float,
) -> bool:
    """Take one item: clock, market data, link, audit; False if it is left alone."""
    if s.instruments.quantity[i] != 0 and not _fits(s, i, kind, first, third, fourth):
        return False
    if not update_from_item(s, i, kind, time, first, second, third, fourth, fifth):
        return False
    advance(s, now)
    note_item(s, exchange, i, kind, time, first, second, third, fourth, fifth)
    return True


def update_from_item(
    s: EngineState,
    i: int,
    kind: int,
    time: int,
    first: float,
    second: float,
    third: float,
    fourth: float,
    fifth: float,
) -> bool:
    """Take the data of an item into its instrument; False if it cannot be.

    Of order books beyond the best prices, and of liquidations, the state keeps no column yet.
    """
    if kind == MARKET_TRADE:
        return bool(update_from_trade(s, i, time, first, second))
    if kind == MARKET_QUOTE:
        return bool(update_from_quote(s, i, time, first, second, third, fourth))
    if kind == MARKET_CANDLE:
        return bool(update_from_candle(s, i, time, first, second, third, fourth, fifth))
    return kind == MARKET_OTHER


def note_item(
    s: EngineState,
    exchange: int,
    i: int,
    kind: int,
    time: int,
    first: float,
    second: float,
    third: float,
    fourth: float,
    fifth: float,
) -> None:
    """What follows from an item of which the instrument has the data: its link is healthy, and the audit has it."""
    heal_market(s, exchange)
    s.engine.market_time[0] = s.engine.time[0]
    if kind == MARKET_CANDLE and s.engine.history[0]:
        keep_candle(s, i, NO_TIME, time, first, second, third, fourth, fifth)
    begin(s, kind, i, -1, exchange, -1)
    if kind == MARKET_OTHER:
        note_event(s, -1)
    else:
        note_market(s, i, time, first, second, third, fourth, fifth)


def _fits(s: EngineState, i: int, kind: int, first: float, third: float, fourth: float) -> bool:
    """Whether what the position is worth surely fits, at every price that may come to mark it."""
    ins = s.instruments
    if abs(ins.quantity[i]) > s.terms.lots_max[i]:
        return False
    paid = 1.0 * abs(ins.cost_basis[i]) + abs(ins.realised[i]) + abs(ins.fees_enter[i]) + abs(ins.fees_exit[i])
    new = fourth if kind == MARKET_CANDLE else first
    ask = third if kind == MARKET_QUOTE else new
    most = max(_worth(s, i, price_steps(s.terms, i, new)), _worth(s, i, price_steps(s.terms, i, ask)))
    known = max(_worth(s, i, ins.last[i]), _worth(s, i, ins.bid[i]), _worth(s, i, ins.ask[i]))
    return max(most, known) + paid < _SURELY


def _worth(s: EngineState, i: int, ticks: int) -> float:
    """What the position is worth at a price, in units of money; 0 at none."""
    if ticks <= 0:
        return 0.0
    num, den = 1.0 * abs(s.instruments.quantity[i]) * s.terms.num[i], 1.0 * s.terms.den[i]
    return num / (den * ticks) if s.terms.derivative[i] < 0 else num * from_zero(s.terms, i, ticks) / den


def take_rows(s: EngineState, given: Given) -> int:
    """Take rows as long as they can be; the first that is left alone, or their end."""
    r, end = given.rows, given.span.end[0]
    for row in range(given.span.start[0], end):
        if not take_item(
            s,
            r.exchange[row],
            r.instrument[row],
            r.kind[row],
            r.now[row],
            r.time[row],
            r.first[row],
            r.second[row],
            r.third[row],
            r.fourth[row],
            r.fifth[row],
        ):
            return row
    return end


@cache
def compiled_rows() -> Callable[[int, int], int]:
    """:func:`take_rows` of the addresses of state and rows, compiled, or loaded where it was before."""
    from barter_bt.columns.entry import compile_entry

    entry: Callable[[int, int], int] = compile_entry(cast(FunctionType, take_rows), (EngineState, Given), {})
    return entry


def take_batch(s: EngineState, given: Given, start: int) -> int:
    """:func:`take_rows` from a row on; compiled where there are many, or it is already."""
    given.span.start[0] = start
    if interprets() or (len(given.rows) - start < _FEW and not compiled_rows.cache_info().currsize):
        return take_rows(s, given)
    row = compiled_rows()(s.address, given.address)
    if error := out_of_memory.take():
        raise error
    return row


def taker(s: EngineState, *, compiled: bool) -> Take:
    """What takes one item of a state, whose times must be ints of 64 bits; compiled, frames are taken so too."""
    if not compiled or interprets():
        return partial(take_item, s)
    compiled_rows()
    return partial(_compiled_item(), s.address)


@cache
def _compiled_item() -> Take:
    """:func:`take_item` of the address of a state, compiled, or loaded where it was before."""
    from barter_bt.columns.entry import compile_call

    call: Take = compile_call(cast(FunctionType, take_item), EngineState)
    return call
