"""A venue that holds no orders does not look at the market; before a request it catches up.

Without orders nothing can fill, so of the rows that it slept through only the last of each instrument counts:
the standing quote, and where margins need marks the last price. They are found from the end; where margins need marks,
quotes are looked at one by one. Messages of books all count.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import NEVER, STARVED
from barter_bt.engine.fault import BAD_ROW, fail, locate
from barter_bt.engine.feed import BOOK_ROWS, CANDLE_ROWS, QUOTE_ROWS, TRADE_ROWS, Cursors, advance, is_expired
from barter_bt.engine.terms import price_steps
from barter_bt.venue.market import note_candle, note_trade, on_market_row, on_market_time
from barter_bt.venue.state import VenueState


@unit
def catch_up(v: VenueState, cursors: Cursors, streams: int, now: int, opens: int) -> int:
    """See what matters of all rows up to ``now``, of opens up to ``opens``: those of a request's time come after it.

    Returns -1, or the cursor that needs its next chunk first.
    """
    if v.clock.needs_marks[0]:
        behind = _quotes_in_turn(v, cursors, streams, now)
        if behind >= 0:
            return behind
    for c in range(streams):
        while cursors.kind[c] == BOOK_ROWS and STARVED < cursors.due[c] <= now:
            on_market_time(v, cursors, c)
        if STARVED < cursors.due[c] <= now:
            _pass(v, cursors, c, _end(cursors, c, _passed(cursors, c, c + streams), now))
        if cursors.due[c] == STARVED:
            return c
    candles = 2 * streams
    for stream in range(streams):
        if cursors.kind[stream] == CANDLE_ROWS:
            advance(cursors, candles, _end(cursors, candles, _opened(cursors, candles, stream + streams, opens), opens))
            if cursors.due[candles] == STARVED:
                return candles
            candles += 1
    return -1


def _passed(cursors: Cursors, c: int, engine: int) -> int:
    """A row to search from: those that the engine has had have happened at the venue."""
    if cursors.chunk[c] == cursors.chunk[engine]:
        return max(cursors.row[c], min(cursors.row[engine], cursors.rows[c]))
    return cursors.row[c]


def _opened(cursors: Cursors, c: int, engine: int, opens: int) -> int:
    """The same of opens: candles that the engine has had have opened before."""
    row = _passed(cursors, c, engine)
    return row if row > cursors.row[c] and cursors.time[c][row - 1] <= opens else cursors.row[c]


def _end(cursors: Cursors, c: int, row: int, now: int) -> int:
    """The first row from ``row`` on that is after ``now``: by steps that double, then by bisection."""
    rows, time, step = cursors.rows[c], cursors.time[c], 1
    while row + step <= rows and time[row + step - 1] <= now:
        row += step
        step *= 2
    end = min(row + step - 1, rows)
    while row < end:
        middle = (row + end) // 2
        if time[middle] <= now:
            row = middle + 1
        else:
            end = middle
    return row


def _quotes_in_turn(v: VenueState, cursors: Cursors, streams: int, now: int) -> int:
    """Every quote, in order of time: what a broken book leaves as mark depends on the quote before it."""
    while True:
        first, due = -1, NEVER
        for c in range(streams):
            if cursors.kind[c] == QUOTE_ROWS and cursors.due[c] < due:
                first, due = c, cursors.due[c]
        if due == STARVED or due > now:
            return first if due == STARVED else -1
        on_market_time(v, cursors, first)


def _pass(v: VenueState, cursors: Cursors, c: int, end: int) -> None:
    kind = cursors.kind[c]
    needs = v.clock.needs_closes[0] if kind == CANDLE_ROWS else v.clock.needs_trades[0] if kind == TRADE_ROWS else 1
    if needs or v.clock.needs_marks[0]:
        _last_of_each(v, cursors, c, cursors.row[c], end)
    advance(cursors, c, end)


def _last_of_each(v: VenueState, cursors: Cursors, c: int, first: int, end: int) -> None:
    """The last row of each instrument in ``first`` to ``end``."""
    b, n, met = v.markets, len(v.markets), 0
    v.clock.passes[0] += 1
    for row in range(end - 1, first - 1, -1):
        i = cursors.instrument[c][row]
        if i < 0 or i >= n:
            if is_expired(i, n):
                continue
            fail(v.fault, BAD_ROW, -1)
            return
        if b.pass_seen[i] != v.clock.passes[0]:
            b.pass_seen[i] = v.clock.passes[0]
            _note(v, cursors, c, row, i)
            locate(v.fault, c, row)
            met += 1
            if met == n:
                return


def _note(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    b, t, time = v.markets, v.terms, cursors.time[c][row]
    if v.clock.needs_closes[0] and cursors.kind[c] == CANDLE_ROWS and time >= b.candle_time[i]:
        note_candle(v, cursors, c, row, i)
    if cursors.kind[c] == QUOTE_ROWS:
        if time >= b.quote_time[i]:  # another stream may have had a later one
            on_market_row(v, cursors, c, row)
        return
    price = cursors.first[c][row] if cursors.kind[c] == TRADE_ROWS else cursors.fourth[c][row]
    ticks = price_steps(t, i, price)
    if v.clock.needs_trades[0] and cursors.kind[c] == TRADE_ROWS and time >= b.trade_time[i]:
        note_trade(v, i, time, ticks, cursors.second[c][row])
    if time >= b.last_time[i]:
        if ticks <= 0:
            fail(v.fault, BAD_ROW, i)
        b.last[i], b.last_time[i], b.fill_mark[i] = ticks, time, 0
