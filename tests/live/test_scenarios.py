"""Scenarios of orders in files, at the simulated exchange and at the loopback exchange: their reports are equal."""

from __future__ import annotations

import asyncio
import tomllib
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.live import Manual, MockExchange, System, SystemHandle, binance
from barter_bt.testing.exchange import LoopbackExchange, LoopbackFutures
from tests.live.binance.futures_rig import PERP
from tests.live.binance.rig import BTC, FOK, GTC, IOC, POST, START, run

SPOT, PERPETUAL = (replace(one, notional_min="5") for one in (BTC, PERP))
FILES = sorted((Path(__file__).parent / "scenarios").glob("*.toml"))
TIMES = {"gtc": GTC, "ioc": IOC, "fok": FOK, "post": POST}
Step = dict[str, Any]


class Session:
    """Goes through the steps of a scenario at an exchange, and notes what is told of each order."""

    def __init__(self, scenario: Step, handle: SystemHandle, exchange: LoopbackExchange, clock: Manual) -> None:
        self.scenario, self.handle, self.exchange, self.clock = scenario, handle, exchange, clock
        self.told: dict[str, list[Any]] = defaultdict(list)
        self._owners: dict[str, str] = {}

    async def run(self) -> dict[str, Any]:
        """All steps; the reports of each order, and what there is in the end."""
        listening = asyncio.create_task(self._listen())
        await asyncio.sleep(0)
        for step in self.scenario["steps"]:
            await self._do(step)
            for _ in range(150):
                await asyncio.sleep(0)
            await self.clock.set(self.clock.now() + 10**9)
        view = self.handle.view()
        end = {"position": view.position("btc_usdt"), "usdt": view.balance("usdt")[0].normalize()}
        await self.handle.abort()
        await listening
        return {cid: _refused_at_once(reports) for cid, reports in self.told.items()} | end

    async def _do(self, step: Step) -> None:
        match step:
            case {"quote": [bid, ask], "size": size}:
                self.exchange.quote(bid, ask, size)
            case {"trade": price, "size": size, "side": side}:
                self.exchange.trade(price, size, side)
            case {"open": cid}:
                await self.handle.send_open_requests([bp.OrderRequestOpen(self._key(cid), _terms(step))])
            case {"cancel": cid}:
                await self.handle.send_cancel_requests([bp.OrderRequestCancel(self._key(cid), bp.RequestCancel())])
            case {"amend": cid}:
                changed = {name: D(step[name]) for name in ("price", "quantity") if name in step}
                await self.handle.send_amend_requests(
                    [bp.OrderRequestAmend(self._key(cid), bp.RequestAmend(**changed))]
                )
        await self.exchange.flush()

    def _key(self, cid: str) -> bp.OrderKey:
        return bp.OrderKey(self.scenario["exchange"], "btc_usdt", "me", cid)

    async def _listen(self) -> None:
        async for audit in self.handle.audits():
            event: Any = audit.event
            if isinstance(event, bp.Account) and isinstance(event.event, bp.Item):
                self._note(event.event.value.kind)

    def _note(self, kind: Any) -> None:
        """A report by its fields; what only says again how an order stands is left out."""
        if isinstance(kind, bp.Trade):
            report: Step = {"trade": str(kind.side), "price": kind.price.normalize(), "quantity": kind.quantity}
            self.told[self._owners[kind.order_id]].append(report)
        elif isinstance(kind, bp.Order | bp.OrderResponseCancel | bp.OrderResponseAmend):
            state: Any = kind.state
            self._owners.setdefault(getattr(state, "id", ""), kind.key.cid)
            name = type(getattr(state, "error", state)).__name__
            report = {"state": name, "filled": getattr(state, "filled_quantity", None)}
            if isinstance(state, bp.Amended):
                report |= {"price": state.price, "quantity": state.quantity}
            if isinstance(state, bp.Open) and state.filled_quantity == kind.quantity:
                report = {"state": "FullyFilled", "filled": None}  # two ways to say it
            if isinstance(kind, bp.Order):
                terms = kind.side, kind.price.normalize(), kind.quantity, kind.kind, kind.time_in_force
                report["terms"] = terms
            if self.told[kind.key.cid][-1:] != [report]:
                self.told[kind.key.cid].append(report)


def _refused_at_once(reports: list[Any]) -> list[Any]:
    """A simulated exchange asks for money when an order is to fill (rule 19), Binance's when it arrives."""
    never_filled = not any("trade" in report for report in reports)
    return reports[-1:] if never_filled and reports[-1].get("state") == "BalanceInsufficient" else reports


def _terms(step: Step) -> bp.RequestOpen:
    is_priced, side = "price" in step, bp.Side.BUY if step["side"] == "BUY" else bp.Side.SELL
    kind, tif = (bp.OrderKind.LIMIT, TIMES[step.get("tif", "gtc")]) if is_priced else (bp.OrderKind.MARKET, IOC)
    only = bp.Conditions(reduce_only=True) if step.get("reduce_only") else None
    return bp.RequestOpen(side, D(step.get("price", "0")), D(step["quantity"]), kind, tif, only)


async def at_the_loopback_exchange(scenario: Step) -> dict[str, Any]:
    clock, given = Manual(START), {"balances": scenario["balances"], "fee_in": "quote", "fee": "0"}
    is_spot = scenario["exchange"] == "binance_spot"
    served: Any = LoopbackExchange if is_spot else LoopbackFutures
    makes: Any = binance.BinanceAccount if is_spot else binance.FuturesAccount
    traded = [SPOT if is_spot else PERPETUAL]
    async with served(clock, **given) as exchange:
        there = {"endpoints": exchange.endpoints, "clock": clock}
        account = makes(traded, binance.Keys("key", "secret"), dry_run=False, **there)
        market = binance.BinanceMarket(traded, ["trades", "quotes"], **there)
        made = System(traded, sources=[account, market], clients=[account], clock=clock, reconcile=False)
        handle = await made.start()
        await account.ready()
        return await Session(scenario, handle, exchange, clock).run()


async def at_the_simulated_exchange(scenario: Step) -> dict[str, Any]:
    clock = Manual(START)
    is_spot = scenario["exchange"] == "binance_spot"
    served: Any = LoopbackExchange if is_spot else LoopbackFutures
    traded = [SPOT if is_spot else PERPETUAL]
    async with served(clock) as exchange:
        market = binance.BinanceMarket(traded, ["trades", "quotes"], endpoints=exchange.endpoints, clock=clock)
        balances = {name.lower(): amount for name, amount in scenario["balances"].items()}
        venue = bt.Venue() if is_spot else bt.Venue(margin=bt.Margin("5%", maintenance="1%"))
        mock = MockExchange(market, traded, clock=clock, balances=balances, venues=venue)
        made = System(sources=[mock], clients=[mock], clock=clock, **mock.engine_arguments(), reconcile=False)
        handle = await made.start()
        while not exchange.sockets.open:
            await asyncio.sleep(0)
        return await Session(scenario, handle, exchange, clock).run()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_simulated_and_the_loopback_exchange_tell_the_same(file: Path) -> None:
    scenario = tomllib.loads(file.read_text("utf-8"))

    async def test() -> None:
        there, simulated = await at_the_loopback_exchange(scenario), await at_the_simulated_exchange(scenario)
        assert {step["open"] for step in scenario["steps"] if "open" in step} <= set(there)
        for name in there | simulated:
            assert there.get(name) == simulated.get(name), name

    run(test)
