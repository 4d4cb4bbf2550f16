"""Rule 33 in the engine that is told one event at a time: requests, answers, limits, what its replica knows."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import DataError
from barter_bt.instrument import Instrument
from barter_bt.system import Engine, Strategy

KEY = bp.OrderKey("x", "a_usd", "s", "1")
A = Instrument("x", "a_usd", price_increment="0.5", quantity_increment="0.1")


class Plan(Strategy):
    """Asks for what stands at the head of a list at each trade."""

    def __init__(self, *asked: Any) -> None:
        self.asked = list(asked)

    def generate_algo_orders(self, engine: Engine) -> Any:
        return ((), self.asked.pop(0)) if self.asked else ((), ())


def opens(quantity: str = "2") -> bp.OrderRequestOpen:
    terms = bp.RequestOpen(bp.Side.BUY, D(90), D(quantity), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
    return bp.OrderRequestOpen(KEY, terms)


def amends(price: str | None = None, quantity: str | None = None) -> bp.OrderRequestAmend:
    given = (None if value is None else D(value) for value in (price, quantity))
    return bp.OrderRequestAmend(KEY, bp.RequestAmend(None, *given))


def trade(time: int) -> bp.Market:
    return bp.Market(bp.Item(bp.MarketEvent(time, time, "x", "a_usd", bp.PublicTrade("1", 100.0, 1.0, bp.Side.BUY))))


def told(kind: Any) -> bp.Account:
    return bp.Account(bp.Item(bp.AccountEvent("x", kind)))


def answer(time: int, price: str, quantity: str) -> bp.Account:
    return told(bp.OrderResponseAmend(KEY, bp.Amended("77", time, D(price), D(quantity))))


def engine_of(*asked: Any, **options: Any) -> tuple[Engine, StateReplica]:
    engine = Engine([A], Plan(*asked), balances={"usd": 1000}, trading=bp.TradingState.ENABLED, **options)
    return engine, StateReplica(engine.state)


def test_an_order_is_amended_and_its_replica_follows():
    """Two in flight are answered in the order sent; the order has the terms that the exchange tells."""
    engine, replica = engine_of([opens()], [amends("91")], [amends(None, "3")])
    audits = [engine.process(trade(time)) for time in (1, 2, 3)]
    assert [one.outputs[0].opens.sent for one in audits] == [(opens(),), (amends("91"),), (amends(None, "3"),)]
    assert engine.amends_in_flight("a_usd", "1") == 2
    engine.process(answer(4, "91", "2"))
    engine.process(answer(5, "91", "3"))
    (order,) = engine.orders("a_usd")
    assert (order.price, order.quantity, engine.amends_in_flight("a_usd", "1")) == (91, 3, 0)
    assert engine.state.instruments.working[0] == 30
    replica.follow(engine.state)
    assert differences(replica.state, engine.state) == []


def test_an_amend_that_fails_leaves_the_order():
    engine, _ = engine_of([opens()], [amends("91")])
    for event in (trade(1), trade(2), told(bp.OrderResponseAmend(KEY, bp.OrderRejected("post only")))):
        engine.process(event)
    assert engine.orders("a_usd")[0].price == 90
    assert engine.state.amends.status[0] == 2


def test_what_is_filled_or_being_cancelled_is_refused():
    engine, _ = engine_of([opens()], [amends("91")])
    engine.process(trade(1))
    cancel = bp.Command(bp.SendCancelRequests(bp.OrderRequestCancel(KEY, bp.RequestCancel(None))))
    _, output = engine.process(cancel).outputs  # what the command sent, and what the strategy asked for then
    assert [(one.request, one.reason) for one in output.refused] == [(amends("91"), "order_ended")]


def test_limits_and_managers_see_what_is_added_and_commands_pass_them():
    class Less:
        def check(self, state: Any, order: Any) -> Any:
            seen.append(order.quantity)
            return 1 if order.quantity == 4 else None

    seen: list[float] = []
    engine, _ = engine_of(
        [opens()], [amends(None, "20")], [amends(None, "6")], risk=[bt.Limits(position_quantity=10), Less()]
    )
    audits = [engine.process(trade(time)) for time in (1, 2, 3)]
    assert audits[1].outputs[0].refused[0].reason == "position_limit"
    assert audits[2].outputs[0].opens.sent == (amends(None, "3.0"),)
    assert seen == [2, 4]
    engine.process(bp.Command(bp.SendAmendRequests(amends(None, "20"))))
    assert engine.amends_in_flight("a_usd", "1") == 2


def test_what_cannot_be_is_an_error():
    engine, _ = engine_of([opens()])
    engine.process(trade(1))
    for request, says in ((amends("-1"), "must be positive"), (amends(), "gives nothing"), (amends("90.3"), "whole")):
        with pytest.raises(DataError, match=says):
            engine.process(bp.Command(bp.SendAmendRequests(request)))
    other = bp.OrderRequestAmend(bp.OrderKey("x", "a_usd", "s", "2"), bp.RequestAmend(price=D(1)))
    with pytest.raises(DataError, match="there is none"):
        engine.process(bp.Command(bp.SendAmendRequests(other)))


def test_the_exchange_may_change_an_order_by_itself_or_say_that_it_has_ended():
    engine, _ = engine_of([opens()], [amends(None, "1")])
    engine.process(trade(1))
    engine.process(answer(2, "89.5", "1.5"))
    assert engine.orders("a_usd")[0].price == D("89.5")
    snapshot = bp.Order(
        KEY,
        bp.Side.BUY,
        D(90),
        D("1.5"),
        bp.OrderKind.LIMIT,
        bp.GoodUntilCancelled(False),
        bp.Open("77", 3, D(1)),
    )
    engine.process(told(snapshot))
    engine.process(answer(4, "89.5", "1"))
    assert engine.orders("a_usd") == []
    assert bp.from_dict(bp.EngineEvent, bp.to_dict(answer(4, "1", "2"), bp.EngineEvent)) == answer(4, "1", "2")
