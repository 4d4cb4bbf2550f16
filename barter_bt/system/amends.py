"""Amends of the event-by-event engine: what they ask for, and what the exchange answers (rule 33)."""

from __future__ import annotations

from barter_bt.engine.amend import ask_amend, objection_to
from barter_bt.engine.order import CANCELLED, LIMIT, OPEN, REASONS, REQUESTED
from barter_bt.engine.state.amends import AMEND_IN_FLIGHT, AMEND_REASONS, ORDER_ENDED
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.protocol import (
    Amended,
    OrderAlreadyCancelled,
    OrderAlreadyFullyFilled,
    OrderRejected,
    OrderRequestAmend,
    OrderResponseAmend,
    RequestAmend,
)
from barter_bt.strategy.amend_request import HINTS
from barter_bt.system.book import Book
from barter_bt.system.conditions import distance_terms
from barter_bt.system.units import Units

NONE_IN_FLIGHT = -1
_HELD = ("trigger", "trail", "trail_rate", "activation")
_CODES = {text: code for code, text in (*enumerate(REASONS), *AMEND_REASONS.items()) if text}


def amend_values(s: EngineState, book: Book, units: Units, i: int, request: OrderRequestAmend) -> dict[str, int]:
    """The row of the order that a request amends, and what it gives: ``order`` and those of an amend; 0 stays.

    Raises
    ------
    DataError
        There is no such order, or it cannot be given that.
    """
    key, asked = request.key, request.state
    row = book.find(i, key.cid)
    if row is None:
        raise DataError(
            f"order {key.cid!r} of {key.instrument!r} is to be amended, and there is none",
            "an order can be amended once it has been sent",
        )
    for what, value in ((name, getattr(asked, name)) for name in ("price", "quantity", "trigger", "activation")):
        of_any_sign = what != "quantity" and s.terms.zero[i] > 0  # rule 76
        if value is not None and not (value.is_finite() and (value > 0 or of_any_sign)):
            raise DataError(f"order {key.cid!r} is to be amended to {what} {value}; it must be positive")
    ticks = 0 if asked.price is None else units.ticks(i, asked.price)
    lots = 0 if asked.quantity is None else units.lots(i, asked.quantity)
    held = held_terms(units, i, asked, f"an amend of order {key.cid!r}")
    objection = objection_to(s, row, ticks, lots, *held)
    if objection:
        what, hint = HINTS[objection]
        raise DataError(f"an amend of order {key.cid!r} {what}", hint)
    return {"order": row, "price": ticks, "quantity": lots} | dict(zip(_HELD, held, strict=True))


def held_terms(units: Units, i: int, asked: RequestAmend, where: str) -> tuple[int, int, int, int]:
    """Trigger, distance in ticks or as a rate, and activation price that an amend gives; 0 stays.

    Raises
    ------
    DataError
        A distance cannot be.
    """
    trigger = 0 if asked.trigger is None else units.ticks(i, asked.trigger)
    trail = (0, 0) if asked.trailing is None else distance_terms(units, i, asked.trailing, where, "trails by")
    activation = 0 if asked.activation is None else units.ticks(i, asked.activation)
    return trigger, *trail, activation


def write_amend(s: EngineState, values: dict[str, int]) -> int:
    """Write an amend into the actions; returns its row."""
    given = (values[name] for name in ("order", "price", "quantity", *_HELD))
    return ask_amend(s, *given)


def first_in_flight(s: EngineState, order: int) -> int:
    """The amend of an order that the exchange answers next."""
    for amend in range(s.engine.amends_first[0], len(s.amends)):
        if s.amends.order[amend] == order and s.amends.status[amend] == AMEND_IN_FLIGHT:
            return amend
    return NONE_IN_FLIGHT


def amended_values(s: EngineState, row: int, ticks: int, lots: int, trigger: int, state: Amended) -> dict[str, int]:
    """What a report says of an order that was amended: at most what is filled, it has ended."""
    o, ended = s.orders, lots <= s.orders.filled[row]
    return {
        "time_exchange": state.time_exchange,
        "price": ticks if o.kind[row] == LIMIT else 0,
        "order_quantity": o.quantity[row] if ended else lots,
        "trigger": o.trigger[row] if state.trigger is None else trigger,
        "status": CANCELLED if ended else OPEN,
        "reason": REQUESTED if ended else 0,
    }


def reason_of(response: OrderResponseAmend) -> int:
    """Why an amend failed, as far as there is a code for it; the event itself says all."""
    state = response.state
    if isinstance(state, OrderAlreadyCancelled | OrderAlreadyFullyFilled):
        return ORDER_ENDED
    return _CODES.get(state.message, 0) if isinstance(state, OrderRejected) else 0
