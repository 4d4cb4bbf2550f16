"""A system from its start to its end, and what its handle can do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, EngineError, InstrumentError
from barter_bt.live import Arrival, ExecutionClient, Manual, Source, SyncHandle, System, SystemHandle, Virtual, paper
from barter_bt.system import Strategy, Timer
from tests.live.market import BTC, Crosses, Once, simulation
from tests.live.script import Client, Script, closed, told, traded


def run(test: Callable[[], Awaitable[None]]) -> None:
    """A test that is a coroutine; it has some minutes of nobody's time."""

    async def within() -> None:
        async with asyncio.timeout(300):
            await test()

    asyncio.run(within())


def request(cid: str, side: bp.Side = bp.Side.BUY, price: str = "99", instrument: str = "btc_usd") -> Any:
    terms = bp.RequestOpen(side, D(price), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
    return bp.OrderRequestOpen(bp.OrderKey("x", instrument, "me", cid), terms)


def system(lines: Any = (), client: Any = None, *, ends: bool = False, **options: Any) -> tuple[System, Script, Any]:
    source, client = Script(lines, ends=ends), client or Client()
    given: dict[str, Any] = {"clock": Virtual(), "balances": {"usd": 1000}} | options
    return System([BTC], given.pop("strategy", None), sources=[source], clients=[client], **given), source, client


def test_script_and_client_are_what_a_system_takes() -> None:
    assert isinstance(Script([]), Source)
    assert isinstance(Client(), ExecutionClient)


def test_a_session_keeps_nothing_of_an_event_that_has_been_told() -> None:
    async def test() -> None:
        made, _, _ = system([traded(n) for n in range(1, 300)])
        handle = await made.start()
        for _ in range(600):
            await asyncio.sleep(0)
        await handle.send_open_requests([request("a")])
        s = made.session.engine.state
        assert s.engine.sequence[0] == 300
        assert [len(t) for t in (s.audits, s.outputs, s.asked, s.market_items, s.account_items)] == [0] * 5

    run(test)


@pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
def test_every_command_works_while_trading_is_disabled() -> None:
    async def test() -> None:
        made, _, client = system([traded(1)])
        handle = await made.start()
        await asyncio.sleep(0)
        sent = await handle.send_open_requests([request("a"), request("b")])
        assert [one.key.cid for one in sent.outputs[0].opens.sent] == ["a", "b"]  # type: ignore[union-attr]
        await handle.send_cancel_requests([bp.OrderRequestCancel(request("a").key, bp.RequestCancel())])
        await handle.send_amend_requests([bp.OrderRequestAmend(request("b").key, bp.RequestAmend(price=D(98)))])
        await handle.cancel_orders(bp.Instruments("btc_usd"))
        kinds = [type(one).__name__.removeprefix("OrderRequest") for one in client.sent]
        assert kinds == ["Open", "Open", "Cancel", "Amend", "Cancel"]  # a is being cancelled already
        assert {one.key.instrument for one in client.sent} == {"btc_usd"}
        assert handle.snapshot().trading == bp.TradingState.DISABLED
        await handle.set_trading(bp.TradingState.ENABLED)
        assert handle.snapshot().trading == bp.TradingState.ENABLED
        await handle.shutdown()

    run(test)


@pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
def test_positions_are_closed_by_filter() -> None:
    async def test() -> None:
        trade = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), bp.AssetFees(None, D(0)))
        made, _, client = system([traded(1), told(2, trade)])
        handle = await made.start()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not (await handle.close_positions(bp.Instruments(()))).outputs[0].opens.sent  # type: ignore[union-attr]
        (sent,) = (await handle.close_positions(bp.Exchanges("x"))).outputs[0].opens.sent  # type: ignore[union-attr]
        assert (sent.state.side, sent.state.quantity, sent.state.kind) == (bp.Side.SELL, 1, bp.OrderKind.MARKET)
        await handle.shutdown()
        assert len(client.sent) == 1

    run(test)


def test_kill_disables_cancels_and_closes() -> None:
    async def test() -> None:
        trade = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), bp.AssetFees(None, D(0)))
        made, _, client = system([traded(1), told(2, trade)], trading=bp.TradingState.ENABLED)
        handle = await made.start()
        for _ in range(10):
            await asyncio.sleep(0)
        await handle.send_open_requests([request("a")])
        await handle.kill()
        assert [type(one).__name__ for one in client.sent] == [
            "OrderRequestOpen",
            "OrderRequestCancel",
            "OrderRequestOpen",
        ]
        assert handle.snapshot().trading == bp.TradingState.DISABLED
        assert handle.is_running
        await handle.abort()

    run(test)


def test_a_second_shutdown_is_an_error_and_so_is_any_command_then() -> None:
    async def test() -> None:
        made, source, client = system()
        handle = await made.start()
        await handle.shutdown()
        assert (source.closed, client.closed) == (1, 1)
        for late in (handle.shutdown, handle.close_positions, handle.shutdown_after_backtest):
            with pytest.raises(EngineError, match="has ended"):
                await late()
        with pytest.raises(EngineError, match="started before"):
            await made.start()

    run(test)


