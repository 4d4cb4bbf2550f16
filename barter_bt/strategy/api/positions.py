"""What a compiled strategy reads of the open position of an instrument."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.state import position as positions
from barter_bt.engine.state.market import market_mark
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import money, natural, price_of
from barter_bt.strategy.asking import is_unknown


def position(s: EngineState, i: int) -> float:
    """Signed quantity of the open position."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.quantity[i], s.whole.terms.lots_per_unit[i])


def working(s: EngineState, i: int) -> float:
    """Signed quantity that live orders have not filled."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.working[i], s.whole.terms.lots_per_unit[i])


def entry_average(s: EngineState, i: int) -> float:
    """Average price at which the open position was entered (rule 4), as in the table of positions; 0.0 without one."""
    if is_unknown(s.whole, i):
        return 0.0
    t, ins = s.whole.terms, s.whole.instruments
    quantity = abs(natural(ins.quantity[i], t.lots_per_unit[i])) * t.contract_size[i]
    basis = money(s.whole, i, ins.cost_basis[i])
    if quantity == 0.0 or basis == 0.0:
        return 0.0
    return quantity / basis if t.derivative[i] < 0 else basis / quantity


def mark(s: EngineState, i: int) -> float:
    """Price at which the open position is valued (rule 6): the market's, or that of an own fill that came later.

    A position just opened is valued at its entry average. Without a position it is :func:`price`.
    """
    if is_unknown(s.whole, i):
        return 0.0
    own = s.whole.instruments.own_mark[i]
    if s.whole.instruments.quantity[i] == 0 or own == 0:
        return price_of(s.whole, i, market_mark(s.whole, i))
    return entry_average(s.whole, i) if own < 0 else price_of(s.whole, i, own)


def unrealised(s: EngineState, i: int) -> float:
    """Unrealised PnL of the open position at its mark (rule 5), in its quote or settlement asset."""
    return 0.0 if is_unknown(s.whole, i) else money(s.whole, i, _unrealised_units(s.whole, i))


def realised(s: EngineState, i: int) -> float:
    """What the open position has realised so far, less fees, in its quote or settlement asset; 0.0 without one."""
    return 0.0 if is_unknown(s.whole, i) else money(s.whole, i, s.whole.instruments.realised[i])


def fees(s: EngineState, i: int) -> float:
    """Fees of the open position so far, in its quote or settlement asset; 0.0 without one."""
    if is_unknown(s.whole, i):
        return 0.0
    ins = s.whole.instruments
    return money(s.whole, i, ins.fees_enter[i] + ins.fees_exit[i])


def time_in_position(s: EngineState, i: int) -> int:
    """Nanoseconds since the open position was opened at its exchange; 0 without one."""
    if is_unknown(s.whole, i) or s.whole.instruments.quantity[i] == 0:
        return 0
    return s.whole.engine.time[0] - s.whole.instruments.time_enter[i]


def unrealised_units(s: EngineState, i: int) -> int:
    """Unrealised PnL in integer units of the quote asset."""
    return 0 if is_unknown(s.whole, i) else _unrealised_units(s.whole, i)


@unit
def _unrealised_units(s: EngineState, i: int) -> int:
    return positions.unrealised(s, i)
