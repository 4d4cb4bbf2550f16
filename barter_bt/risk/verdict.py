"""What a risk manager in Python is shown of an order, and what its answer means."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any

from barter_bt.engine.order import LIMIT, TIMES_IN_FORCE
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.strategy.api.amounts import price_of
from barter_bt.strategy.request import OrderRequest


def the_order(s: EngineState, index: IndexedInstruments, action: int) -> OrderRequest:
    """The order of an action, as strategies in Python write it."""
    a, terms = s.actions, s.terms
    i, ticks = a.instrument[action], a.price[action]
    return OrderRequest(
        index.names[i],
        a.side[action] * a.quantity[action] / terms.lots_per_unit[i],
        price_of(s, i, ticks) if a.kind[action] == LIMIT else None,
        TIMES_IN_FORCE[a.time_in_force[action]],
        bool(a.post_only[action]),
        bool(a.resize[action]),
    )


def read_verdict(said: Any, order: OrderRequest, s: EngineState, action: int) -> str | None:
    """The reason to refuse an order; None approves it, and its quantity may have been made smaller.

    Raises
    ------
    StrategyError
        The answer is none, or the order cannot be made so.
    """
    if said is None or (isinstance(said, str) and said):
        return said
    if not isinstance(said, Real | Decimal) or isinstance(said, bool):
        raise StrategyError(
            f"the risk manager says {said!r:.60} of {order}",
            "None approves, text refuses for that reason, a number makes the order smaller",
        )
    a, terms = s.actions, s.terms
    i = a.instrument[action]
    lots = steps(float(said), terms.lots_per_unit[i], terms.lot_noise[i])
    if not 0 < lots <= a.quantity[action]:
        raise StrategyError(
            f"the risk manager makes {order} {said!r}; allowed: above 0 to {abs(order.quantity)}, on the grid",
            "refuse it with a reason, or use state.round_quantity",
        )
    a.quantity[action] = lots
    return None
