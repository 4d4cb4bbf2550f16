"""What a session saw is kept, whatever happens to its program, and its replay has its digest (rule 82)."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, DataError, EngineError
from barter_bt.live import Arrival, Manual, Mark, Recorder, SessionWarning, Virtual, paper, read_session, replay
from barter_bt.live.recording import RecordedSession
from barter_bt.system import Strategy, Timer
from tests.live.market import Crosses, Once, Quotes, simulation
from tests.live.script import Client, told, traded
from tests.live.test_system import request, system


def record(where: Path, strategy: Any, rows: int = 100, **options: Any) -> str:
    """A paper session with commands in it; its digest."""

    async def session() -> str:
        simulated = simulation(60)
        clock = Manual(simulated.setup.begins)
        recorder = Recorder(where, rows)
        handle = await paper(simulated, strategy, clock=clock, recorder=recorder, **options).start()
        for minute, do in ((15, handle.close_positions), (30, handle.cancel_orders), (31, handle.kill)):
            await clock.set(simulated.setup.begins + minute * 60 * 10**9 + 1, turns=2000)
            await do()
        await handle.send_open_requests([request("by hand", price="200")])
        with pytest.raises(Exception, match="nobody"):
            await handle.send_open_requests([request("b", instrument="nobody")])
        await handle.set_trading(bp.TradingState.ENABLED)
        await clock.set(simulated.setup.begins + 3600 * 10**9 * 2, turns=5000)
        return (await handle.shutdown_after_backtest()).digest

    return asyncio.run(session())


@pytest.mark.parametrize("strategy", [Crosses, Quotes])
def test_the_replay_has_the_digest_of_the_session(tmp_path: Path, strategy: Any) -> None:
    """Commands, what they sent, and the strategy's decisions included."""
    digest = record(tmp_path / "one", strategy())
    told = read_session(tmp_path / "one")
    assert told.digest == digest
    frame = told.frame()
    assert set(frame["kind"]) >= {"account", "market", "mark", "command", "trading", "shutdown"}
    assert frame["arrival"].is_sorted()
    assert frame.filter(kind="market")["time_exchange"].null_count() == 0
    run = replay(paper(simulation(60), strategy()), tmp_path / "one")
    assert run.digest == digest
    assert run.orders["strategy"].to_list().count("me") == 1


def test_parts_are_whole_and_few(tmp_path: Path) -> None:
    record(tmp_path, Crosses(), rows=100)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"part-{k:06d}.parquet" for k in range(len(names) - 1)] + ["session.json"]
    assert len(names) > 2
    assert all(100 <= pl.read_parquet(tmp_path / name).height < 110 for name in names[:-2])


def test_another_strategy_has_another_digest(tmp_path: Path) -> None:
    record(tmp_path, Crosses())
    with pytest.raises(EngineError, match="as they were"):
        replay(paper(simulation(60), Quotes()), tmp_path)


def test_a_killed_program_has_lost_nothing_that_it_acted_on(tmp_path: Path) -> None:
    """At each of its writes: what is read is a beginning of what came, and can be replayed."""
    record(tmp_path / "whole", Crosses())
    whole = read_session(tmp_path / "whole").frame()
    recorder, made = Recorder(tmp_path / "killed", 40), paper(simulation(60), Crosses())
    recorder.begin(made.session.engine)
    made.session.records = recorder
    exchange: Any = made.session.clients["x"]
    for number in range(90):
        made.session.process(exchange.next())
        if number % 20 == 0:
            read = read_session(tmp_path / "killed")
            assert read.digest is None
            assert read.frame()["arrival"].n_unique() == number + 1
            assert replay(paper(simulation(60), Crosses()), read).digest == made.session.digest
    assert whole["kind"][0] == "account"
    recorder.close()


