"""What all kernels of one pass do with a target and an order, in the engine's arithmetic (rules 3, 4, 17 and 18)."""

from __future__ import annotations

from math import floor

from barter_bt.columns.exact import LIMIT, bounded_sum, muldiv, muldiv_floor
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_of, fee_of_order, notional
from barter_bt.engine.sizing import EQUITY, UNITS, lots_for
from barter_bt.engine.terms import RATE, Terms
from barter_bt.research.one_pass.moments import measure, put
from barter_bt.research.one_pass.tables import Account, Asked, Found, Holdings, Kept, State
from barter_bt.venue.slippage import by_ticks_and_rate

MOST = LIMIT >> 2
MOST_STEPS = 4.6e18


def money(account: Account, units: int) -> float:
    """Units of money as tables show them."""
    return units / account.unit[0] if account.divides[0] else units * account.unit[0]


@unit
def start(account: Account, kept: Kept, found: Found) -> None:
    """The account before the first candle, and its mark."""
    s, h = found.state, found.holdings
    kept.equity.truncate(0)
    kept.fees.truncate(0)
    kept.notional.truncate(0)
    kept.realised.truncate(0)
    kept.queue.truncate(0)
    s.cash[0] = s.peak[0] = s.low[0] = account.cash[0]
    s.positions[0] = s.since[0] = s.held_ns[0] = 0
    s.orders[0] = s.filled[0] = s.rejected[0] = s.closed[0] = s.wins[0] = s.cut[0] = s.beyond[0] = 0
    s.orders[0] = account.refused[0]
    for i in range(len(h)):
        h.quantity[i] = h.cost_basis[i] = h.realised[i] = h.pending[i] = h.last[i] = h.mark[i] = 0
        h.fills_at[i] = -1
    found.moments.drawdown[0] = 0.0
    put(kept.equity, money(account, account.cash[0]))


@unit
def note_equity(account: Account, found: Found, equity: int) -> None:
    """A mark: the equity may be the highest so far, or the lowest since."""
    s = found.state
    if equity > s.peak[0]:
        end_drawdown(account, found)
        s.peak[0] = s.low[0] = equity
    s.low[0] = min(s.low[0], equity)


def end_drawdown(account: Account, found: Found) -> None:
    """Hold the lowest equity since the peak against it; where the account starts with nothing, none is defined."""
    s, m = found.state, found.moments
    if s.low[0] < s.peak[0] and s.peak[0] > 0:
        m.drawdown[0] = max(m.drawdown[0], 1.0 - money(account, s.low[0]) / money(account, s.peak[0]))


@unit
def missing(terms: Terms, asked: Asked, found: Found, i: int, value: float, ticks: int, equity: int) -> int:
    """Signed lots that are missing to a target (rule 18); 0 also where the position is within the band."""
    account, s = asked.account, found.state
    steps = abs(value) * asked.each.per_unit[i]
    if not steps < MOST_STEPS:
        s.beyond[0] = 1
        return 0
    if account.size[0] == UNITS:
        wished = toward_zero(steps)
    else:
        wished = round(steps)
        if wished != 0:
            wished = lots_for(terms, i, worth_of(account, s, wished, equity), ticks, account.with_fee[0])
    change = bounded_sum(wished if value > 0.0 else -wished, -found.holdings.quantity[i])
    if wished != 0 and account.band[0] != 0 and abs(change) <= muldiv_floor(wished, account.band[0], RATE):
        return 0
    return max(min(change, LIMIT), -LIMIT)


def toward_zero(steps: float) -> int:
    """Whole steps; of those that are not whole, but for noise, the next ones towards zero."""
    whole = floor(steps + 0.5)
    return whole if abs(steps - whole) <= 1e-6 + steps * 4e-16 else floor(steps)


def worth_of(account: Account, s: State, target: int, equity: int) -> int:
    """Money of a target above 0 that is an amount of it, or a fraction of the equity."""
    if account.size[0] != EQUITY:
        return target
    amount = muldiv(max(equity, 0), target, RATE)
    s.beyond[0] |= int(amount > MOST)
    return min(amount, LIMIT)


def send(terms: Terms, found: Found, i: int, change: int, fills_at: int) -> bool:
    """Send an order for so many lots, which the venue takes or rejects at once; says which."""
    s, h = found.state, found.holdings
    s.orders[0] += 1
    if abs(change) < terms.quantity_min[i]:
        s.rejected[0] += 1
        return False
    h.pending[i], h.fills_at[i] = change, fills_at
    return True


def can_pay(terms: Terms, found: Found, i: int, side: int, lots: int, ticks: int) -> bool:
    """Whether the account can pay for a fill."""
    value = notional(terms, i, lots, ticks)
    return covers(found, i, side, lots, value, charge(terms, i, value, lots, 0))


