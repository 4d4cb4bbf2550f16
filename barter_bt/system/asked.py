"""What a strategy of backtests has asked for on an engine's state, as requests."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from barter_bt.engine.action.send import MARGIN, NO_ORDER, action_of
from barter_bt.engine.amend import is_amend, order_of_amend
from barter_bt.engine.order import BUY
from barter_bt.protocol import (
    MarginRequest,
    OrderKey,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    RequestAmend,
    RequestCancel,
    RequestOpen,
    Side,
)
from barter_bt.system.acting import Acting
from barter_bt.system.book import kind_and_time
from barter_bt.system.conditions import conditions_of, distance_of
from barter_bt.system.decider import AmongOpens

Asked: TypeAlias = tuple[list[OrderRequestCancel], list[AmongOpens]]


def requests_asked(engine: Acting, strategy: str, prefix: str, number: int) -> tuple[Asked, int]:
    """The actions of a state as requests, and the number behind that of the last open; refused ones are recorded.

    Parameters
    ----------
    engine
        Whose state has been asked.
    strategy, prefix, number
        Of the client ids: an open goes by the prefix and a number, from this one on.
    """
    s, a = engine.state, engine.state.actions
    cancels: list[OrderRequestCancel] = []
    opens: list[AmongOpens] = []
    cids: dict[int, str] = {}
    number = max(number, len(s.orders))
    for row in range(len(a)):
        if a.order[row] >= 0:
            cancels.append(OrderRequestCancel(engine.key_of(a.order[row]), RequestCancel()))
        elif a.order[row] == MARGIN:
            opens.append(_margin(engine, row))
        elif is_amend(s, row):
            opens.append(_amend(engine, row))
        elif a.order[row] == NO_ORDER and a.refused[row]:
            engine.note_refused(row, f"{prefix}{number}")
            number += 1
        elif a.order[row] == NO_ORDER:
            cids[row] = f"{prefix}{number}"
            opens.append(_open(engine, row, strategy, cids))
            number += 1
    return (cancels, opens), number


def _open(engine: Acting, row: int, strategy: str, cids: dict[int, str]) -> OrderRequestOpen:
    a, i, units = engine.state.actions, engine.state.actions.instrument[row], engine.units
    side = Side.BUY if a.side[row] == BUY else Side.SELL
    kind, tif = kind_and_time(a.kind[row], a.time_in_force[row], a.post_only[row])
    price, quantity = units.price(i, a.price[row]) if a.price[row] else Decimal(0), a.quantity[row]
    given = conditions_of(engine.state, units, a, row, lambda order: cids[action_of(order)], lambda entry: cids[entry])
    terms = RequestOpen(side, price, units.quantity(i, quantity), kind, tif, given)
    return OrderRequestOpen(OrderKey(engine.exchange_of(i), i, strategy, cids[row]), terms)


def _amend(engine: Acting, row: int) -> OrderRequestAmend:
    a, i, units = engine.state.actions, engine.state.actions.instrument[row], engine.units
    given = RequestAmend(
        price=units.price(i, a.price[row]) if a.price[row] else None,
        quantity=units.quantity(i, a.quantity[row]) if a.quantity[row] else None,
        trigger=units.price(i, a.trigger[row]) if a.trigger[row] else None,
        trailing=distance_of(units, i, a.trail[row], a.trail_rate[row]),
        activation=units.price(i, a.activation[row]) if a.activation[row] else None,
    )
    return OrderRequestAmend(engine.key_of(order_of_amend(engine.state, row)), given)


def _margin(engine: Acting, row: int) -> MarginRequest:
    a, i = engine.state.actions, engine.state.actions.instrument[row]
    return MarginRequest(engine.exchange_of(i), i, engine.units.in_quote(i, a.quantity[row]))
