"""Many runs of signals over the same candles, each as the engine would have it, with nothing kept of it but sums.

Assumptions, which :mod:`~barter_bt.research.one_pass.conditions` checks: spot instruments of a cash account (here one,
in :mod:`~barter_bt.research.one_pass.several` any number), one stream of sound candles that arrive as they close, no
latency, and targets that are followed by market orders, which fill at the next open (rules 16 to 18). Then an
instrument has at most one order at work between two closes (another beside that of a target of before the start is left
to a full run), and what rule 10 puts in order is: fill at the open, mark
at the close, target of the close, request. The arithmetic is the engine's: notional, fees and sizes are computed by the
same functions.

What it costs: two comparisons of the price, one of the target and one with the next sample for a candle at which
nothing changes; such candles are passed over in a loop of their own. While a position stays as it is, its value rises
and falls with the price; so only prices beyond bounds that are known can change the peak of the equity or the lowest
behind it.

What it does not do: derivatives, margin, slippage by candles, latency, limits, other orders. Nor does it go near the
bounds of rule 2: it stops at a quarter of them, and a full run says what becomes of that.
"""

from __future__ import annotations

from math import isnan

from barter_bt.columns.exact import LIMIT, muldiv_floor
from barter_bt.engine.accounting import notional
from barter_bt.engine.sizing import UNITS
from barter_bt.engine.terms import Terms
from barter_bt.research.one_pass.dealing import MOST, fill, finish, missing, money, note_equity, send, start
from barter_bt.research.one_pass.moments import put
from barter_bt.research.one_pass.tables import Asked, Found, Given, Kept


def run(given: Given, asked: Asked, kept: Kept, found: Found) -> int:
    """Follow the targets of one set through all candles; 1 where only a full run can say what becomes of them."""
    bars, account, s, h, sample = given.bars, asked.account, found.state, found.holdings, given.samples.mark
    target, close, on_change = asked.targets.value[0], bars.close, account.on_change[0]
    start(account, kept, found)
    if account.early[0] != 0:
        send(given.terms, found, 0, account.early[0], 0)
    last, quiet, high, low, due = asked.each.last[0], on_change, -1, LIMIT, 1
    k, rows, sampled = 0, len(bars), sample[1] - 1
    while k < rows:
        if quiet and h.pending[0] == 0:
            while target[k] == last and low <= close[k] <= high and k != sampled:
                k += 1  # the last candle is sampled
        ticks = close[k]
        if h.pending[0] != 0 and k >= account.waits[0]:
            fill(given.terms, asked, kept, found, 0, bars.open[k], bars.time_open[k])
            high, low = -1, LIMIT
            if s.beyond[0]:
                return 1
        if ticks > high or ticks < low:
            equity = worth(given.terms, found, ticks)
            note_equity(account, found, equity)
            low, high = calm(given.terms, found, ticks, equity)
        if k == sampled:
            put(kept.equity, money(account, worth(given.terms, found, ticks)))
            due += 1
            sampled = sample[due] - 1 if due < len(given.samples) else rows
        value = target[k]
        k += 1
        if isnan(value):
            last = value  # the next target is a new one (rule 77)
        if (value == last and quiet) or isnan(value):
            continue
        quiet = max(follow(given.terms, asked, found, value, ticks), on_change)
        last = value
        if s.beyond[0]:
            return 1
    return finish(account, kept, found)


def worth(terms: Terms, found: Found, ticks: int) -> int:
    """Equity at a price (rule 5)."""
    quantity = found.holdings.quantity[0]
    value = notional(terms, 0, quantity, ticks) if quantity != 0 else 0
    found.state.beyond[0] |= int(value > MOST)
    return found.state.cash[0] + value


def calm(terms: Terms, found: Found, ticks: int, equity: int) -> tuple[int, int]:
    """Prices between which the equity is surely neither above its peak nor below the lowest since.

    What lots are worth is rounded here and there, and so changes by at most one unit more than their number says.
    """
    s, lots = found.state, found.holdings.quantity[0]
    if lots == 0:
        return -1, LIMIT
    if lots > terms.lots_max[0]:
        return ticks, ticks
    up = muldiv_floor(max(s.peak[0] - equity - 1, 0), terms.den[0], lots * terms.num[0])
    down = muldiv_floor(max(equity - s.low[0] - 1, 0), terms.den[0], lots * terms.num[0])
    return ticks - min(down, ticks), ticks + min(up, LIMIT - ticks)


def follow(terms: Terms, asked: Asked, found: Found, value: float, ticks: int) -> int:
    """Send what is missing to a target; 1 if the same target asks for nothing while nothing is filled."""
    change = missing(terms, asked, found, 0, value, ticks, worth(terms, found, ticks))
    if found.holdings.pending[0] != 0:
        found.state.beyond[0] |= int(change != found.holdings.pending[0])  # an order more, beside that of the start
        return 0
    if change != 0:
        send(terms, found, 0, change, 0)
        return 0
    return int(asked.account.size[0] == UNITS or value == 0.0)
