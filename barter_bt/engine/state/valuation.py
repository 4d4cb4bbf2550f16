"""Equity: what everything is worth in the reporting asset, and its marks (rules 5 and 24)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import hot, unit
from barter_bt.engine.accounting import exchanged, in_range, rounded
from barter_bt.engine.agenda import MARK, NEVER
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.position import value_at_mark
from barter_bt.engine.state.tables import EngineState

UNKNOWN = -(1 << 63)
BY_RATE = -2  # in place of an instrument
_NEARLY_WRAPPED = 8e18
_MANY = 8  # instruments of which several are valued at a time


def convert(s: EngineState, asset: int, amount: int) -> int:
    """An amount of an asset in the reporting asset, step by step; UNKNOWN without a priced path."""
    a, reporting = s.assets, s.engine.reporting[0]
    if amount == 0 or asset == reporting:
        return amount
    if not a.reaches[asset]:
        return UNKNOWN
    while asset != reporting and amount != 0:
        ticks = price_ticks(s, a.step[asset]) if a.step[asset] >= 0 else _fixed_ticks(s, asset)
        if ticks == 0 or abs(amount) > LIMIT:
            return UNKNOWN
        value = exchanged(abs(amount), ticks, a.step_num[asset], a.step_den[asset], a.divides[asset])
        amount = value if amount > 0 else -value
        asset = a.next[asset]
    return amount if abs(amount) <= LIMIT else UNKNOWN


@unit
def _fixed_ticks(s: EngineState, asset: int) -> int:
    """In place of a price for a step without one: 1, once the rate that holds now stands there; 0 before the first."""
    a = s.assets
    if a.step[asset] != BY_RATE:
        return 1
    while a.rate[asset] < a.rate_end[asset] and s.rates.time[a.rate[asset]] <= s.engine.time[0]:
        a.step_num[asset], a.step_den[asset] = s.rates.num[a.rate[asset]], s.rates.den[a.rate[asset]]
        a.rate[asset] += 1
    return int(a.step_num[asset] > 0)


@hot
def equity(s: EngineState) -> int:
    """Equity in units of the reporting asset; UNKNOWN without a priced path or beyond the range."""
    ins, e = s.instruments, s.engine
    if e.foreign_rests[0] != 0 or e.foreign_quotes[0] != 0:
        return _equity_over_assets(s)
    rest = s.assets.rest[e.reporting[0]]
    if len(ins) >= _MANY:
        worth = _plain_worth(s)
        if worth != UNKNOWN:
            return rest + worth if in_range(rest + worth) else UNKNOWN
    worth, size = rest, float(rest)  # the latter tells where the sum has wrapped around
    for i in range(len(ins)):
        if ins.quantity[i] != 0:
            value = value_at_mark(s, i)
            if not in_range(value):
                return UNKNOWN
            worth += value
            size += float(value)
    return worth if abs(size) < _NEARLY_WRAPPED and in_range(worth) else UNKNOWN


@unit
def _plain_worth(s: EngineState) -> int:
    """What positions are worth whose marks are last prices, all at once; UNKNOWN if there is any that needs more.

    As :func:`value_at_mark`, without a branch, so that the processor does several at a time.
    """
    ins, t = s.instruments, s.terms
    worth, largest, others = 0, 0, 0
    for i in range(len(ins)):
        lots, ticks, den = abs(ins.quantity[i]), ins.last[i], t.den[i]
        amount = min(lots, t.lots_max[i]) * t.num[i]  # what would wrap around is told apart below
        product = float(ticks) * float(amount)
        estimate = product * t.den_inverse[i]
        marked = (ins.own_mark[i] == 0) & (ins.settled[i] == 0) & (ins.bid[i] == 0)
        small = (lots <= t.lots_max[i]) & (t.derivative[i] >= 0) & (product < 4e18) & ((den == 1) | (estimate <= 1e15))
        others += int(lots != 0) & int(not (marked & small))
        value = ticks * amount if den == 1 else rounded(ticks * amount, den, int(estimate))
        value -= t.derivative[i] * ins.cost_basis[i]
        value = -value if ins.quantity[i] < 0 else value
        worth += value if lots != 0 else 0
        largest = max(largest, abs(value))
    return worth if others == 0 and largest <= LIMIT // max(len(ins), 1) else UNKNOWN


@unit
def _equity_over_assets(s: EngineState) -> int:
    """Positions are summed in their quote assets, then each asset's sum is converted once."""
    a, ins = s.assets, s.instruments
    for asset in range(len(a)):
        a.worth[asset] = a.rest[asset]
    for i in range(len(ins)):
        if ins.quantity[i] != 0:
            asset, value = s.terms.quote[i], value_at_mark(s, i)
            a.worth[asset] = bounded_sum(a.worth[asset], value)
            if not (in_range(value) and in_range(a.worth[asset])):
                return UNKNOWN
    worth = 0
    for asset in range(len(a)):
        value = convert(s, asset, a.worth[asset])
        if value == UNKNOWN or not in_range(value):
            return UNKNOWN
        worth = bounded_sum(worth, value)
    return worth if in_range(worth) else UNKNOWN


