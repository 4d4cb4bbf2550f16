"""Positions that have been closed, as audits tell of them."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.engine.order import BUY
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import Side
from barter_bt.system.audit import PositionExit
from barter_bt.system.units import Units


def exit_of(s: EngineState, index: IndexedInstruments, units: Units, row: int) -> PositionExit:
    """A row of the closed positions."""
    p = s.positions
    i, lots = p.instrument[row], p.quantity[row]
    one = index.instruments[i]
    worth = units.quantity(i, lots) * Decimal(str(one.contract_size))
    basis = units.in_quote(i, p.cost_basis[row])
    return PositionExit(
        i,
        Side.BUY if p.side[row] == BUY else Side.SELL,
        worth / basis if one.is_inverse else basis / worth,
        units.quantity(i, p.quantity_max[row]),
        units.in_quote(i, p.realised[row]),
        units.in_quote(i, p.fees_enter[row]),
        units.in_quote(i, p.fees_exit[row]),
        p.time_enter[row],
        p.time_exit[row],
        (p.trade_enter[row], p.trade_exit[row]),
    )
