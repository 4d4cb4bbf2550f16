"""The venue sees the market: one row of a stream, or the open of a candle."""

from __future__ import annotations

from barter_bt.columns.marks import hot, unit
from barter_bt.engine.fault import BAD_ROW, fail, locate
from barter_bt.engine.feed import CANDLE_ROWS, QUOTE_ROWS, TRADE_ROWS, Cursors, advance, is_expired
from barter_bt.engine.terms import price_steps, whole_lots
from barter_bt.venue.alarm import show_mark, show_range
from barter_bt.venue.books import on_book_message
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.match import match_close, match_open, match_trade
from barter_bt.venue.participation import offer_close, offer_trade
from barter_bt.venue.path import begin_path
from barter_bt.venue.quote import set_quote
from barter_bt.venue.state import HIGH_FIRST, VenueState


@hot
def on_market_row(v: VenueState, cursors: Cursors, c: int, row: int) -> int:
    """Row ``row`` of a venue cursor happens (class 0): note it, and fill what it fills.

    Of a book the whole message does that starts there. Returns the row behind.
    """
    kind, i = cursors.kind[c], cursors.instrument[c][row]
    v.clock.time[0] = cursors.time[c][row]
    if i < 0 or i >= len(v.markets):
        if not is_expired(i, len(v.markets)):
            fail(v.fault, BAD_ROW, -1)
    elif kind == TRADE_ROWS:
        _on_trade(v, cursors, c, row, i)
    elif kind == QUOTE_ROWS:
        _on_quote(v, cursors, c, row, i)
    elif kind == CANDLE_ROWS:
        _on_candle_close(v, cursors, c, row, i)
    else:
        return on_book_message(v, cursors, c, row, i)
    return row + 1


@hot
def _on_trade(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    ticks = price_steps(v.terms, i, cursors.first[c][row])
    if ticks > 0:
        take_trade(v, cursors, c, row, i, ticks, cursors.second[c][row])
    else:
        fail(v.fault, BAD_ROW, i)


@hot
def take_trade(v: VenueState, cursors: Cursors, c: int, row: int, i: int, ticks: int, amount: float) -> None:
    """A public trade, in ticks: note it, and fill what it fills."""
    t, b = v.terms, v.markets
    b.last[i], b.last_time[i], b.fill_mark[i] = ticks, v.clock.time[0], 0
    if v.clock.needs_trades[0]:
        note_trade(v, i, v.clock.time[0], ticks, amount)
    if b.watched[i]:
        mark = mark_ticks(v, i)
        show_mark(v, i, mark, mark)
    if ticks < b.trade_buy[i] or ticks > b.trade_sell[i]:
        b.trade_side[i] = cursors.flags[c][row]
        match_trade(v, i, ticks, whole_lots(amount, t.lots_per_unit[i], t.lot_noise[i]))


@hot
def note_trade(v: VenueState, i: int, time: int, ticks: int, amount: float) -> None:
    """Remember the last trade, for what fills at its price afterwards."""
    b = v.markets
    b.trade_ticks[i], b.trade_time[i], b.trade_amount[i] = ticks, time, amount
    if v.fill_terms.participation[i]:
        offer_trade(v, i, whole_lots(amount, v.terms.lots_per_unit[i], v.terms.lot_noise[i]))


@hot
def _on_quote(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    t = v.terms
    per_lot, lot_noise = t.lots_per_unit[i], t.lot_noise[i]
    bid_lots = whole_lots(cursors.second[c][row], per_lot, lot_noise)
    ask_lots = whole_lots(cursors.fourth[c][row], per_lot, lot_noise)
    bid = price_steps(t, i, cursors.first[c][row]) if bid_lots > 0 else 0
    ask = price_steps(t, i, cursors.third[c][row]) if ask_lots > 0 else 0
    if bid < 0 or ask < 0:
        fail(v.fault, BAD_ROW, i)
        return
    set_quote(v, i, bid, bid_lots, ask, ask_lots)


def _on_candle_close(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    t = v.terms
    ticks = price_steps(t, i, cursors.fourth[c][row])
    if ticks <= 0:
        fail(v.fault, BAD_ROW, i)
        return
    b = v.markets
    b.last[i], b.last_time[i], b.fill_mark[i] = ticks, v.clock.time[0], 0
    b.candle_time[i], b.candle_close[i] = v.clock.time[0], ticks
    if v.clock.needs_candles[0]:
        note_candle(v, cursors, c, row, i)
    if b.live[i] > 0 or b.watched[i]:
        high = price_steps(t, i, cursors.second[c][row])
        low = price_steps(t, i, cursors.third[c][row])
        if high < ticks or low > ticks or low <= 0:
            fail(v.fault, BAD_ROW, i)
            return
        time_open = cursors.time_open[c][row]
        if b.watched[i]:
            show_range(v, i, time_open, price_steps(t, i, cursors.first[c][row]), low, high)
            mark = mark_ticks(v, i)
            show_mark(v, i, mark, mark)
        if b.live[i] > 0:
            if v.fill_terms.candle_path[i] >= HIGH_FIRST:
                begin_path(v, i, time_open, price_steps(t, i, cursors.first[c][row]), low, high, ticks)
            else:
                match_close(v, i, time_open, low, high, ticks)


@unit
def note_candle(v: VenueState, cursors: Cursors, c: int, row: int, i: int) -> None:
    """Remember the last candle, for what slips by it."""
    t, b = v.terms, v.markets
    ticks = price_steps(t, i, cursors.fourth[c][row])
    high, low = price_steps(t, i, cursors.second[c][row]), price_steps(t, i, cursors.third[c][row])
    if ticks <= 0 or high < ticks or low > ticks or low <= 0:
        fail(v.fault, BAD_ROW, i)
        return
    b.candle_time[i], b.candle_close[i], b.candle_range[i] = cursors.time[c][row], ticks, high - low
    b.candle_lots[i] = whole_lots(cursors.fifth[c][row], t.lots_per_unit[i], t.lot_noise[i])
    offer_close(v, i, cursors.time_open[c][row])


@unit
def on_candle_opens(v: VenueState, cursors: Cursors, c: int) -> None:
    """All candles of an opens cursor that open at its present time (class 8)."""
    now, row, time = cursors.due[c], cursors.row[c], cursors.time[c]
    v.clock.time[0] = now
    while row < cursors.rows[c] and time[row] == now:
        _on_candle_open(v, cursors, c, row)
        locate(v.fault, c, row)
        row += 1
    advance(cursors, c, row)


def _on_candle_open(v: VenueState, cursors: Cursors, c: int, row: int) -> None:
    i = cursors.instrument[c][row]
    if is_expired(i, len(v.markets)):
        i = ~i  # it closes after the expiry, but may open before
    if i < 0 or i >= len(v.markets):
        fail(v.fault, BAD_ROW, -1)
    elif v.markets.live[i] > 0:
        ticks = price_steps(v.terms, i, cursors.first[c][row])
        if ticks <= 0:
            fail(v.fault, BAD_ROW, i)
        else:
            match_open(v, i, ticks)


def on_market_time(v: VenueState, cursors: Cursors, c: int) -> None:
    """All rows of a venue cursor that bear its present time."""
    now, row, time = cursors.due[c], cursors.row[c], cursors.time[c]
    while row < cursors.rows[c] and time[row] == now:
        end = on_market_row(v, cursors, c, row)
        locate(v.fault, c, row)
        row = end
    advance(cursors, c, row)
