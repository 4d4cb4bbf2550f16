"""Many runs of signals over the same candles, each as the engine would have it, with nothing kept of it but sums.

Assumptions, which :mod:`~barter_bt.research.one_pass.conditions` checks: one spot instrument of a cash account, one
stream of sound candles that arrive as they close, no latency, and targets that are followed by market orders, which
fill at the next open (rules 16 to 18). Then at most one order is at work between two closes, and what rule 10 puts in
order is: fill at the open, mark at the close, target of the close, request. The arithmetic is the engine's: notional,
fees and sizes are computed by the same functions.

What it costs: two comparisons of the price, one of the target and one with the next sample for a candle at which
nothing changes. While a position stays as it is, its value rises and falls with the price; so only prices beyond those
seen since the last peak of the equity can change the peak or the lowest equity behind it.

What it does not do: several instruments, derivatives, margin, slippage, latency, limits, other orders. Nor does it go
near the bounds of rule 2: it stops at a quarter of them, and a full run says what becomes of that.
"""

from __future__ import annotations

from math import floor, isnan

from barter_bt.columns.exact import LIMIT, bounded_sum, muldiv, muldiv_floor
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_of, notional
from barter_bt.engine.sizing import EQUITY, UNITS, lots_for
from barter_bt.engine.terms import RATE, Terms
from barter_bt.research.one_pass.moments import measure, put
from barter_bt.research.one_pass.tables import Account, Asked, Found, Given, Kept, State

_MOST_STEPS = 4.6e18
_MOST = LIMIT >> 2


def run(given: Given, asked: Asked, kept: Kept, found: Found) -> int:
    """Follow the targets of one set through all candles; 1 where only a full run can say what becomes of them."""
    bars, account, s, sample = given.bars, asked.account, found.state, given.samples.mark
    target, close, on_change = asked.targets.value[0], bars.close, account.on_change[0]
    start(account, kept, found)
    last, quiet, high, low, due = account.last[0], on_change, -1, LIMIT, 1
    for k in range(len(bars)):
        ticks = close[k]
        if s.pending[0] != 0:
            fill(given, account, kept, s, k)
            high, low, quiet = -1, LIMIT, on_change
            if s.beyond[0]:
                return 1
        if ticks > high or ticks < low:
            if is_peak(given.terms, account, found, ticks):
                high = low = ticks
            high, low = max(high, ticks), min(low, ticks)
            if s.quantity[0] == 0:
                high, low = LIMIT, -1  # no price matters
        if sample[due] == k + 1:
            due += 1
            put(kept.equity, money(account, worth(given.terms, s, ticks)))
        value = target[k]
        if (value == last and quiet) or isnan(value):
            continue
        quiet = max(follow(given.terms, account, s, value, ticks), on_change)
        last = value
        if s.beyond[0]:
            return 1
    return finish(given.terms, account, kept, found)


@unit
def start(account: Account, kept: Kept, found: Found) -> None:
    """The account before the first candle, and its mark."""
    s = found.state
    kept.equity.truncate(0)
    kept.fees.truncate(0)
    kept.notional.truncate(0)
    kept.realised.truncate(0)
    s.cash[0] = s.peak[0] = s.low[0] = account.cash[0]
    s.quantity[0] = s.cost_basis[0] = s.realised[0] = s.entered[0] = s.pending[0] = 0
    s.held_ns[0] = s.orders[0] = s.filled[0] = s.rejected[0] = s.closed[0] = s.wins[0] = 0
    s.beyond[0] = 0
    found.moments.drawdown[0] = 0.0
    put(kept.equity, money(account, account.cash[0]))


def money(account: Account, units: int) -> float:
    """Units of money as tables show them."""
    return units / account.unit[0] if account.divides[0] else units * account.unit[0]


def worth(terms: Terms, s: State, ticks: int) -> int:
    """Equity at a price (rule 5)."""
    value = notional(terms, 0, s.quantity[0], ticks) if s.quantity[0] != 0 else 0
    s.beyond[0] |= int(value > _MOST)
    return s.cash[0] + value


@unit
def is_peak(terms: Terms, account: Account, found: Found, ticks: int) -> int:
    """Whether the equity at a price is the highest so far; else it may be the lowest since."""
    s, equity = found.state, worth(terms, found.state, ticks)
    if equity > s.peak[0]:
        end_drawdown(account, found)
        s.peak[0] = s.low[0] = equity
        return 1
    s.low[0] = min(s.low[0], equity)
    return 0


def end_drawdown(account: Account, found: Found) -> None:
    """Hold the lowest equity since the peak against it; where the account starts with nothing, none is defined."""
    s, m = found.state, found.moments
    if s.low[0] < s.peak[0] and s.peak[0] > 0:
        m.drawdown[0] = max(m.drawdown[0], 1.0 - money(account, s.low[0]) / money(account, s.peak[0]))


