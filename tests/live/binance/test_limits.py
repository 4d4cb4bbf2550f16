"""Every limit is in force at an exchange: what is refused never reaches it, as its own log of requests says."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.live import Manual
from barter_bt.testing.exchange import LoopbackExchange
from tests.live.binance.rig import START, run
from tests.live.binance.test_session import Desk

POST = "POST /api/v3/order"
LOW = bt.OrderRequest("btc_usdt", 1, 99)
# Limits, what is asked for one after another, how much of it is sent, why the rest is refused. The price is 100.
CASES: list[tuple[dict[str, Any], list[Any], list[str], str | None]] = [
    ({"order_quantity": "0.5"}, [LOW], [], "order_quantity_limit"),
    ({"order_quantity": "0.5", "resize": True}, [LOW], ["0.5"], None),
    ({"order_notional": 50}, [LOW], [], "order_notional_limit"),
    ({"position_quantity": "1.5"}, [LOW, LOW], ["1"], "position_limit"),
    ({"position_notional": 150}, [LOW, LOW], ["1"], "position_notional_limit"),
    ({"open_orders": 1}, [LOW, LOW], ["1"], "open_orders_limit"),
    ({"order_rate": (1, "1h")}, [LOW, LOW], ["1"], "order_rate_limit"),
    ({"price_band": "1%"}, [bt.OrderRequest("btc_usdt", 1, 102)], [], "price_band"),
    ({"exposure": 150}, [LOW, LOW], ["1"], "exposure_limit"),
    ({"leverage": "0.15"}, [LOW, LOW], ["1"], "leverage_limit"),
    ({"by_instrument": {"btc_usdt": {"order_quantity": "0.5"}}}, [LOW], [], "order_quantity_limit"),
]
STOPS: list[dict[str, Any]] = [{"drawdown": "1%"}, {"daily_loss": 10}]


class Asks:
    """Asks for one thing after another, once there is a price."""

    def __init__(self, requests: list[Any]) -> None:
        self.left = list(requests)

    def generate_algo_orders(self, state: Any) -> Any:
        if not (self.left and state.price("btc_usdt")):
            return None
        return [], [self.left.pop(0)]


class FullMoon:
    """A risk manager of a user's own."""

    def check(self, state: object, order: object) -> str:
        return "full_moon"


def test_every_limit_has_a_case() -> None:
    asked = {name for limits, *_ in CASES for name in limits} | {name for limits in STOPS for name in limits}
    assert asked == {one.name for one in fields(bt.Limits)}


@pytest.mark.filterwarnings("ignore:the session ended")
@pytest.mark.parametrize(("limits", "asked", "sent", "reason"), CASES)
def test_what_a_limit_refuses_is_not_sent(
    limits: dict[str, Any], asked: list[Any], sent: list[str], reason: str | None
) -> None:
    run(lambda: _refused(bt.Limits(**limits), asked, sent, reason))


def test_what_a_risk_manager_refuses_is_not_sent() -> None:
    run(lambda: _refused(FullMoon(), [LOW], [], "full_moon"))


async def _refused(risk: Any, asked: list[Any], sent: list[str], reason: str | None) -> None:
    clock, strategy = Manual(START), Asks(asked)
    async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}) as exchange:
        desk = Desk(exchange, clock, risk=risk, strategy=strategy)
        handle = await desk.start()
        while strategy.left:
            await desk.said()
            await clock.set(clock.now() + 10**9)
        await desk.until(lambda: len(exchange.account.orders) == len(sent))
        for _ in range(200):
            await asyncio.sleep(0)
        made = await handle.shutdown()
        assert [route for route, _ in exchange.requests].count(POST) == len(sent)
        assert [one.quantity for one in exchange.account.orders] == [D(quantity) for quantity in sent]
        refused = made.orders.filter(pl.col("status") == "refused")
        assert refused["reason"].cast(str).to_list() == [reason] * (len(asked) - len(sent))
        assert made.orders.height == len(asked)


@pytest.mark.filterwarnings("ignore:the session ended")
@pytest.mark.parametrize("limits", STOPS)
def test_a_stop_cancels_and_closes_at_the_exchange(limits: dict[str, Any]) -> None:
    """Behind it nothing that the strategy asks for is sent."""

    async def test() -> None:
        clock, strategy = Manual(START), Asks([bt.OrderRequest("btc_usdt", 1), bt.OrderRequest("btc_usdt", 1, 50)])
        async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}, fee_in="quote") as exchange:
            desk = Desk(exchange, clock, risk=bt.Limits(**limits), strategy=strategy, prefix="p-")
            handle = await desk.start()
            exchange.quote("99.5", "100.5", "5")
            await exchange.flush()
            await desk.until(lambda: handle.view().position("btc_usdt") == 1 and handle.view().orders("btc_usdt"))
            await desk.until(lambda: not handle._host.session.unanswered())
            await clock.set(clock.now() + 10**9)
            exchange.quote("79.5", "80.5", "5")
            await exchange.flush()
            async with asyncio.timeout(90):
                await desk.until(lambda: handle.view().position("btc_usdt") == 0 and not desk.standing())
            assert handle.view().trading == bp.TradingState.DISABLED
            closing = exchange.account.orders[-1]
            assert (closing.side, closing.quantity, closing.client_id[:7]) == ("SELL", 1, "p-stop-")
            strategy.left, count = [LOW], [route for route, _ in exchange.requests].count(POST)
            await desk.said()
            assert strategy.left == [LOW]
            assert [route for route, _ in exchange.requests].count(POST) == count == 3
            await handle.shutdown()

    run(test)