def covers(found: Found, i: int, side: int, lots: int, value: int, fee: int) -> bool:
    """Whether the account can pay what a fill is worth, and its fee (rule 17)."""
    cash = found.state.cash[0]
    if abs(fee) > LIMIT - value:
        return False
    if side > 0:
        return value + fee <= cash
    return lots <= found.holdings.quantity[i] and value - fee >= -max(cash, 0)


@unit
def most_payable(terms: Terms, found: Found, i: int, side: int, lots: int, ticks: int) -> int:
    """The most lots, at most ``lots``, that can be paid: by bisection."""
    low, high = 0, lots
    while low < high:
        middle = low + (high - low + 1) // 2
        if can_pay(terms, found, i, side, middle, ticks):
            low = middle
        else:
            high = middle - 1
    return low


@unit
def fill(terms: Terms, asked: Asked, kept: Kept, found: Found, i: int, ticks: int, time: int) -> None:
    """The order that waits meets a price: it slips, and is filled, cut to what can be paid, or rejected."""
    h = found.holdings
    side, lots = (1, h.pending[i]) if h.pending[i] > 0 else (-1, -h.pending[i])
    h.pending[i] = 0
    deal(terms, asked, kept, found, i, side, lots, slipped(asked, i, side, ticks), 0, asked.account.resize[0], time)


def slipped(asked: Asked, i: int, side: int, ticks: int) -> int:
    """The price at which an order takes."""
    more, rate = asked.each.slip_ticks[i], asked.each.slip_rate[i]
    return max(ticks + side * by_ticks_and_rate(ticks, more, rate), 1) if more | rate else ticks


def charge(terms: Terms, i: int, value: int, lots: int, is_maker: int) -> int:
    """The fee of an order that fills at once and whole (rules 3 and 40)."""
    fee = fee_of(terms, i, value, lots, is_maker)
    return _charge_by_order(terms, i, fee, value) if terms.fee_by_order[i] else fee


@unit
def _charge_by_order(terms: Terms, i: int, fee: int, value: int) -> int:
    return fee_of_order(terms, i, fee, value)


def deal(
    terms: Terms,
    asked: Asked,
    kept: Kept,
    found: Found,
    i: int,
    side: int,
    lots: int,
    ticks: int,
    is_maker: int,
    resize: int,
    time: int,
) -> int:
    """Fill an order at a price, whole, cut to what can be paid if it may be, or not; returns the lots."""
    account, s, h = asked.account, found.state, found.holdings
    value = notional(terms, i, lots, ticks)
    fee = charge(terms, i, value, lots, is_maker)
    s.beyond[0] |= int(value > MOST)
    if not covers(found, i, side, lots, value, fee):
        lots = most_payable(terms, found, i, side, lots, ticks) if resize else 0
        if lots == 0:
            s.rejected[0] += 1
            return 0
        value = notional(terms, i, lots, ticks)
        fee = charge(terms, i, value, lots, is_maker)
    s.filled[0] += 1
    put(kept.fees, money(account, fee))
    put(kept.notional, money(account, value))
    s.cash[0] += -side * value - fee
    h.realised[i] -= fee
    if side > 0:
        enlarge(s, h, i, lots, value, ticks, time)
    else:
        reduce(s, h, i, lots, value, ticks)
        if h.quantity[i] == 0:
            close(account, kept, found, i, time)
    s.beyond[0] |= int(abs(s.cash[0]) > MOST) | int(h.cost_basis[i] > MOST)
    s.beyond[0] |= int(float(h.quantity[i]) * float(terms.base_units[i]) > float(MOST))
    return lots


def enlarge(s: State, h: Holdings, i: int, lots: int, value: int, ticks: int, time: int) -> None:
    """Open a position, or add to it (rule 4)."""
    opens = h.quantity[i] == 0
    if opens:
        s.since[0] = time if s.positions[0] == 0 else s.since[0]
        s.positions[0] += 1
    h.mark[i] = -1 if opens else ticks
    h.quantity[i] += lots
    h.cost_basis[i] += value


def reduce(s: State, h: Holdings, i: int, lots: int, value: int, ticks: int) -> None:
    """Reduce a position (rule 4)."""
    out = muldiv(h.cost_basis[i], lots, h.quantity[i])
    h.cost_basis[i] -= out
    h.quantity[i] -= lots
    h.realised[i] += value - out
    h.mark[i] = ticks


def close(account: Account, kept: Kept, found: Found, i: int, time: int) -> None:
    """A position exits."""
    s, h = found.state, found.holdings
    put(kept.realised, money(account, h.realised[i]))
    s.closed[0] += 1
    s.wins[0] += int(h.realised[i] > 0)
    h.realised[i] = h.mark[i] = 0
    s.positions[0] -= 1
    if s.positions[0] == 0:
        s.held_ns[0] += time - s.since[0]


@unit
def finish(account: Account, kept: Kept, found: Found) -> int:
    """What figures are made of."""
    s = found.state
    end_drawdown(account, found)
    if s.positions[0] > 0:
        s.held_ns[0] += account.ends[0] - s.since[0]
    measure(kept, found, account.free[0])
    return s.beyond[0]
