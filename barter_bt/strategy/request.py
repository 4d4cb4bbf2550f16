"""Orders as strategies in Python ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from barter_bt.columns.exact import bounded_sum
from barter_bt.data.moment import moment
from barter_bt.engine.action.protect import BY_PRICE, ask_protection, is_on_wrong_side
from barter_bt.engine.action.send import ask, order_of
from barter_bt.engine.order import ASKED_TIMES, BUY, LIMIT, MARKET, NO_TRIGGER, SELL
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.targets import size_at_fill
from barter_bt.engine.terms import price_steps, steps
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.strategy.amend_request import AmendRequest, ask_for_amend
from barter_bt.strategy.asking import NOTHING_ASKED, ask_exercise
from barter_bt.strategy.margin_request import MarginRequest, ask_for_margin
from barter_bt.strategy.timing import TIMING, check_post_only, timing_terms
from barter_bt.strategy.triggers import (
    PROTECTION,
    RIGHT_SIDE,
    TRIGGERS,
    WRONG_SIDE,
    protection_terms,
    trigger_by_code,
    trigger_terms,
)

_PLAIN = (tuple, list)


@dataclass(frozen=True, slots=True, repr=False)
class OrderRequest:
    """An order to open: a positive quantity buys, a negative one sells; without a price it is a market order.

    Quantity and prices are numbers, also of NumPy or ``Decimal``, on the instrument's grid. ``resize``: like a target
    of the signals driver, the order may be cut to what can be paid. ``reduce_only``: it never opens or enlarges a
    position. ``good_till``: it ends at that time of its exchange (rule 35), a datetime with a zone, or ns since 1970;
    ``good_after``: until then its exchange holds it back.

    ``time_in_force`` is ``"gtc"``, ``"ioc"``, ``"fok"`` or, where ``sessions`` of the instrument are given, ``"day"``:
    until the close of the present session, else of the next, ``"at_open"``: at the open of the next session, or
    ``"at_close"``: at the close of the present session, else of the next (rule 35). ``candle_fill`` says which price of
    a candle it meets (rule 36): ``"next_open"``, ``"next_close"`` or ``"this_close"``; without it its exchange does.

    An order is held for a trigger (rule 28) until the price has gone against the trader to ``stop``, or in the
    trader's favour to ``if_touched``; or until the price has turned by ``trailing``, in price, ``trailing_rate``, a
    fraction of it, or ``trailing_ticks``, from its best (``stop`` is then where the trigger starts). With an
    ``activation`` it follows the best only from when that price was reached (rule 103).

    An entry is protected (rule 31) by ``stop_loss`` or ``trailing_stop`` or both, and by ``take_profit``: orders of
    their own that wait for its first fill, of which the first that fills ends the others. By ``protect_by`` they are
    prices, or a ``"distance"`` from the entry's price, that in ``"ticks"``, or a ``"fraction"`` of it;
    ``trailing_stop`` is never a price. It trails from when the price has come to ``trailing_activation``, if that is
    given. ``trigger_by`` says which prices its trigger and its stops look at: ``"last"``, ``"quote"`` or ``"mark"``
    (rule 28); without it its exchange does.

    A market order may be sized at its fill (rule 61): ``worth`` is what the position shall be worth then, with the fee,
    in its quote or settlement asset, below 0 short. ``quantity`` says the side, and what limits are asked of.

    Of the orders of one answer that have the same ``group``, any label, the first that fills ends the others (rule 57).
    One with ``after``, a request before it in the same answer, waits until that has filled whole (rule 58).

    ``exercise``: it meets no market; so many contracts of an American option that is held, with a negative quantity,
    are exercised (rule 64). It has no other terms.
    """

    instrument: str | int
    quantity: float
    price: float | None = None
    time_in_force: str = "gtc"
    post_only: bool = False
    resize: bool = False
    reduce_only: bool = False
    stop: float | None = None
    if_touched: float | None = None
    trailing: float | None = None
    trailing_rate: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    protect_by: str = "price"
    good_till: datetime | int | None = None
    group: str | int | None = None
    after: OrderRequest | None = None
    good_after: datetime | int | None = None
    candle_fill: str | None = None
    trigger_by: str | None = None
    worth: float | None = None
    exercise: bool = False
    trailing_ticks: int | None = None
    activation: float | None = None
    trailing_activation: float | None = None

    def __repr__(self) -> str:
        """The request as it is written, without what is left out."""
        given = [(name, getattr(self, name), default) for name, default in _DEFAULTS]
        return f"OrderRequest({', '.join([f'{name}={value!r}' for name, value, default in given if value != default])})"


Request = OrderRequest | AmendRequest | MarginRequest
"""What a strategy in Python asks for beside cancels."""
_DEFAULTS = tuple((one.name, one.default) for one in fields(OrderRequest))


class _Where:
    """Which request is meant, and when: text that is made only where an error needs it."""

    __slots__ = ("_ns", "_request")

    def __init__(self, request: OrderRequest, ns: int) -> None:
        self._request, self._ns = request, ns

    def __str__(self) -> str:
        return f"{self._request} at {moment(self._ns)}"


def is_nothing(asked: Any) -> bool:
    """Whether a strategy's answer is plainly that it wants nothing, as it mostly is."""
    if type(asked) is tuple and len(asked) == 2:
        cancels, opens = asked
        return type(cancels) in _PLAIN and type(opens) in _PLAIN and not cancels and not opens
    return asked is None