def test_abort_processes_nothing_more() -> None:
    async def test() -> None:
        made, source, client = system([traded(1)])
        handle = await made.start()
        waiting = asyncio.ensure_future(handle.send_open_requests([request("a")]))
        await handle.abort()
        assert (source.closed, client.closed, client.sent) == (1, 1, [])
        with pytest.raises(EngineError, match="has ended"):
            await waiting
        await handle.abort()  # as often as one likes

    run(test)


def test_the_audit_stream_is_dense_and_ends() -> None:
    async def test() -> None:
        made, _, _ = system([traded(1), traded(2)], ends=True)
        handle = await made.start()
        audits = handle.audits()  # from here on, whenever they are read
        await handle.shutdown_after_backtest()
        assert [audit.sequence async for audit in audits] == [0, 1, 2]
        assert [audit async for audit in handle.audits()] == []

    run(test)


def test_audits_can_be_off() -> None:
    async def test() -> None:
        made, _, _ = system(audit_mode="disabled")
        handle = await made.start()
        with pytest.raises(ConfigError, match="audits are not told"):
            handle.audits()
        await handle.shutdown()

    run(test)


@pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
def test_a_command_that_cannot_be_is_its_senders_to_hear() -> None:
    """Nothing has changed, and the system goes on."""

    async def test() -> None:
        made, _, client = system()
        handle = await made.start()
        with pytest.raises(InstrumentError, match="eth"):
            await handle.send_open_requests([request("a", instrument="eth_usd")])
        assert client.sent == []
        await handle.send_open_requests([request("a")])
        await handle.shutdown()

    run(test)


@pytest.mark.parametrize("where", ["source", "strategy", "event"])
def test_what_fails_ends_it_and_is_raised(where: str) -> None:
    class Fails(Strategy):
        def on_event(self, engine: Any, what: Any) -> None:
            raise OSError("gone")

    async def test() -> None:
        lines = {"source": [OSError("gone")], "strategy": [traded(1)], "event": [traded(1, 0.00001)]}[where]
        made, source, client = system(lines, strategy=Fails() if where == "strategy" else None)
        handle = await made.start()
        error, words = (bt.errors.DataError, "grid") if where == "event" else (OSError, "gone")
        with pytest.raises(error, match=words):
            await handle.wait()
        assert not handle.is_running
        assert (source.closed, client.closed) == (1, 1)
        with pytest.raises(error, match=words):
            await handle.shutdown()

    run(test)


def test_what_cannot_be_sent_is_not_in_flight() -> None:
    async def test() -> None:
        made, _, _ = system(client=Client(error=bp.ExecutionChannelUnhealthy("x")))
        handle = await made.start()
        audit = await handle.send_open_requests([request("a")])
        assert audit.outputs[0].opens.errors[0][1] == bp.ExecutionChannelUnhealthy("x")  # type: ignore[union-attr]
        assert handle.snapshot().orders("btc_usd") == []
        await handle.shutdown()

    run(test)


def test_a_command_between_two_events_is_sent_at_its_own_time() -> None:
    """The exchange waits for the next candle, and takes an order meanwhile."""

    async def test() -> None:
        simulated = simulation(5)
        begins = simulated.setup.begins
        clock = Manual(begins)
        made = paper(simulated, clock=clock)
        handle = await made.start()
        await clock.set(begins + 90 * 10**9)
        await handle.send_open_requests([request("a", price="50")])
        await clock.set(begins + 91 * 10**9)
        (order,) = handle.snapshot().orders("btc_usd")
        assert isinstance(order.state, bp.Open)
        assert order.state.time_exchange == begins + 90 * 10**9 + 1 + 10**7
        await clock.set(begins + 10 * 60 * 10**9)
        await handle.shutdown_after_backtest()

    run(test)


