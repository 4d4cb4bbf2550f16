"""What protects entries of one instrument, candle by candle (rules 28 to 32 and 34), and the fills of both.

Orders that protect an entry start at its fill, which is at an open, and see the range of that candle. At one price or
in one range they are settled by number, the stop of each entry first, before an order that waits for that open: what it
sells comes behind theirs, what it buys behind all sales.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.action.protect import BY_FRACTION, BY_PRICE
from barter_bt.engine.terms import RATE
from barter_bt.research.one_pass.dealing import deal, slipped
from barter_bt.research.one_pass.tables import Asked, Brackets, Found, Given, Kept, Protection
from barter_bt.research.one_pass.volume import count, pass_time

STOP, PROFIT = 0, 1


@unit
def meet_candle(given: Given, asked: Asked, kept: Kept, found: Found, k: int) -> None:
    """A candle opens, which fills the order that waits; then it is complete."""
    bars, ranges, h = given.bars, given.ranges, found.holdings
    opened, time = bars.open[k], bars.time_open[k]
    pass_time(kept, given.terms, given.levels, time)
    if len(kept.brackets) > 0:
        _meet_open(given, asked, kept, found, opened, time)
    if h.pending[0] != 0:
        _enter(given, asked, kept, found, opened, time)
    if len(kept.brackets) > 0:
        time = bars.time[k]
        pass_time(kept, given.terms, given.levels, time - 1)  # fills of now are of the interval that ends
        _meet_range(given, asked, kept, found, ranges.low[k], ranges.high[k], bars.close[k], time)


def take_amounts(asked: Asked, k: int) -> None:
    """What protects the entry that is sent at the close of a candle."""
    p, g = asked.protection, asked.guards
    if p.by_row[0]:
        p.stop_loss[0], p.take_profit[0] = g.stop_loss[0][k], g.take_profit[0][k]
        p.trailing_stop[0] = g.trailing_stop[0][k]
        p.orders[0] = int(p.stop_loss[0] + p.trailing_stop[0] > 0) + int(p.take_profit[0] > 0)


def reach(b: Brackets) -> tuple[int, int]:
    """Prices strictly between which nothing is triggered, filled or moved."""
    low, high = -1, LIMIT
    for row in range(len(b)):
        low = max(low, b.stop[row])
        if b.profit[row] > 0:
            high = min(high, b.profit[row])
        if b.trail[row] > 0 and b.stop[row] > 0:
            high = min(high, b.best[row] + 1)
    return low, high


def _enter(given: Given, asked: Asked, kept: Kept, found: Found, opened: int, time: int) -> None:
    """The order that waits meets the open; an entry that fills is protected from then on."""
    h, p = found.holdings, asked.protection
    side, lots = (1, h.pending[0]) if h.pending[0] > 0 else (-1, -h.pending[0])
    h.pending[0] = 0
    ticks = slipped(asked, 0, side, opened)
    got = _trade(given, asked, kept, found, side, lots, ticks, 0, asked.account.resize[0], time)
    if side > 0 and got > 0 and p.orders[0] > 0:
        _protect(kept.brackets, p, got, ticks)
    _drop_ended(kept.brackets, h.quantity[0])


def _protect(b: Brackets, p: Protection, lots: int, ticks: int) -> None:
    row, away = b.append(), p.stop_loss[0] if p.stop_loss[0] > 0 else p.trailing_stop[0]
    b.lots[row] = lots
    b.stop[row] = max(ticks - _distance(p, ticks, away), 1) if away > 0 else 0
    b.profit[row] = ticks + _distance(p, ticks, p.take_profit[0]) if p.take_profit[0] > 0 else 0
    if p.unit[0] == BY_PRICE:
        b.stop[row] = p.stop_loss[0] if p.stop_loss[0] > 0 else b.stop[row]
        b.profit[row] = p.take_profit[0]
    b.trail[row], b.best[row] = p.trailing_stop[0], 0


def _distance(p: Protection, ticks: int, amount: int) -> int:
    return max(muldiv(ticks, amount, RATE), 1) if p.unit[0] == BY_FRACTION else amount


def _meet_open(given: Given, asked: Asked, kept: Kept, found: Found, opened: int, time: int) -> None:
    """The open triggers stops, which slip, and is taken by limits that it reaches, or followed."""
    b = kept.brackets
    for row in range(len(b)):
        stops = 0 < b.stop[row] and opened <= b.stop[row]
        ticks, profit = slipped(asked, 0, -1, opened), b.profit[row]
        if stops:
            _leave(given, asked, kept, found, row, STOP, ticks, 0, time)
        else:
            _follow(b, asked.protection, row, opened)
        if 0 < profit <= opened:
            _leave(given, asked, kept, found, row, PROFIT, max(ticks, profit), 0, time)
    _drop_ended(b, found.holdings.quantity[0])


def _meet_range(
    given: Given, asked: Asked, kept: Kept, found: Found, low: int, high: int, close: int, time: int
) -> None:
    """The extreme against a stop comes first, then it follows the other, then the close is held against it."""
    b, through = kept.brackets, 1 - asked.protection.touch[0]
    for row in range(len(b)):
        stop, profit = b.stop[row], b.profit[row]
        stops = 0 < stop and low <= stop
        if stop > 0 and not stops:
            _follow(b, asked.protection, row, high)
            stop = b.stop[row]
            stops = close <= stop
        if stops:
            ticks = slipped(asked, 0, -1, min(max(stop, low), high))
            _leave(given, asked, kept, found, row, STOP, ticks, 0, time)
        if profit > 0 and high - profit >= through:
            _leave(given, asked, kept, found, row, PROFIT, profit, 1, time)
    _drop_ended(b, found.holdings.quantity[0])


def _follow(b: Brackets, p: Protection, row: int, ticks: int) -> None:
    """A trailing stop follows a price, but never moves back."""
    if b.trail[row] > 0 and b.stop[row] > 0:
        b.stop[row] = max(b.stop[row], ticks - _distance(p, ticks, b.trail[row]))
        b.best[row] = max(b.best[row], ticks)


def _leave(
    given: Given,
    asked: Asked,
    kept: Kept,
    found: Found,
    row: int,
    which: int,
    ticks: int,
    is_maker: int,
    time: int,
) -> None:
    """An order that protects an entry sells what that has bought, as far as it is still there, and ends the other."""
    b, s, h = kept.brackets, found.state, found.holdings
    lots = min(b.lots[row], h.quantity[0])
    if lots == 0:
        return
    if _trade(given, asked, kept, found, -1, lots, ticks, is_maker, 0, time) > 0:
        s.cut[0] += int(lots < b.lots[row])
        b.lots[row] = 0
        return
    s.beyond[0] |= int(h.pending[0] > 0)  # what is bought at this open may pay for it
    if which == STOP:
        b.stop[row] = 0
    else:
        b.profit[row] = 0


def _drop_ended(b: Brackets, quantity: int) -> None:
    """What has filled is over, and where nothing is left to reduce, all."""
    left = 0
    for row in range(len(b)):
        if quantity > 0 and b.lots[row] > 0 and b.stop[row] + b.profit[row] > 0:
            b.lots[left], b.stop[left] = b.lots[row], b.stop[row]
            b.profit[left], b.trail[left], b.best[left] = b.profit[row], b.trail[row], b.best[row]
            left += 1
    b.truncate(left)


@unit
def _trade(
    given: Given,
    asked: Asked,
    kept: Kept,
    found: Found,
    side: int,
    lots: int,
    ticks: int,
    is_maker: int,
    resize: int,
    time: int,
) -> int:
    """Fill, and count what is traded; returns the lots."""
    got = deal(given.terms, asked, kept, found, 0, side, lots, ticks, is_maker, resize, time)
    if got > 0 and kept.volume.every[0] > 0:
        count(kept, notional(given.terms, 0, got, ticks))
    return got