def answer(asked: Any) -> tuple[list[int], list[Request]]:
    """A strategy's answer as orders to cancel, and orders to open or to amend."""
    hint = "return [], [OrderRequest(...)]"
    if not isinstance(asked, tuple | list) or len(asked) != 2 or isinstance(asked[0], Request):
        raise StrategyError(
            f"the strategy returned {asked!r:.80}; it must return two things: orders to cancel, and orders to open",
            hint,
        )
    for part in asked:
        if not isinstance(part, Iterable) or isinstance(part, str):
            raise StrategyError(f"the strategy returned {part!r:.80} where a list belongs", hint)
    cancels, opens = list(asked[0]), list(asked[1])
    for order in cancels:
        if not isinstance(order, Integral) or isinstance(order, bool):
            raise StrategyError(f"the strategy cancels {order!r:.80}; an order is cancelled by its number", hint)
    for request in opens:
        if not isinstance(request, Request):
            raise StrategyError(
                f"the strategy opens {request!r:.80}; it must be an OrderRequest, an AmendRequest or a MarginRequest",
                hint,
            )
    return [int(order) for order in cancels], opens


def ask_for_requests(s: EngineState, index: IndexedInstruments, asked: Sequence[Request]) -> None:
    """Add what an answer asks for to the actions."""
    rows: dict[int, int] = {}
    requests = [one for one in asked if isinstance(one, OrderRequest)]
    for one in asked:
        if isinstance(one, AmendRequest):
            ask_for_amend(s, one)
        elif isinstance(one, MarginRequest):
            ask_for_margin(s, index, one)
    for request in requests:
        row = _ask_for(s, index, request)
        if request.after is not None or request.group is not None:
            where = _Where(request, s.engine.time[0])
            earlier = [(other, rows[id(other)]) for other in requests if id(other) in rows]
            if request.after is not None:
                follow(s, row, next((r for other, r in earlier if other is request.after), None), where)
            if request.group is not None:
                group(s, row, next((r for other, r in earlier if other.group == request.group), row), where)
        rows[id(request)] = row


def follow(s: EngineState, row: int, parent: int | None, where: object) -> None:
    """Let an order that is asked for wait for another.

    Raises
    ------
    StrategyError
        That is not asked for before it, or at another exchange.
    """
    a, exchange = s.actions, s.terms.exchange
    if parent is None:
        raise StrategyError(f"{where}: what it comes after is not asked for before it", "return that request first")
    if exchange[a.instrument[row]] != exchange[a.instrument[parent]]:
        raise StrategyError(f"{where} comes after an order at another exchange", "one exchange cannot see the other")
    a.follows[row], a.parent[row] = 1, order_of(parent)


def group(s: EngineState, row: int, first: int, where: object) -> None:
    """Let an order that is asked for be of a group.

    Raises
    ------
    StrategyError
        The group's first is at another exchange.
    """
    a, exchange = s.actions, s.terms.exchange
    if exchange[a.instrument[row]] != exchange[a.instrument[first]]:
        raise StrategyError(f"{where} is of a group at another exchange", "one exchange cannot see the other")
    a.group[row] = order_of(first)


