"""A session that was shut down goes on where it was (rule 110): the same as if it had never been shut down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import (
    Arrival,
    Manual,
    Mark,
    MockExchange,
    Recorder,
    SimulatedExchange,
    System,
    paper,
    read_session,
    replay,
)
from barter_bt.live.arrival import MarkPrice
from barter_bt.live.kept import packed, unpacked
from barter_bt.live.session import Session
from barter_bt.protocol import TradingState
from barter_bt.testing.scenario import Seeded, to_backtest
from tests.live.asking import Asks
from tests.live.market import Crosses, Once, Quotes, simulation
from tests.live.script import Client, closed, told, traded
from tests.live.test_drawn import difference, make_told
from tests.live.test_mock import SECOND, TERMS, VENUE, Coming, Often
from tests.live.test_system import request, system

ENABLED: Any = {"trading": TradingState.ENABLED}


class Remembers(Quotes):
    """Has something in mind that no table holds: how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        asked = super().generate_algo_orders(state)
        return None if asked is None or self.asked % 3 == 0 else asked


def in_parts(where: Path, make: Callable[[Recorder], System], ends: list[int]) -> tuple[Any, Any]:
    """A paper session that is shut down at some numbers of events; its last run, and its exchange then."""
    for end in ends:
        with make(Recorder(where, 50, resume=True)).running() as handle:
            handle.run_until(lambda audit, end=end: audit.sequence >= end)
            handle.shutdown()
    made = make(Recorder(where, 50, resume=True))
    with made.running() as handle:
        run = handle.shutdown_after_backtest()
    return run, next(iter(made.session.clients.values()))


@pytest.mark.parametrize("strategy", [Crosses, Remembers])
@pytest.mark.parametrize("ends", [[1], [30], [17, 18, 61]])
def test_paper_goes_on_where_it_was(tmp_path: Path, strategy: Any, ends: list[int]) -> None:
    """Tables of the exchange, and of the engine, are those of a session that was never shut down."""

    def make(recorder: Recorder | None = None) -> System:
        return paper(simulation(60), strategy(), recorder=recorder)

    run, exchange = in_parts(tmp_path, make, ends)
    whole, there = in_parts(tmp_path / "whole", make, [])
    assert run.trades.height >= 3
    assert exchange.digest == there.digest == simulation(60).run(strategy()).digest
    assert run.digest == whole.digest
    assert run.equity.equals(whole.equity)
    assert replay(make(), tmp_path).digest == run.digest
    assert (read_session(tmp_path).frame()["kind"] == "shutdown").sum() == len(ends) + 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(14))