def test_a_program_that_is_killed_between_part_and_journal_leaves_both(tmp_path: Path) -> None:
    """They hold the same; nothing comes twice."""
    record(tmp_path, Once(), rows=50)
    whole = read_session(tmp_path).frame()
    for part in sorted(tmp_path.glob("part-*.parquet"))[-1:]:
        rows = pl.read_parquet(part).with_columns(pl.col("time", "time_exchange").to_physical()).rows()
        part.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_session(tmp_path).frame().equals(whole)


def test_a_torn_line_was_never_processed(tmp_path: Path) -> None:
    recorder, made = Recorder(tmp_path), paper(simulation(10), Once())
    recorder.begin(made.session.engine)
    exchange: Any = made.session.clients["x"]
    for _ in range(3):
        recorder.saw(exchange.next())
    journal = tmp_path / "part-000000.jsonl"
    assert recorder._journal is not None
    recorder._journal.close()
    journal.write_bytes(journal.read_bytes()[:-9])
    with pytest.warns(SessionWarning, match="torn"):
        read = read_session(tmp_path)
    assert read.frame()["arrival"].n_unique() == 2


def test_what_could_not_be_sent_is_kept(tmp_path: Path) -> None:
    class Tries(Strategy):
        def generate_algo_orders(self, engine: Any) -> Any:
            sequence = engine.state.engine.sequence[0]
            return (), [request(f"{sequence}"), request(f"{sequence}b")] if sequence < 4 else []

    class Half(Client):
        """Every second request cannot be sent."""

        def open(self, request: Any) -> Any:
            super().open(request)
            return bp.ExecutionChannelUnhealthy("x") if len(self.sent) % 2 == 0 else None

    async def session() -> Any:
        on: Any = {"trading": bp.TradingState.ENABLED, "client": Half(), "ends": True}
        made, _, _ = system([traded(k) for k in range(1, 6)], strategy=Tries(), recorder=Recorder(tmp_path), **on)
        handle = await made.start()
        return await handle.shutdown_after_backtest()

    run = asyncio.run(session())
    assert run.orders.height == 3
    frame = read_session(tmp_path).frame().filter(kind="unsent")
    assert frame["number"].to_list() == [1, 1, 1]
    again, _, client = system(strategy=Tries(), trading=bp.TradingState.ENABLED)
    assert replay(again, tmp_path).digest == run.digest
    assert client.sent == []


def test_every_kind_of_event_comes_back_as_it_was(tmp_path: Path) -> None:
    arrivals = [
        traded(1, 100.1),
        told(2, bp.AssetBalance("usd", bp.Balance(Decimal("1.10"), Decimal(1)), 2)),
        Arrival(3, (Timer(3), Timer(3, closes_bar=True), Mark(3))),
        Arrival(4, (bp.Market(bp.Reconnecting("x")),)),
        Arrival(5, (bp.TradingStateUpdate(bp.TradingState.ENABLED),)),
        Arrival(6, (bp.Command(bp.CancelOrders(bp.NoFilter())),)),
    ]
    recorder, made = Recorder(tmp_path, 3), system()[0]
    recorder.begin(made.session.engine)
    for arrival in arrivals:
        recorder.saw(arrival)
    recorder.close()
    assert [arrival for arrival, _ in read_session(tmp_path).arrivals()] == arrivals


def test_a_recording_is_not_written_over(tmp_path: Path) -> None:
    record(tmp_path, Once())
    with pytest.raises(ConfigError, match="holds a recording"):
        record(tmp_path, Once())


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recording"):
        read_session(tmp_path)
    (tmp_path / "session.json").write_text('{"format": "barter_bt session 0"}')
    with pytest.raises(ConfigError, match="session 0"):
        read_session(tmp_path)
    with pytest.raises(ConfigError, match="rows_per_part is 0"):
        Recorder(tmp_path, 0)