@unit
def follow(terms: Terms, account: Account, s: State, value: float, ticks: int) -> int:
    """Send what is missing to a target (rule 18); 1 if the same target asks for nothing while nothing is filled."""
    steps = abs(value) * account.per_unit[0]
    if not steps < _MOST_STEPS:
        s.beyond[0] = 1
        return 1
    by_price = account.size[0] != UNITS
    whole = round(steps) if by_price else toward_zero(steps)
    wished = sized(terms, account, s, whole, ticks) if by_price and whole != 0 else whole
    change = bounded_sum(wished if value > 0.0 else -wished, -s.quantity[0])
    stays = int(not by_price or whole == 0)
    if change == 0 or (wished != 0 and abs(change) <= muldiv_floor(wished, account.band[0], RATE)):
        return stays
    lots = min(abs(change), LIMIT)
    s.orders[0] += 1
    if lots < terms.quantity_min[0]:
        s.rejected[0] += 1
        return 0
    s.pending[0] = lots if change > 0 else -lots
    return 0


def toward_zero(steps: float) -> int:
    """Whole steps; of those that are not whole, but for noise, the next ones towards zero."""
    whole = floor(steps + 0.5)
    return whole if abs(steps - whole) <= 1e-6 + steps * 4e-16 else floor(steps)


def sized(terms: Terms, account: Account, s: State, target: int, ticks: int) -> int:
    """Lots of a target above 0 that is an amount of money, or a fraction of the equity."""
    amount = target
    if account.size[0] == EQUITY:
        amount = muldiv(max(worth(terms, s, ticks), 0), target, RATE)
        s.beyond[0] |= int(amount > _MOST)
    return lots_for(terms, 0, min(amount, LIMIT), ticks, account.with_fee[0])


def can_pay(terms: Terms, s: State, side: int, lots: int, ticks: int) -> bool:
    """Whether the account can pay for a fill (rule 17)."""
    value = notional(terms, 0, lots, ticks)
    fee = fee_of(terms, 0, value, lots, 0)
    if abs(fee) > LIMIT - value:
        return False
    if side > 0:
        return value + fee <= s.cash[0]
    return lots <= s.quantity[0] and value - fee >= -max(s.cash[0], 0)


@unit
def most_payable(terms: Terms, s: State, side: int, lots: int, ticks: int) -> int:
    """The most lots, at most ``lots``, that can be paid: by bisection."""
    low, high = 0, lots
    while low < high:
        middle = low + (high - low + 1) // 2
        if can_pay(terms, s, side, middle, ticks):
            low = middle
        else:
            high = middle - 1
    return low


@unit
def fill(given: Given, account: Account, kept: Kept, s: State, k: int) -> None:
    """The order that waits meets the open of a candle: it is filled, cut to what can be paid, or rejected."""
    terms, ticks, time = given.terms, given.bars.open[k], given.bars.time_open[k]
    side, lots = (1, s.pending[0]) if s.pending[0] > 0 else (-1, -s.pending[0])
    s.pending[0] = 0
    s.beyond[0] |= int(notional(terms, 0, lots, ticks) > _MOST)
    if not can_pay(terms, s, side, lots, ticks):
        lots = most_payable(terms, s, side, lots, ticks) if account.resize[0] else 0
        if lots == 0:
            s.rejected[0] += 1
            return
    value = notional(terms, 0, lots, ticks)
    fee = fee_of(terms, 0, value, lots, 0)
    s.filled[0] += 1
    put(kept.fees, money(account, fee))
    put(kept.notional, money(account, value))
    s.cash[0] += -side * value - fee
    if side > 0:
        enlarge(s, lots, value, fee, time)
    else:
        reduce(account, kept, s, lots, value, fee, time)
    s.beyond[0] |= int(abs(s.cash[0]) > _MOST) | int(s.cost_basis[0] > _MOST)
    s.beyond[0] |= int(float(s.quantity[0]) * float(terms.base_units[0]) > float(_MOST))


def enlarge(s: State, lots: int, value: int, fee: int, time: int) -> None:
    """Open a position, or add to it (rule 4)."""
    if s.quantity[0] == 0:
        s.entered[0] = time
    s.quantity[0] += lots
    s.cost_basis[0] += value
    s.realised[0] -= fee


def reduce(account: Account, kept: Kept, s: State, lots: int, value: int, fee: int, time: int) -> None:
    """Reduce a position, or close it (rule 4)."""
    out = muldiv(s.cost_basis[0], lots, s.quantity[0])
    s.cost_basis[0] -= out
    s.quantity[0] -= lots
    s.realised[0] += value - out - fee
    if s.quantity[0] == 0:
        put(kept.realised, money(account, s.realised[0]))
        s.closed[0] += 1
        s.wins[0] += int(s.realised[0] > 0)
        s.held_ns[0] += time - s.entered[0]
        s.realised[0] = 0


@unit
def finish(terms: Terms, account: Account, kept: Kept, found: Found) -> int:
    """What figures are made of."""
    s = found.state
    end_drawdown(account, found)
    if s.quantity[0] != 0:
        s.held_ns[0] += account.ends[0] - s.entered[0]
    measure(kept, found, account.free[0])
    return s.beyond[0]
