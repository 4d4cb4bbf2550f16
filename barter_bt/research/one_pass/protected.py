"""One pass over the candles of one instrument, where entries are protected or the rates of fees go by volume.

What :mod:`~barter_bt.research.one_pass.kernel` assumes, and what it does not do, holds here as well. Between a candle's
open and its close now come the orders that protect entries (:mod:`~barter_bt.research.one_pass.bracket`), on a candle
of which only open, extremes and close are known (`pessimistic`). Candles whose range reaches none of them, and moves
no trailing stop, are passed over like those at which nothing else changes.

What it does not do: targets that sell more than there is.
"""

from __future__ import annotations

from math import isnan

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.sizing import UNITS
from barter_bt.engine.terms import Terms
from barter_bt.research.one_pass.bracket import meet_candle, reach, take_amounts
from barter_bt.research.one_pass.dealing import finish, missing, money, note_equity, send, start
from barter_bt.research.one_pass.kernel import calm, worth
from barter_bt.research.one_pass.moments import put
from barter_bt.research.one_pass.tables import Asked, Found, Given, Kept
from barter_bt.research.one_pass.volume import pass_time, start_counting


def run_protected(given: Given, asked: Asked, kept: Kept, found: Found) -> int:
    """Follow the targets of one set through all candles; 1 where only a full run can say what becomes of them."""
    bars, account, s, h, sample = given.bars, asked.account, found.state, found.holdings, given.samples.mark
    target, close, low, high = asked.targets.value[0], bars.close, given.ranges.low, given.ranges.high
    start(account, kept, found)
    kept.brackets.truncate(0)
    start_counting(kept, given.terms, given.levels)
    on_change, last, dearest, cheapest, below, above = account.on_change[0], asked.each.last[0], -1, LIMIT, -1, LIMIT
    k, rows, quiet, due, sampled = 0, len(bars), on_change, 1, sample[1] - 1
    while k < rows:
        if quiet and h.pending[0] == 0:
            while target[k] == last and cheapest <= close[k] <= dearest and below < low[k] and high[k] < above:
                if k == sampled:  # the last candle is
                    break
                k += 1
        ticks = close[k]
        if h.pending[0] != 0 or low[k] <= below or high[k] >= above:
            done = s.filled[0] + s.rejected[0]
            meet_candle(given, asked, kept, found, k)
            below, above = reach(kept.brackets)
            if s.filled[0] + s.rejected[0] != done:
                quiet, dearest, cheapest = on_change, -1, LIMIT
            if s.beyond[0]:
                return 1
        if ticks > dearest or ticks < cheapest:
            equity = worth(given.terms, found, ticks)
            note_equity(account, found, equity)
            cheapest, dearest = calm(given.terms, found, ticks, equity)
        if k == sampled:
            put(kept.equity, money(account, worth(given.terms, found, ticks)))
            due += 1
            sampled = sample[due] - 1 if due < len(given.samples) else rows
        value = target[k]
        if isnan(value):
            last = value  # the next target is a new one (rule 77)
        elif value != last or not quiet:
            pass_time(kept, given.terms, given.levels, bars.time[k])
            quiet = max(_follow(given.terms, asked, found, value, ticks, k), on_change)
            last = value
            if s.beyond[0]:
                return 1
        k += 1
    return finish(account, kept, found)


def _follow(terms: Terms, asked: Asked, found: Found, value: float, ticks: int, k: int) -> int:
    """Send what is missing to a target, an entry with what protects it; 1 if the same target then asks for nothing."""
    s = found.state
    change = missing(terms, asked, found, 0, value, ticks, worth(terms, found, ticks))
    if change == 0:
        return int(asked.account.size[0] == UNITS or value == 0.0)
    take_amounts(asked, k)
    orders = asked.protection.orders[0]
    taken = send(terms, found, 0, change, 0)
    if orders > 0 and change > 0:
        s.orders[0] += orders
        s.rejected[0] += 0 if taken else orders
    elif orders > 0:
        s.beyond[0] |= int(-change > found.holdings.quantity[0])  # it would turn the position, and be protected
    return 0