def test_a_missing_or_damaged_part_is_told(tmp_path: Path) -> None:
    record(tmp_path, Crosses(), rows=50)
    first, second = (tmp_path / f"part-00000{k}.parquet" for k in (0, 1))
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(DataError, match=r"part-000001.parquet is missing"):
        read_session(tmp_path)
    second.write_bytes(kept)
    first.write_bytes(first.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"part-000000.parquet cannot be read"):
        read_session(tmp_path)


def test_a_session_of_other_instruments_is_refused(tmp_path: Path) -> None:
    record(tmp_path, Once())
    told = read_session(tmp_path)
    other = RecordedSession(told.directory, ["eth_usd"], told.digest)
    with pytest.raises(ConfigError, match="is of eth_usd, the system of btc_usd"):
        replay(paper(simulation(5), Once()), other)


def test_a_session_that_cannot_be_recorded_does_not_go_on(tmp_path: Path) -> None:
    class Full(Recorder):
        def _write(self, rows: Any) -> None:
            raise EngineError("disk full")

    async def session() -> None:
        handle = await paper(simulation(5), Once(), recorder=Full(tmp_path), clock=Virtual()).start()
        await handle.wait()

    with pytest.raises(EngineError, match="disk full"):
        asyncio.run(session())
    assert json.loads((tmp_path / "session.json").read_text())["digest"] is not None


class Lives(Client):
    """An exchange that lives longer than the program that trades there."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def order_status(self, key: bp.OrderKey) -> Any:
        self.asked.append(key.cid)
        found = [one for one in self.sent if one.key.cid == key.cid]
        return bp.Order(key, *terms_of(found[0]), bp.Open("1", 9, Decimal(0))) if found else None


def terms_of(one: Any) -> tuple[Any, ...]:
    return one.state.side, one.state.price, one.state.quantity, one.state.kind, one.state.time_in_force


@pytest.mark.parametrize("arrived", [True, False])
def test_a_killed_session_goes_on_and_neither_doubles_nor_forgets_an_order(tmp_path: Path, arrived: bool) -> None:
    """Whether the order that was in flight had left or not: the exchange is asked, and it is not sent again."""
    snapshot = bp.AccountSnapshot("x", (), ())

    async def session() -> None:
        client = Lives()
        first, _, _ = system([traded(1)], client=client, recorder=Recorder(tmp_path), strategy=Once(), **enabled)
        handle = await first.start()
        await asyncio.sleep(0)
        await handle.send_open_requests([request("a")])
        first._host._recorder._journal.close()  # type: ignore[union-attr]
        first._host._recorder = None  # killed: nothing more is written
        await handle.abort()
        if not arrived:
            client.sent.clear()
        lines = [told(2, snapshot), traded(3)]
        again = Recorder(tmp_path, resume=True)
        second, _, _ = system(lines, client=client, recorder=again, strategy=Once(), **enabled)
        handle = await second.start()
        for _ in range(20):
            await asyncio.sleep(0)
        assert client.asked == ["a"]
        assert len(client.sent) == int(arrived)
        orders = handle.snapshot().orders("btc_usd")
        assert [one.state for one in orders] == ([bp.Open("1", 9, Decimal(0))] if arrived else [])
        digest = (await handle.shutdown()).digest
        assert replay(system(strategy=Once(), **enabled)[0], tmp_path).digest == digest

    enabled: Any = {"trading": bp.TradingState.ENABLED}
    asyncio.run(session())
    frame = read_session(tmp_path).frame()
    assert frame["arrival"].unique().sort().to_list() == list(range(frame["arrival"].n_unique()))
    assert not list(tmp_path.glob("*.jsonl"))


def test_resume_without_a_recording_begins_one(tmp_path: Path) -> None:
    async def session() -> None:
        handle = await system([traded(1)], recorder=Recorder(tmp_path, resume=True), ends=True)[0].start()
        await handle.shutdown_after_backtest()

    asyncio.run(session())
    assert read_session(tmp_path).frame()["kind"].to_list() == ["market", "shutdown"]
