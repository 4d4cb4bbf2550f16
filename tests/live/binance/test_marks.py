"""A strategy that reads mark prices of its market replays to the session's digest (rule 110)."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import EngineError, InstrumentError
from barter_bt.live import Manual, MockExchange, Recorder, System, binance, read_session, replay
from barter_bt.live.protocols import TakesMarks
from barter_bt.protocol import TradingState
from barter_bt.testing.exchange import LoopbackFutures
from tests.live.binance.futures_rig import KEYS, PERP
from tests.live.binance.rig import START, run


class Follows:
    """Sells two when the mark price is 100, buys them back below 99; wakes at quotes."""

    def __init__(self, market: Any) -> None:
        self.market = market

    def generate_algo_orders(self, state: Any) -> Any:
        mark, held = self.market.mark("btc_usdt"), state.position("btc_usdt")
        if mark is None or state.working("btc_usdt") or len(state.raw.orders) == 2:
            return None
        if not held:
            return [], [bt.OrderRequest("btc_usdt", -2)]
        return [], [bt.OrderRequest("btc_usdt", -held)] if mark.price < 99 else []


async def session(folder: Path, *, on_paper: bool) -> Any:
    clock = Manual(START)
    async with LoopbackFutures(clock) as exchange:
        there: dict[str, Any] = {"endpoints": exchange.endpoints, "clock": clock}
        market = binance.BinanceMarket([PERP], ["quotes", "marks"], **there)
        options: dict[str, Any] = {"clock": clock, "recorder": Recorder(folder)}
        if on_paper:
            mock = MockExchange(market, [PERP], clock=clock, fills_on=["quotes"], **PAPER)
            options |= {"sources": [mock], "clients": [mock], "reconcile": False, **mock.engine_arguments()}
        else:
            account = binance.FuturesAccount([PERP], KEYS, dry_run=False, **there)
            options |= {"sources": [account, market], "clients": [account], "instruments": [PERP], "start": START}
        handle = await System(strategy=Follows(market), **options).start()
        while len(exchange.sockets.open) < (2 if on_paper else 3):
            await asyncio.sleep(0)
        if not on_paper:
            await account.ready()
        await handle.set_trading(TradingState.ENABLED)
        for price in ["100"] * 25 + ["98"] * 25:
            await clock.set(clock.now() + 100_000_000)
            exchange.mark(price, rate="0.0001")
            exchange.quote(str(float(price) - 0.5), str(float(price) + 0.5), "9")
            await exchange.flush()
            for _ in range(60):
                await asyncio.sleep(0)
        return await handle.shutdown()


PAPER: dict[str, Any] = {"balances": {"usdt": 1000}, "venues": bt.Venue(account="margin"), "interpret": True}


def system_again(folder: Path, *, on_paper: bool, reads: bool = True) -> System:
    """As it was, with a market that is not connected."""
    market, another = (
        binance.BinanceMarket([PERP], ["quotes", "marks"], endpoints=binance.FUTURES_TEST_NETWORK) for _ in range(2)
    )
    strategy = Follows(market if reads else another)
    if on_paper:
        start = read_session(folder).start
        mock = MockExchange(market, [PERP], clock=Manual(start), fills_on=["quotes"], **PAPER)
        given: dict[str, Any] = {"reconcile": False, **mock.engine_arguments()}
        return System(strategy=strategy, sources=[mock], clients=[mock], **given)
    account = binance.FuturesAccount([PERP], KEYS)
    return System([PERP], strategy, sources=[market], clients=[account], start=START)


@pytest.mark.parametrize("on_paper", [False, True])
def test_the_replay_reads_the_same_marks(tmp_path: Path, on_paper: bool) -> None:
    made: list[Any] = []

    async def test() -> None:
        made.append(await session(tmp_path, on_paper=on_paper))

    run(test)
    assert made[0].trades["price"].to_list() == [99.5, 98.5]
    marks = [mark for arrival, _ in read_session(tmp_path).arrivals() for mark in arrival.marks]
    assert {name for name, _ in marks} == {"btc_usdt"}
    assert {mark.price for _, mark in marks} == {D(100), D(98)}
    again = system_again(tmp_path, on_paper=on_paper)
    assert replay(again, tmp_path).digest == made[0].digest
    if not on_paper:
        with pytest.raises(EngineError, match="as they were"):  # a market that is none of the system's knows nothing
            replay(system_again(tmp_path, on_paper=False, reads=False), tmp_path)


def test_a_mark_of_no_instrument_is_an_error() -> None:
    market = binance.BinanceMarket([PERP], ["marks"], endpoints=binance.FUTURES_TEST_NETWORK)
    assert isinstance(market, TakesMarks)
    assert market.mark("btc_usdt") is None
    with pytest.raises(InstrumentError, match="'btc' is none of btc_usdt"):
        market.mark("btc")
