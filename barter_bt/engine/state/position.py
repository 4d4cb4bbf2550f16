"""Positions: opened, increased, reduced, closed and flipped by own fills (rule 4)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, signed_muldiv
from barter_bt.columns.marks import hot, unit
from barter_bt.engine.accounting import gain_sign, in_range, notional, position_value
from barter_bt.engine.fault import fail_range
from barter_bt.engine.state.assets import hold
from barter_bt.engine.state.market import market_mark
from barter_bt.engine.state.tables import EngineState


def update_position_from_fill(
    s: EngineState,
    i: int,
    side: int,
    lots: int,
    ticks: int,
    value: int,
    fee: int,
    time: int,
    trade: int,
    strategy: int,
) -> int:
    """Apply an own fill; returns the id of the position that it touched first."""
    ins = s.instruments
    held = abs(ins.quantity[i])
    if held == 0:
        _open(s, i, side, lots, value, fee, time, trade)
        return ins.position[i]
    position = ins.position[i]
    if ins.quantity[i] * side > 0:
        _increase(s, i, side, lots, value, fee)
        ins.own_mark[i] = ticks
    elif lots < held:
        _reduce(s, i, lots, value, fee)
        ins.own_mark[i] = ticks
    elif lots == held:
        _close(s, i, value, fee, time, trade, strategy)
    else:
        closing, closing_fee = notional(s.terms, i, held, ticks), signed_muldiv(fee, held, lots)  # a rebate is below 0
        _close(s, i, closing, closing_fee, time, trade, strategy)
        _open(s, i, side, lots - held, value - closing, fee - closing_fee, time, trade)
    return position


def hold_lots(s: EngineState, i: int, lots: int) -> None:
    """Signed lots more are in a position, of what is held of its base asset."""
    base = s.terms.base[i]
    if base >= 0:
        hold(s, base, lots * s.terms.base_units[i])


def _open(s: EngineState, i: int, side: int, lots: int, value: int, fee: int, time: int, trade: int) -> None:
    ins = s.instruments
    ins.quantity[i] = side * lots
    ins.cost_basis[i] = value
    ins.quantity_max[i] = lots
    ins.realised[i] = -fee
    ins.fees_enter[i] = fee
    ins.fees_exit[i] = 0
    ins.time_enter[i] = time
    ins.trade_enter[i] = trade
    ins.position[i] = s.engine.positions[0]
    ins.own_mark[i] = -1
    s.engine.positions[0] += 1
    hold_lots(s, i, side * lots)


def _increase(s: EngineState, i: int, side: int, lots: int, value: int, fee: int) -> None:
    ins = s.instruments
    ins.quantity[i] = bounded_sum(ins.quantity[i], side * lots)
    ins.cost_basis[i] = bounded_sum(ins.cost_basis[i], value)
    ins.quantity_max[i] = max(ins.quantity_max[i], abs(ins.quantity[i]))
    ins.realised[i] = bounded_sum(ins.realised[i], -fee)
    ins.fees_enter[i] = bounded_sum(ins.fees_enter[i], fee)
    hold_lots(s, i, side * lots)
    _check_range(s, i)


def _reduce(s: EngineState, i: int, lots: int, value: int, fee: int) -> None:
    ins = s.instruments
    direction = 1 if ins.quantity[i] > 0 else -1
    out = signed_muldiv(ins.cost_basis[i], lots, abs(ins.quantity[i]))
    if ins.settled[i] != 0:
        _credit_rest(s, i, lots, out)
    ins.cost_basis[i] -= out
    ins.quantity[i] -= direction * lots
    gain = gain_sign(s.terms, i) * direction * (value - out)
    ins.realised[i] = bounded_sum(ins.realised[i], bounded_sum(gain, -fee))
    ins.fees_exit[i] = bounded_sum(ins.fees_exit[i], fee)
    hold_lots(s, i, -direction * lots)
    _check_range(s, i)


@unit
def _credit_rest(s: EngineState, i: int, lots: int, out: int) -> None:
    """Before a reduction by which ``out`` leaves the cost: what stays paid of the lots that stay (rule 102).

    The venue takes as large a part of the settled basis as of a cost, and credits what is beyond that.
    """
    ins = s.instruments
    way = gain_sign(s.terms, i) * (1 if ins.quantity[i] > 0 else -1)
    basis = bounded_sum(ins.cost_basis[i], way * ins.settled[i])
    ins.settled[i] -= way * (signed_muldiv(basis, lots, abs(ins.quantity[i])) - out)


def _check_range(s: EngineState, i: int) -> None:
    """Beyond it the run ends (rule 2)."""
    ins = s.instruments
    known = in_range(ins.cost_basis[i]) and in_range(ins.realised[i])
    if not (known and in_range(ins.fees_enter[i]) and in_range(ins.fees_exit[i])):
        fail_range(s.fault, i, s.terms.quote[i])


def _close(s: EngineState, i: int, value: int, fee: int, time: int, trade: int, strategy: int) -> None:
    ins = s.instruments
    quantity, basis = ins.quantity[i], ins.cost_basis[i]
    _reduce(s, i, abs(quantity), value, fee)
    record_exit(s, i, quantity, basis, time, trade, strategy)


def record_exit(s: EngineState, i: int, quantity: int, basis: int, time: int, trade: int, strategy: int) -> None:
    """A row of the journal of positions; the instrument has none any more."""
    ins, row = s.instruments, s.positions.append()
    p = s.positions
    p.position[row] = ins.position[i]
    p.instrument[row] = i
    p.strategy[row] = strategy
    p.side[row] = 1 if quantity > 0 else -1
    p.quantity_max[row] = ins.quantity_max[i]
    p.quantity[row] = abs(quantity)
    p.cost_basis[row] = basis
    p.realised[row] = ins.realised[i]
    p.fees_enter[row] = ins.fees_enter[i]
    p.fees_exit[row] = ins.fees_exit[i]
    p.time_enter[row] = ins.time_enter[i]
    p.time_exit[row] = time
    p.trade_enter[row] = ins.trade_enter[i]
    p.trade_exit[row] = trade
    ins.realised[i] = 0
    ins.fees_enter[i] = 0
    ins.fees_exit[i] = 0
    ins.quantity_max[i] = 0
    ins.own_mark[i] = 0


@hot
def value_at_mark(s: EngineState, i: int) -> int:
    """Value of the open position at its mark (rules 5, 6 and 102), in units of quote."""
    worth, settled = _worth_at_mark(s, i), s.instruments.settled[i]
    return bounded_sum(worth, -settled) if settled != 0 and in_range(worth) else worth


def _worth_at_mark(s: EngineState, i: int) -> int:
    """The same, with what daily settlement has paid of it."""
    ins = s.instruments
    mark = ins.own_mark[i]
    if mark < 0:
        if s.terms.derivative[i]:
            return 0
        return ins.cost_basis[i] if ins.quantity[i] > 0 else -ins.cost_basis[i]
    if mark == 0:
        mark = market_mark(s, i)
    return position_value(s.terms, i, ins.quantity[i], ins.cost_basis[i], mark)


def unrealised(s: EngineState, i: int) -> int:
    """Unrealised PnL: gain at the mark less the share of entry fees that leaving would cost (rule 5)."""
    ins = s.instruments
    if ins.quantity[i] == 0 or ins.own_mark[i] < 0:
        return 0
    gain = _worth_at_mark(s, i)
    if not s.terms.derivative[i]:
        gain = bounded_sum(gain, -ins.cost_basis[i] if ins.quantity[i] > 0 else ins.cost_basis[i])
    return bounded_sum(gain, -signed_muldiv(ins.fees_enter[i], abs(ins.quantity[i]), ins.quantity_max[i]))
