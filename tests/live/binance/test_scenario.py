"""One scenario of orders at the simulated exchange and at the loopback exchange: the same is told of each order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

from barter_bt import protocol as bp
from barter_bt.live import Manual, MockExchange, System, SystemHandle, binance
from barter_bt.testing.exchange import LoopbackExchange
from tests.live.binance.rig import BTC, POST, START, cancel, key, order, run

SELL = bp.Side.SELL
SCENARIO: list[Any] = [
    ("trade", "100", "BUY"),
    order("rests and fills", price="99"),
    ("trade", "98.5", "SELL"),
    order("is cancelled", price="97"),
    cancel("is cancelled"),
    order("sells", price="101", side=SELL, tif=POST),
    ("trade", "101.5", "BUY"),
    order("in two parts", price="99", quantity="2"),
    ("trade", "98.5", "SELL", "0.5"),
    ("trade", "98.5", "SELL", "4"),
    cancel("in two parts"),
    order("is too dear", price="99", quantity="1000"),
    order("is smaller", price="90", quantity="3"),
    bp.OrderRequestAmend(key("is smaller"), bp.RequestAmend(quantity=order(quantity="2").state.quantity)),
    cancel("is smaller"),
]


def cid_of(request: Any) -> Any:
    """A client id as the exchange allows it."""
    name = request.key.cid.replace(" ", "_")
    return type(request)(bp.OrderKey("binance_spot", "btc_usdt", "me", name), request.state)


async def told_of(handle: SystemHandle, exchange: LoopbackExchange, clock: Manual) -> dict[str, list[Any]]:
    """What the account tells of each order of the scenario."""
    told: dict[str, list[Any]] = defaultdict(list)
    owners: dict[str, str] = {}

    async def listen() -> None:
        async for audit in handle.audits():
            event: Any = audit.event
            if isinstance(event, bp.Account) and isinstance(event.event, bp.Item):
                note(event.event.value.kind)

    def note(kind: Any) -> None:
        if isinstance(kind, bp.Order | bp.OrderResponseCancel | bp.OrderResponseAmend):
            state: Any = kind.state
            owners.setdefault(getattr(state, "id", ""), kind.key.cid)
            fact = float(getattr(state, "filled_quantity", None) or getattr(state, "quantity", None) or 0)
            what = (type(getattr(state, "error", state)).__name__, fact)
            if isinstance(state, bp.Open) and state.filled_quantity == kind.quantity:
                what = ("FullyFilled", 0.0)  # two ways to say it
            if told[kind.key.cid][-1:] != [what]:
                told[kind.key.cid].append(what)
        elif isinstance(kind, bp.Trade):
            told[owners[kind.order_id]].append((str(kind.side), float(kind.price), float(kind.quantity)))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    for step in SCENARIO:
        if isinstance(step, tuple):
            exchange.trade(step[1], (*step, "5")[3], step[2])
            await exchange.flush()
        elif isinstance(step, bp.OrderRequestOpen):
            await handle.send_open_requests([cid_of(step)])
        elif isinstance(step, bp.OrderRequestCancel):
            await handle.send_cancel_requests([cid_of(step)])
        else:
            await handle.send_amend_requests([cid_of(step)])
        for _ in range(150):
            await asyncio.sleep(0)
        await clock.set(clock.now() + 10**9)
    await handle.abort()
    await listening
    return dict(told)


def test_the_simulated_and_the_loopback_exchange_tell_the_same() -> None:
    async def test() -> None:
        given: dict[str, Any] = {"reconcile": False}
        clock = Manual(START)
        async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}, fee_in="quote", fee="0") as exchange:
            there = {"endpoints": exchange.endpoints, "clock": clock}
            account = binance.BinanceAccount([BTC], binance.Keys("key", "secret"), dry_run=False, **there)
            market = binance.BinanceMarket([BTC], ["trades"], **there)
            made = System([BTC], sources=[account, market], clients=[account], clock=clock, **given)
            handle = await made.start()
            await account.ready()
            at_exchange = await told_of(handle, exchange, clock)
        clock = Manual(START)
        async with LoopbackExchange(clock) as exchange:
            market = binance.BinanceMarket([BTC], ["trades"], endpoints=exchange.endpoints, clock=clock)
            mock = MockExchange(market, [BTC], clock=clock, fills_on=["trades"], balances={"usdt": 1000})
            made = System(sources=[mock], clients=[mock], clock=clock, **mock.engine_arguments(), **given)
            handle = await made.start()
            while not exchange.sockets.open:
                await asyncio.sleep(0)
            simulated = await told_of(handle, exchange, clock)
        assert at_exchange == simulated
        assert len(at_exchange) == 6

    run(test)
