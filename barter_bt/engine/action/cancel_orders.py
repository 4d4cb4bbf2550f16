"""Cancel the orders of chosen instruments."""

from __future__ import annotations

from barter_bt.engine.action.send import send_cancel
from barter_bt.engine.order import CANCEL_IN_FLIGHT
from barter_bt.engine.state.tables import EngineState


def cancel_orders(s: EngineState, i: int) -> None:
    """Request to cancel every live order of an instrument that is not being cancelled already."""
    order = s.instruments.first[i]
    while order >= 0:
        if s.orders.status[order] != CANCEL_IN_FLIGHT:
            send_cancel(s, order)
        order = s.orders.after[order]