def test_a_bar_close_follows_its_candle_and_timers_go_by_the_clock() -> None:
    class Notes:
        wake = ("bar_close", "timer:60s")

        def __init__(self) -> None:
            self.notes: list[Any] = []

        def generate_algo_orders(self, state: Any) -> None:
            self.notes.append((state.event, state.time // 10**9, state.price("btc_usd")))

    async def test() -> None:
        clock, strategy = Manual(), Notes()
        options: Any = {"clock": clock, "trading": bp.TradingState.ENABLED}
        made, _, _ = system([closed(30 * 10**9, 101.0)], strategy=strategy, **options)
        handle = await made.start()
        for second in (31, 60, 119, 121):
            await clock.set(second * 10**9)
        assert strategy.notes == [("bar_close", 30, 101.0), ("timer", 60, 101.0), ("timer", 120, 101.0)]
        await handle.shutdown()

    run(test)


def test_two_sources_come_in_order_of_arrival() -> None:
    async def test() -> None:
        gate = asyncio.Event()
        one, other = Script([traded(1), gate, traded(3)]), Script([traded(2)])
        made = System([BTC], sources=[one, other], clients=[Client()], clock=Virtual(), balances={"usd": 1})
        handle = await made.start()
        times: list[int] = []

        async def note() -> None:
            async for audit in handle.audits():
                times.append(audit.time)
                if audit.time == 2:
                    gate.set()

        noting = asyncio.create_task(note())
        await handle.shutdown_after_backtest()
        await noting
        assert times == [1, 2, 3, 3]

    run(test)


def test_one_message_is_applied_before_the_strategy_is_asked() -> None:
    """A fill: at none of its events is the order still at work, or the position not there."""

    class Notes(Strategy):
        def __init__(self) -> None:
            self.notes: list[Any] = []

        def generate_algo_orders(self, engine: Any) -> Any:
            self.notes.append((engine.position(0), len(engine.orders(0))))
            return (), ()

    async def test() -> None:
        strategy = Notes()
        key = request("a").key
        trade = bp.Trade("t", "1", "btc_usd", "me", 3, bp.Side.BUY, D(99), D(1), bp.AssetFees(None, D(0)))
        terms = bp.Side.BUY, D(99), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False)
        opened, filled = (bp.Order(key, *terms, bp.Open("1", time, D(n))) for time, n in ((2, 0), (3, 1)))
        gate = asyncio.Event()
        made, _, _ = system([traded(1), gate, told(2, opened), told(3, trade, filled)], strategy=strategy)
        handle = await made.start()
        await handle.send_open_requests([request("a")])
        await handle.set_trading(bp.TradingState.ENABLED)
        gate.set()
        for _ in range(20):
            await asyncio.sleep(0)
        await handle.shutdown()
        assert strategy.notes == [(0, 1), (0, 1), (1, 0), (1, 0)]

    run(test)


@pytest.mark.parametrize(("clients", "words"), [([], "has no client"), ([Client("x"), Client("x")], "has two clients")])
def test_an_exchange_has_one_client(clients: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        System([BTC], sources=[Script([])], clients=clients)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"feed_mode": "iterable"}, "did you mean 'iterator'"),
        ({"audit_mode": "on"}, "enabled, disabled"),
        ({"feed_mode": "iterator"}, r"one source with next\(\)"),
    ],
)
def test_options_are_checked(options: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        system(**options)


def test_without_async_it_runs_while_it_is_called() -> None:
    with paper(simulation(20), Once()).running() as handle:
        audit = handle.run_until(lambda audit: audit.sequence == 8)
        assert audit is not None
        assert handle.snapshot().position("btc_usd") == 1
        (sent,) = handle.close_positions().outputs[0].opens.sent  # type: ignore[union-attr]
        assert sent.state.side == bp.Side.SELL
        handle.set_trading(bp.TradingState.DISABLED)
        assert handle.cancel_orders().sequence > audit.sequence
        result = handle.shutdown_after_backtest()
        assert result.positions.height == 1
        assert result.digest == handle.digest
        assert handle.run_until(lambda audit: True) is None if handle.is_running else True
    assert not handle.is_running


def test_when_the_data_has_ended_nothing_can_be_sent() -> None:
    """It would never be answered: so it is not in flight."""
    with paper(simulation(20), Once()).running() as handle:
        handle.wait()
        ((_, error),) = handle.close_positions().outputs[0].opens.errors  # type: ignore[union-attr]
        assert isinstance(error, bp.ExecutionChannelUnhealthy)
        assert handle.shutdown().orders.height == 1


def test_both_handles_offer_the_same() -> None:
    public = [{name for name in dir(one) if not name.startswith("_")} for one in (SystemHandle, SyncHandle)]
    assert public[0] - public[1] == {
        "audits",
        "news",
        "view",
    }  # a listener needs a loop; what stands still is a snapshot
    assert public[1] - public[0] == {"run_until"}


def test_leaving_the_block_ends_it() -> None:
    with paper(simulation(20), Once()).running() as handle:
        assert handle.is_running
    assert not handle.is_running


def test_figures_are_those_of_a_backtest() -> None:
    simulated = simulation(120)
    with paper(simulated, Crosses()).running() as handle:
        run = handle.shutdown_after_backtest()
        assert handle.summary()["total_return"] == run.summary()["total_return"]
    result = simulated.run(Crosses())
    assert run.summary()["total_return"] == result.summary()["total_return"]
    assert run.summary()["sharpe_ratio"] == result.summary()["sharpe_ratio"]
    assert len(run.trading_summary().instruments) == 1
    assert str(run.summary()).startswith("Summary in usd")


def test_many_systems_at_once_do_not_know_of_each_other() -> None:
    """Barter's example of concurrent backtests."""

    async def one(simulated: bt.Simulation) -> str:
        handle = await paper(simulated, Crosses()).start()
        return (await handle.shutdown_after_backtest()).digest

    async def all_() -> list[str]:
        simulated = simulation(60)
        return await asyncio.gather(*(one(simulated) for _ in range(3)))

    assert len(set(asyncio.run(all_()))) == 1


def test_a_timer_is_an_arrival_like_any_other() -> None:
    async def test() -> None:
        made, _, _ = system([Arrival(7, (Timer(7),))], ends=True)
        handle = await made.start()
        await handle.shutdown_after_backtest()
        assert handle.snapshot().state.engine.time[0] == 7

    run(test)