def _ask_for(s: EngineState, index: IndexedInstruments, request: OrderRequest) -> int:
    """Add what a request asks for to the actions; returns its row."""
    i = index.instrument(request.instrument)
    quantity = _number(request, request.quantity, "quantity", s)
    if request.exercise:
        return _exercise(s, i, request, quantity)
    lots = steps(abs(quantity), s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    ticks = 0
    if request.price is not None:
        price = _number(request, request.price, "price", s)
        ticks = price_steps(s.terms, i, price)
    if lots <= 0 or ticks < 0 or (request.price is not None and ticks == 0):
        raise _off_grid(s, i, request, index.names[i], "quantity" if lots <= 0 else "price")
    if request.time_in_force not in ASKED_TIMES:
        raise StrategyError(
            f"{request} at {moment(s.engine.time[0])}: time_in_force is {request.time_in_force!r}; "
            f"allowed: {', '.join(ASKED_TIMES)}"
        )
    for name in ("post_only", "resize", "reduce_only"):
        if getattr(request, name) not in (False, True):
            raise StrategyError(
                f"{request} at {moment(s.engine.time[0])}: {name} is {getattr(request, name)!r}; allowed: True, False"
            )
    asked = {name: getattr(request, name) for name in TRIGGERS if getattr(request, name) is not None}
    asked = {name: _number(request, value, name, s) for name, value in asked.items()}
    where = _Where(request, s.engine.time[0])
    side = BUY if quantity > 0 else SELL
    held = trigger_terms(s.terms, i, where, asked, side=side, post_only=request.post_only) if asked else {}
    kind = MARKET if request.price is None else LIMIT
    tif = ASKED_TIMES.index(request.time_in_force)
    asked_times = {name: getattr(request, name) for name in TIMING if getattr(request, name) is not None}
    times = timing_terms(asked_times, s.engine.time[0], tif, where, is_limit=kind == LIMIT, is_held=bool(held))
    if request.post_only:
        check_post_only(where, tif, is_limit=kind == LIMIT)
    row = ask(s, i, side, kind, tif, int(request.post_only), ticks, lots)
    for column, value in times.items():
        getattr(s.actions, column)[row] = value
    s.actions.resize[row] = int(request.resize)
    s.actions.reduce_only[row] = int(request.reduce_only)
    for column, value in held.items():
        getattr(s.actions, column)[row] = value
    has_stop = bool(held) or request.stop_loss is not None or request.trailing_stop is not None
    s.actions.trigger_by[row] = trigger_by_code(request.trigger_by, where, has_stop=has_stop)
    if request.worth is not None:
        _size_at_fill(s, i, row, request)
    _protect(s, i, row, request)
    return row


def _off_grid(s: EngineState, i: int, request: OrderRequest, instrument: str, name: str) -> StrategyError:
    """The error of a quantity or price that is no whole number of steps, or none at all."""
    t = s.terms
    step = 1 / (t.lots_per_unit[i] if name == "quantity" else t.ticks_per_unit[i])
    above = "" if name == "price" and t.zero[i] else " above 0" if name == "price" else " other than 0"
    return StrategyError(
        f"{request} at {moment(s.engine.time[0])} is off the grid of {instrument!r}: "
        f"{name} is {getattr(request, name)}; allowed: multiples of {step:.12g}{above}",
        "use round_price and round_quantity; more than 4.6e18 lots need a coarser quantity_increment",
    )


def _size_at_fill(s: EngineState, i: int, row: int, request: OrderRequest) -> None:
    """Let an order be sized at its fill."""
    a, worth = s.actions, _number(request, request.worth, "worth", s)
    where = _Where(request, s.engine.time[0])
    if a.kind[row] != MARKET or a.trigger_kind[row] != NO_TRIGGER or a.reduce_only[row]:
        raise StrategyError(f"{where} has worth", "only a market order, without a trigger, is sized at its fill")
    value = steps(abs(worth), s.assets.units_per_unit[s.terms.quote[i]], 1.0)
    if value <= 0:
        raise StrategyError(f"{where}: worth is {worth}, less than a unit of money or more than can be counted")
    held = bounded_sum(s.instruments.quantity[i], s.instruments.working[i])
    size_at_fill(s, row, BUY if worth > 0 else SELL, value, held, 1)


def _exercise(s: EngineState, i: int, request: OrderRequest, quantity: float) -> int:
    """Ask to exercise an option; returns its row."""
    if request != OrderRequest(request.instrument, request.quantity, exercise=True) or not quantity < 0:
        raise StrategyError(
            f"{request} at {moment(s.engine.time[0])} exercises, with other terms or a quantity that is not negative",
            "state.exercise(instrument, contracts) gives such a request",
        )
    row = ask_exercise(s, i, -quantity)
    if row == NOTHING_ASKED:
        raise StrategyError(f"{request} at {moment(s.engine.time[0])} is off the grid", "use round_quantity")
    return row


def _protect(s: EngineState, i: int, row: int, request: OrderRequest) -> None:
    """Ask for what protects an entry."""
    asked = {name: getattr(request, name) for name in PROTECTION if getattr(request, name) is not None}
    if not asked:
        return
    where = _Where(request, s.engine.time[0])
    if request.reduce_only:
        raise StrategyError(f"{where} is reduce_only and has {next(iter(asked))}", "protect what opens a position")
    numbers = {name: _number(request, value, name, s) for name, value in asked.items()}
    unit, *amounts = protection_terms(s.terms, i, where, numbers, request.protect_by)
    own, side = s.actions.price[row] or s.actions.trigger[row], s.actions.side[row]
    if unit == BY_PRICE and is_on_wrong_side(side, own, amounts[0], amounts[1], amounts[3]):
        raise StrategyError(f"{where} {WRONG_SIDE}", RIGHT_SIDE)
    ask_protection(s, row, unit, *amounts)


def _number(request: OrderRequest, value: Any, what: str, s: EngineState) -> float:
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        return float(value)
    raise StrategyError(
        f"{request} at {moment(s.engine.time[0])}: {what} is {value!r}; it must be a number",
        "2 % is 0.02, and text becomes a number by float(...)" if isinstance(value, str) else None,
    )
