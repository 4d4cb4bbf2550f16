"""Conditions of requests in the event engine (rule 99)."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.order import PARENT_ENDED, REFUSED
from barter_bt.engine.state.position import unrealised
from barter_bt.engine.state.valuation import equity
from barter_bt.errors import BarterBtError
from barter_bt.system import Engine, Strategy

X = bt.Instrument("x", "a_usd", price_increment="1", quantity_increment="1")
BUY, SELL = bp.Side.BUY, bp.Side.SELL
PROTECTS = bp.Conditions(reduce_only=True, protects=bp.Protects("entry"))


def asked(cid: str, side: bp.Side, quantity: int, price: int = 0, given: bp.Conditions | None = None) -> Any:
    kind = bp.OrderKind.LIMIT if price else bp.OrderKind.MARKET
    terms = bp.RequestOpen(side, D(price), D(quantity), kind, bp.GoodUntilCancelled(False), given)
    return bp.OrderRequestOpen(bp.OrderKey(0, 0, "s", cid), terms)


def commanded(engine: Engine, *requests: Any) -> Any:
    return engine.process(bp.Command(bp.SendOpenRequests(requests)))


def told(kind: Any) -> Any:
    return bp.Account(bp.Item(bp.AccountEvent(0, kind)))


def holding(quantity: int, **options: Any) -> tuple[Engine, list[Any]]:
    """An engine with a position, and what it sends."""
    sent: list[Any] = []
    engine = Engine([X], send=sent.append, **options)
    engine.process(told(bp.Trade("t", "id", 0, "s", 1, BUY, D(100), D(quantity), bp.AssetFees(None, D(0)))))
    return engine, sent


def test_what_only_reduces_is_not_protected() -> None:
    """Rule 31: a sale of less than is held; one that turns the position is."""
    engine, sent = holding(5)
    commanded(engine, asked("entry", SELL, 2), asked("p", BUY, 2, 90, PROTECTS))
    assert [one.key.cid for one in sent] == ["entry"]
    again = bp.Conditions(reduce_only=True, protects=bp.Protects("turn"))
    commanded(engine, asked("turn", SELL, 9), asked("q", BUY, 9, 90, again))
    assert [one.key.cid for one in sent] == ["entry", "turn", "q"]


def test_what_protects_has_the_quantity_of_its_entry() -> None:
    engine, sent = holding(1)
    with pytest.raises(BarterBtError, match="of another quantity"):
        commanded(engine, asked("entry", BUY, 2), asked("p", SELL, 1, 120, PROTECTS))
    assert sent == []


@pytest.mark.parametrize("risk_check", ["each", "together"])
def test_limits_are_asked_of_the_entry_alone(risk_check: Any) -> None:
    """Rule 31: made smaller, so is what protects it; refused, it is refused with it."""

    class Brackets(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            return (), [asked("entry", BUY, 9), asked("p", SELL, 9, 120, PROTECTS)] if sizes.pop() else []

    for resize in (True, False):
        sizes, sent = [False, True], list[Any]()
        limits = bt.Limits(order_quantity=4, resize=resize)
        trading = bp.TradingState.ENABLED
        engine = Engine([X], Brackets(), risk=limits, risk_check=risk_check, trading=trading, send=sent.append)
        trade = bp.PublicTrade("1", 100.0, 1.0, BUY)
        engine.process(bp.Market(bp.Item(bp.MarketEvent(1, 1, 0, 0, trade))))
        o = engine.state.orders
        assert [one.state.quantity for one in sent] == ([D(4), D(4)] if resize else [])
        assert o.array("quantity_requested").tolist() == [9, 4 if resize else 9]
        assert [o.status[k] == REFUSED for k in range(2)] == [not resize] * 2
        assert (o.reason[1] == PARENT_ENDED) is not resize


def test_what_depends_on_an_order_that_cannot_be_sent_is_not_sent() -> None:
    """A take profit alone would sell what was never bought."""
    error = bp.ExecutionChannelUnhealthy("no link")
    tried: list[str] = []

    def send(request: Any) -> Any:
        tried.append(request.key.cid)
        return error

    engine = Engine([X], send=send)
    follows, pair = bp.Conditions(after="entry"), bp.Conditions(group="entry")
    first = asked("entry", BUY, 1, 90, pair)
    rest = asked("p", SELL, 1, 120, PROTECTS), asked("then", SELL, 1, 0, follows), asked("other", BUY, 1, 80, pair)
    audit = commanded(engine, first, *rest)
    assert tried == ["entry"]
    assert [one.key.cid for one, _ in audit.outputs[0].opens.errors] == ["entry", "p", "then", "other"]
    assert len(engine.state.orders) == 0


def test_an_order_that_was_not_sent_is_adopted_with_its_conditions() -> None:
    """As after a restart; what it depends on is known if that is adopted, too."""
    engine = Engine([X])
    stop = bp.Conditions(bp.Stop(D(90), bp.Fraction(D("0.02"))), reduce_only=True, protects=bp.Protects("entry"))
    found = [
        bp.Order(asked(cid, side, 1).key, side, D(95), D(1), kind, bp.GoodUntilCancelled(False), state, given)
        for cid, side, kind, state, given in (
            ("entry", BUY, bp.OrderKind.LIMIT, bp.Open("1", 1, D(0)), None),
            ("stop", SELL, bp.OrderKind.MARKET, bp.Open("2", 1, D(0)), stop),
        )
    ]
    listed = bp.InstrumentAccountSnapshot(0, tuple(found))
    engine.process(told(bp.AccountSnapshot(0, (), (listed,))))
    assert engine.state.orders.array("parent").tolist() == [-1, 0]
    assert engine.orders("a_usd")[1].conditions == stop
    triggered = bp.Conditions(triggered=7)
    again = bp.Order(
        found[1].key, SELL, D(0), D(1), bp.OrderKind.MARKET, found[1].time_in_force, found[1].state, triggered
    )
    engine.process(told(again))
    assert engine.orders("a_usd")[1].conditions.triggered == 7  # type: ignore[union-attr]


def test_a_deposit_is_no_profit() -> None:
    """Rule 100: told as a cash flow it moves what losses are counted from; as a balance it would look like one."""
    flow = bp.CashFlow(bp.CashFlowKind.DEPOSIT, "usd", D(-500), 2, bp.Balance(D(500), D(500)))
    engine = Engine([X], balances={"usd": 1_000}, risk=bt.Limits(drawdown=0.1), trading=bp.TradingState.ENABLED)
    assert engine.mark(1) is None
    engine.process(told(flow))
    assert engine.mark(3) is None
    assert engine.balance("usd")[0] == 500
    assert engine.state.payments.array("amount").tolist() == [-500 * engine.state.assets.units_per_unit[1]]
    engine.process(told(bp.AssetBalance("usd", bp.Balance(D(400), D(400)), 4)))
    assert engine.mark(5) is not None


def test_variation_margin_is_a_part_of_what_a_position_has_gained() -> None:
    """Rule 102: two of ten at 100; of 80 that they have gained, 60 are paid, and the position is worth so much less."""
    future = bt.Instrument("x", "f_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)
    engine = Engine([future], balances={"usd": 10_000}, venues=bt.Venue(margin=bt.Margin(0.5)))
    fees, flows = bp.AssetFees(None, D(0)), bp.CashFlowKind.VARIATION
    price = bp.MarketEvent(1, 1, "x", 0, bp.PublicTrade("1", 104.0, 1.0, BUY))
    engine.process(told(bp.Trade("1", "o", 0, "s", 1, BUY, D(100), D(2), fees)))
    engine.process(bp.Market(bp.Item(price)))
    unit = engine.state.assets.units_per_unit[engine.state.terms.quote[0]]
    assert (unrealised(engine.state, 0), equity(engine.state)) == (80 * unit, 10_080 * unit)
    engine.process(told(bp.CashFlow(flows, "usd", D(60), 2, bp.Balance(D(10_060), D(10_060)), 0)))
    assert (unrealised(engine.state, 0), equity(engine.state)) == (80 * unit, 10_080 * unit)
    engine.process(told(bp.Trade("2", "o", 0, "s", 3, SELL, D(104), D(2), fees)))
    engine.process(told(bp.AssetBalance("usd", bp.Balance(D(10_080), D(10_080)), 3)))
    assert (engine.state.positions.realised[0], equity(engine.state)) == (80 * unit, 10_080 * unit)