def test_whatever_stands_at_the_exchange_is_kept(tmp_path: Path, seed: int) -> None:
    """Orders with conditions, groups, latencies, items that come twice, cash flows: one digest, wherever it ends."""
    scenario = make_told(Seeded(seed))
    given = to_backtest(scenario) | {"interpret": True}
    given.pop("strategy")

    def make(recorder: Recorder | None = None) -> System:
        asked = dict(given)
        simulated = bt.Simulation(asked.pop("data"), asked.pop("instruments"), **asked)
        return paper(simulated, Asks(scenario), recorder=recorder, **ENABLED)

    whole, there = in_parts(tmp_path / "whole", make, [])
    events = read_session(tmp_path / "whole").frame().filter(kind="market").height
    for part, ends in enumerate(([events // 3], [events // 2, events // 2 + 3])):
        run, exchange = in_parts(tmp_path / str(part), make, ends)
        assert exchange.digest == there.digest
        assert difference(run.state, whole.state) == ""


def test_messages_are_kept_with_their_mark_prices() -> None:
    """Those that nobody has processed are told again whole."""
    mark = MarkPrice(Decimal("1.5"), Decimal(1), Decimal("0.0001"), 8, 7)
    arrivals = [Arrival(7, (Mark(7),), marks=(("btc_usd", mark),)), Arrival(8, (), marks=(("btc_usd", mark),))]
    assert unpacked(json.loads(json.dumps(packed(arrivals)))) == arrivals


class Going(Coming):
    """A market that goes on behind its last message."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        async for arrival in super().arrivals():
            yield arrival
        await self.clock.sleep_until(2**62)


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_paper_on_a_market_goes_on(tmp_path: Path) -> None:
    """What had come and nobody had seen yet, requests on their way, and an item that is to come twice are kept."""
    coming = [traded(SECOND * k + k % 3, float(100 + k * 7 % 5)) for k in range(1, 80)]
    options = TERMS | {"venues": replace(VENUE, latency=bt.Latency("700ms", "50ms", "900ms"))}
    options |= {"venues": replace(options["venues"], faults=bt.Faults(duplicate=0.5))}

    async def part(where: Path, strategy: Any, start: int, end: int, clock: Manual) -> tuple[Any, MockExchange]:
        market = Going([one for one in coming if start < one.time <= end], clock)
        one = bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="0.001")
        mock = MockExchange(market, [one], clock=clock, start=0, **options)
        recorder = Recorder(where, resume=True)
        given: Any = {"reconcile": False, "recorder": recorder, **ENABLED, **mock.engine_arguments()}
        handle = await System(strategy=strategy, sources=[mock], clients=[mock], clock=clock, **given).start()
        for time in range(start, end + SECOND // 10, SECOND // 10):
            await clock.set(max(time, clock.now()), turns=60)
        return await handle.shutdown(), mock

    async def test() -> None:
        last = 90 * SECOND
        whole, there = await part(tmp_path / "whole", Often(), 0, last, Manual())
        clock = Manual()
        await part(tmp_path / "parts", Often(), 0, 33 * SECOND, clock)
        run, mock = await part(tmp_path / "parts", Often(), 33 * SECOND, last, Manual(33 * SECOND))
        assert run.trades.height > 5
        assert run.digest == whole.digest
        assert mock.digest == there.digest

    asyncio.run(test())


@pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
def test_a_session_at_an_exchange_goes_on_behind_its_shutdown(tmp_path: Path) -> None:
    """Positions, orders that stand, balances, and what the strategy has in mind; nothing is sent again."""

    class Counts:
        def __init__(self) -> None:
            self.asked = 0

        def generate_algo_orders(self, state: Any) -> Any:
            self.asked += 1
            return [], [bt.OrderRequest("btc_usd", 1, 90)] if self.asked in (1, 4) else []

    async def test() -> None:
        client, strategies = Client(), [Counts(), Counts(), Counts()]
        enabled = Arrival(4, (bp.TradingStateUpdate(TradingState.ENABLED),))  # it was disabled while it waited
        balance = told(1, bp.AssetBalance("usd", bp.Balance(Decimal(50), Decimal(40)), 1))
        for number, lines in enumerate(([balance, traded(2), traded(3)], [enabled, traded(4), traded(5)])):
            recorder = Recorder(tmp_path, resume=True)
            made, _, _ = system(lines, client=client, recorder=recorder, strategy=strategies[number], **ENABLED)
            handle = await made.start()
            for _ in range(30):
                await asyncio.sleep(0)
            run = await handle.shutdown()
        assert strategies[1].asked == strategies[0].asked + 3 == 6
        assert [one.key.cid for one in client.sent] == ["0", "1"]
        assert len(handle.view().orders("btc_usd")) == 2
        assert handle.view().balance("usd")[0] == 50
        again, _, _ = system(client=client, strategy=strategies[2], **ENABLED)
        assert replay(again, tmp_path).digest == run.digest == read_session(tmp_path).digest

    asyncio.run(test())
    frame = read_session(tmp_path).frame()
    assert frame["arrival"].unique().sort().to_list() == list(range(frame["arrival"].n_unique()))


def ended(where: Path, simulated: bt.Simulation, sequence: int, *, kills: bool = False) -> None:
    """A part of a paper session, ended at an event."""
    recorder = Recorder(where, resume=True)
    with paper(simulated, Crosses(), recorder=recorder).running() as handle:
        handle.run_until(lambda audit: audit.sequence >= sequence)
        if kills:
            handle._handle._host._recorder = None  # nothing more is written
            recorder._journal.close()  # type: ignore[union-attr]
        else:
            handle.shutdown()


def resumed(where: Path, simulated: bt.Simulation) -> Any:
    with paper(simulated, Crosses(), recorder=Recorder(where, resume=True)).running() as handle:
        return handle.shutdown_after_backtest()


def test_what_cannot_go_on_is_told(tmp_path: Path) -> None:
    """A killed simulated exchange, one whose data has ended, one of other terms; a session that failed."""
    ended(tmp_path / "killed", simulation(30), 5, kills=True)
    with pytest.raises(ConfigError, match="there is no .*killed/x.checkpoint.*\n.*start it anew"):
        resumed(tmp_path / "killed", simulation(30))
    ended(tmp_path / "later", simulation(30), 5)
    ended(tmp_path / "later", simulation(30), 12, kills=True)
    with pytest.raises(ConfigError, match="is of message .* of the session, which was killed behind message"):
        resumed(tmp_path / "later", simulation(30))
    ended(tmp_path / "whole", simulation(30), 5)
    resumed(tmp_path / "whole", simulation(30))
    with pytest.raises(ConfigError, match="before its data ends"):
        resumed(tmp_path / "whole", simulation(30))
    ended(tmp_path / "other", simulation(30), 5)
    with pytest.raises(ConfigError, match="balances.usd: was .*, is "):
        resumed(tmp_path / "other", simulation(30, balances={"usd": 9_999}))


def test_a_session_that_failed_does_not_go_on(tmp_path: Path) -> None:
    async def test() -> None:
        failing: Any = {"client": Client(error=bp.ExecutionChannelTerminated("x")), "strategy": Once(), **ENABLED}
        made, _, _ = system([closed(1)], recorder=Recorder(tmp_path), **failing)
        handle = await made.start()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not handle.is_running
        again, _, _ = system(recorder=Recorder(tmp_path, resume=True), strategy=Once(), **ENABLED)
        with pytest.raises(ConfigError, match="was ended by an error"):
            await again.start()

    asyncio.run(test())


def test_a_time_behind_the_shutdown_is_waited_for_at_the_pace_of_the_clock(tmp_path: Path) -> None:
    """A clock that begins anew is behind: it goes on from where the session was."""
    simulated = simulation(20)
    ended(tmp_path, simulated, 5)
    exchange = SimulatedExchange(simulated)
    session = Session(Crosses(), {"x": exchange}, **exchange.engine_arguments() | ENABLED)
    exchange.attach(session.engine, timer_ns=0, bar_close=True)
    exchange.load(tmp_path, read_session(tmp_path).arrival_count)
    before = exchange.s.engine.time[0]
    assert before > simulated.setup.begins
    assert exchange.next(simulated.setup.begins) is None or exchange.s.engine.time[0] >= before


def test_commands_between_two_events_keep_their_times(tmp_path: Path) -> None:
    """What was sent by hand before the shutdown is on its way behind it."""

    async def part(sends: bool, end: int) -> Any:
        simulated = simulation(30)
        clock = Manual(simulated.setup.begins)
        made = paper(simulated, Crosses(), clock=clock, recorder=Recorder(tmp_path, resume=True))
        handle = await made.start()
        await clock.set(simulated.setup.begins + end * 60 * SECOND + 1, turns=2000)
        if sends:
            await handle.send_open_requests([request("by hand", price="200")])
        return await handle.shutdown()

    async def test() -> Any:
        await part(True, 10)
        return await part(False, 40)

    run = asyncio.run(test())
    (mine,) = run.orders.filter(strategy="me").to_dicts()
    assert mine["status"] == "filled"
