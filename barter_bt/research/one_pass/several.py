"""One pass over the candles of several instruments, which share one cash account.

What :mod:`~barter_bt.research.one_pass.kernel` assumes, and what it does not do, holds here as well. Rows are candles
by the time of their close, then by instrument. At one close, in the order of rule 10: orders that fill at opens before
it, all of one open's time together, what sells first, then what buys, each by order number (rule 17); prices; a mark;
targets on one equity, reductions first, then increases, by instrument (rule 18).
"""

from __future__ import annotations

from math import isnan

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.terms import Terms
from barter_bt.research.one_pass.dealing import MOST, fill, finish, missing, money, note_equity, send, start
from barter_bt.research.one_pass.moments import put
from barter_bt.research.one_pass.tables import Asked, Found, Given, Kept


def run_several(given: Given, asked: Asked, kept: Kept, found: Found) -> int:
    """Follow the targets of one set through all candles; 1 where only a full run can say what becomes of them."""
    bars, account, s, h, sample = given.bars, asked.account, found.state, found.holdings, given.samples.mark
    start(account, kept, found)
    row, rows, mark, due = 0, len(bars), 0, 1
    while row < rows:
        now, end = bars.time[row], row
        while len(kept.queue) > 0 and s.beyond[0] == 0 and fill_next(given, asked, kept, found, now):
            pass
        while end < rows and bars.time[end] == now:
            i = bars.instrument[end]
            h.last[i], h.mark[i] = bars.close[end], 0
            end += 1
        mark += 1
        equity = worth_of_all(given.terms, found)
        note_equity(account, found, equity)
        if sample[due] == mark:
            due += 1
            put(kept.equity, money(account, equity))
        follow_all(given, asked, kept, found, row, end, equity)
        if s.beyond[0]:
            return 1
        row = end
    return finish(account, kept, found)


@unit
def worth_of_all(terms: Terms, found: Found) -> int:
    """Equity (rule 5): cash, and each position at its mark (rule 6)."""
    h, equity = found.holdings, found.state.cash[0]
    for i in range(len(h)):
        if h.quantity[i] != 0:
            if h.mark[i] < 0:
                value = h.cost_basis[i]
            else:
                value = notional(terms, i, h.quantity[i], h.mark[i] if h.mark[i] > 0 else h.last[i])
            found.state.beyond[0] |= int(value > MOST) | int(equity > MOST)
            equity += min(value, MOST)
    return equity


@unit
def fill_next(given: Given, asked: Asked, kept: Kept, found: Found, before: int) -> int:
    """Fill the orders that fill next, if that is before a time; 0 if nothing is."""
    bars, h, queue, first = given.bars, found.holdings, kept.queue, NEVER
    for k in range(len(queue)):
        first = min(first, bars.time_open[h.fills_at[queue.instrument[k]]])
    if first >= before:
        return 0
    for side in range(-1, 2, 2):
        for k in range(len(queue)):
            i = queue.instrument[k]
            at = h.fills_at[i]
            if at >= 0 and h.pending[i] * side > 0 and bars.time_open[at] == first:
                fill(given.terms, asked, kept, found, i, bars.open[at], first)
                h.fills_at[i] = -1
    left = 0
    for k in range(len(queue)):
        i = queue.instrument[k]
        if h.fills_at[i] >= 0:
            queue.instrument[left] = i
            left += 1
    queue.truncate(left)
    return 1


@unit
def follow_all(given: Given, asked: Asked, kept: Kept, found: Found, first: int, end: int, equity: int) -> None:
    """Targets of one time."""
    for reducing in range(1, -1, -1):
        for row in range(first, end):
            i, value = given.bars.instrument[row], asked.targets.value[0][row]
            if isnan(value) or (asked.account.on_change[0] and value == asked.each.last[i]):
                continue
            change = missing(given.terms, asked, found, i, value, given.bars.close[row], equity)
            reduces = int(found.holdings.quantity[i] > 0 and change < 0)
            if change == 0 or reduces != reducing or found.holdings.pending[i] != 0:
                continue
            at = given.bars.following[row]
            if send(given.terms, found, i, change, at) and at >= 0:
                place = kept.queue.append()
                kept.queue.instrument[place] = i
    for row in range(first, end):
        asked.each.last[given.bars.instrument[row]] = asked.targets.value[0][row]