def plan_mark(s: EngineState, now: int) -> None:
    """After an event: the next multiple of the interval gets a mark, if marks go by an interval (rule 24)."""
    e = s.engine
    if e.mark_every[0] > 0 and s.agenda.due[MARK] == NEVER:
        s.agenda.due[MARK] = -(-now // e.mark_every[0]) * e.mark_every[0]


@hot
def mark(s: EngineState, time: int) -> None:
    """Write one row of the equity journal; a later mark of the same time replaces the earlier."""
    mark_at(s, time, equity(s))


@hot
def is_still(s: EngineState) -> bool:
    """Whether the equity changes with no price: nothing is held but the reporting asset."""
    held = s.engine.foreign_rests[0] != 0 or s.engine.foreign_quotes[0] != 0
    for i in range(len(s.instruments)):
        held = held or s.instruments.quantity[i] != 0
    return not held


@hot
def held_alone(s: EngineState) -> int:
    """The instrument of the only position, if its last price is all that it will be marked by; -1 otherwise."""
    ins, found = s.instruments, -1
    for i in range(len(ins)):
        if ins.quantity[i] != 0:
            if found >= 0 or not _goes_by_last_price(s, i):
                return -1
            found = i
    if found < 0 or s.engine.foreign_rests[0] != 0 or s.engine.foreign_quotes[0] != 0:
        return -1
    return found if abs(worth_beside(s, found)) <= LIMIT // 2 else -1


def _goes_by_last_price(s: EngineState, i: int) -> bool:
    """Whether a position is worth its last price times what one lot is at one tick, less its cost if it is margined."""
    ins, t = s.instruments, s.terms
    plain = ins.settled[i] == 0 and ins.bid[i] == 0 and t.derivative[i] >= 0
    return bool(plain and abs(ins.quantity[i]) <= t.lots_max[i])


def worth_beside(s: EngineState, i: int) -> int:
    """What there is beside the value of an only position, without what a derivative has cost."""
    ins = s.instruments
    basis = s.terms.derivative[i] * (ins.cost_basis[i] if ins.quantity[i] > 0 else -ins.cost_basis[i])
    return bounded_sum(s.assets.rest[s.engine.reporting[0]], -basis)


@hot
def value_of_lots(ticks: int, amount: int, den: int, inverse: float) -> int:
    """``ticks * amount / den``, rounded half to even, with 1 / den; UNKNOWN where that needs more of a look."""
    size = abs(float(ticks) * float(amount))
    if size * inverse > 1e15 or size >= 4e18:
        return UNKNOWN
    value = rounded(ticks * abs(amount), den, int(size * inverse)) if den != 1 else ticks * abs(amount)
    return value if amount > 0 else -value


def worth_at_rest(s: EngineState) -> int:
    """The equity of an account that holds nothing but the reporting asset."""
    worth = s.assets.rest[s.engine.reporting[0]]
    return worth if in_range(worth) else UNKNOWN


@hot
def mark_at(s: EngineState, time: int, worth: int) -> None:
    """The same of an equity that has been worked out, ``UNKNOWN`` if that could not be."""
    last = len(s.equity) - 1
    row = last if last >= 0 and s.equity.time[last] == time else s.equity.append()
    journal = s.equity
    journal.time[row] = time
    journal.equity[row] = 0 if worth == UNKNOWN else worth
    journal.known[row] = 0 if worth == UNKNOWN else 1
    if worth == UNKNOWN:
        _count_unpriced(s)


@unit
def _count_unpriced(s: EngineState) -> None:
    """Which assets' worth is what an unknown equity lacks; none if it is beyond the range."""
    a, e = s.assets, s.engine
    if e.foreign_rests[0] != 0 or e.foreign_quotes[0] != 0:
        for asset in range(len(a)):
            a.unpriced[asset] += int(convert(s, asset, a.worth[asset]) == UNKNOWN)
