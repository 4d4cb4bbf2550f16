"""Rules 99 and 103: activation prices and distances in ticks, as requests of the event engine say them."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import DataError
from barter_bt.live.protocols import untold_conditions
from barter_bt.system import Engine
from barter_bt.system.conditions import conditions_at

A = bt.Instrument("x", "a_usd", price_increment="0.5", quantity_increment="1")
FINE = bt.Instrument("x", "a_usd", quantity_increment="1")
BUY, SELL = bp.Side.BUY, bp.Side.SELL
TRAILS = bp.Stop(None, bp.Ticks(4), D(103))


def opens(cid: str, side: bp.Side, given: bp.Conditions | None = None) -> Any:
    terms = bp.RequestOpen(side, D(0), D(1), bp.OrderKind.MARKET, bp.GoodUntilCancelled(False), given)
    return bp.OrderRequestOpen(bp.OrderKey("x", "a_usd", "s", cid), terms)


def amends(cid: str, **given: Any) -> Any:
    return bp.OrderRequestAmend(bp.OrderKey("x", "a_usd", "s", cid), bp.RequestAmend(**given))


def told(kind: Any) -> bp.Account:
    return bp.Account(bp.Item(bp.AccountEvent("x", kind)))


def engine_of(*requests: Any, instrument: bt.Instrument = A) -> tuple[Engine, list[Any]]:
    sent: list[Any] = []
    engine = Engine([instrument], send=sent.append, trading=bp.TradingState.ENABLED)
    engine.process(bp.Command(bp.SendOpenRequests(requests)))
    return engine, sent


def test_it_is_a_field_of_a_stop_that_is_left_out_without_one() -> None:
    assert bp.to_json(bp.Stop(None, bp.Ticks(4))) == '{"Stop":{"price":null,"trailing":{"Ticks":4}}}'
    text = '{"Stop":{"price":null,"trailing":{"Ticks":4},"activation":"103"}}'
    assert bp.to_json(TRAILS) == text
    ahead = bp.Protects("1", None, bp.Fraction(D("0.02")))
    assert bp.from_json(bp.Protects, bp.to_json(ahead)) == ahead


def test_ticks_are_those_of_the_instrument() -> None:
    """Four of a half, and a price of 206 of them."""
    engine, _ = engine_of(opens("1", SELL, bp.Conditions(trigger=TRAILS)))
    orders, units = engine.state.orders, engine.units
    assert (orders.trail[0], orders.activation[0], orders.activation_by[0]) == (4, 206, 0)
    known = conditions_at(engine.state, units, 0, lambda number: None)
    assert known == bp.Conditions(trigger=bp.Stop(None, bp.Distance(D(2)), D(103)))


def test_ticks_need_an_instrument_that_declares_them() -> None:
    with pytest.raises(DataError, match="whose tick is not declared"):
        engine_of(opens("1", SELL, bp.Conditions(trigger=TRAILS)), instrument=FINE)


def test_what_protects_is_told_the_price_that_its_distance_has_become() -> None:
    trigger = bp.Stop(None, bp.Distance(D(2)))
    given = bp.Conditions(trigger=trigger, reduce_only=True, protects=bp.Protects("1", None, bp.Distance(D(3))))
    engine, _ = engine_of(opens("1", BUY), opens("2", SELL, given))
    orders = engine.state.orders
    assert (orders.activation[1], orders.activation_by[1]) == (6, 2)
    key = bp.OrderKey("x", "a_usd", "s", "2")
    changed = bp.Amended("77", 5, D(0), D(1), None, True, D(103))
    engine.process(told(bp.OrderResponseAmend(key, changed)))
    assert (orders.activation[1], orders.activation_by[1]) == (206, 0)


def test_an_amend_gives_another_price_to_what_has_one() -> None:
    engine, sent = engine_of(opens("1", SELL, bp.Conditions(trigger=TRAILS)), opens("2", SELL))
    engine.process(bp.Command(bp.SendAmendRequests((amends("1", activation=D(105)),))))
    assert sent[-1].state == bp.RequestAmend(activation=D(105))
    engine.process(told(bp.OrderResponseAmend(sent[-1].key, bp.Amended("77", 5, D(0), D(1)))))
    assert engine.state.orders.activation[0] == 210
    with pytest.raises(DataError, match="gives an activation to an order that has none"):
        engine.process(bp.Command(bp.SendAmendRequests((amends("2", activation=D(105)),))))


def test_a_client_that_knows_no_triggers_cannot_be_told() -> None:
    assert untold_conditions(opens("1", SELL, bp.Conditions(trigger=TRAILS)), ()) == ["trigger"]
    assert untold_conditions(amends("1", activation=D(105)), ()) == ["trigger"]
