"""Money beyond what reports explain stops trading; a query that failed is no empty answer (rule 84)."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.data import candles, generate, interest
from barter_bt.errors import ConnectionFailed
from barter_bt.instrument import IndexedInstruments
from barter_bt.live import Arrival, Manual, paper
from barter_bt.live.ledger import Ledger
from tests.live.market import BTC, Crosses, Quotes, simulation
from tests.live.script import Client, told, traded
from tests.live.test_system import request, run, system


def balance(time: int, total: str, asset: str = "usd") -> bp.AssetBalance:
    return bp.AssetBalance(asset, bp.Balance(D(total), D(total)), time)


def fill(time: int, side: bp.Side = bp.Side.BUY, price: str = "100", fee: str = "0.1") -> bp.Trade:
    return bp.Trade(f"t{time}", "1", "btc_usd", "me", time, side, D(price), D(1), bp.AssetFees(None, D(fee)))


def ledger(*arrivals: Arrival, grace_ns: int = 0) -> Ledger:
    made = Ledger(IndexedInstruments([BTC]), [D("0.01")] * 2, grace_ns)
    for arrival in arrivals:
        made.see(arrival)
    return made


def amounts(made: Ledger, now: int = 1_000) -> dict[str, D]:
    return {one.asset: one.amount for one in made.unexplained(now)}


@pytest.mark.parametrize(
    ("arrivals", "off"),
    [
        ([told(1, balance(1, "100"))], {}),
        ([told(1, balance(1, "1000")), told(2, fill(2), balance(2, "899.9"))], {}),
        ([told(1, balance(1, "1000")), told(2, balance(2, "899.9")), told(3, fill(2))], {}),
        ([told(1, balance(1, "1000")), told(3, fill(3)), told(4, balance(2, "1000"))], {}),
        ([told(1, balance(1, "1000")), told(2, fill(2)), told(3, balance(3, "899.91"))], {}),
        ([told(1, balance(1, "1000")), told(2, fill(2)), told(3, balance(3, "899.92"))], {"x.usd": D("0.02")}),
        ([told(1, balance(1, "1000")), told(2, balance(2, "1001"))], {"x.usd": D(1)}),
        ([told(1, balance(1, "1000")), told(2, balance(2, "1001")), told(3, balance(3, "1000"))], {}),
        ([told(2, balance(2, "1000")), told(3, balance(1, "1"))], {}),
        ([told(1, balance(1, "1000")), told(2, fill(2), balance(2, "899.9")), told(3, balance(3, "899.9"))], {}),
        ([told(1, balance(1, "5", "btc")), told(2, fill(2)), told(3, balance(3, "6", "btc"))], {}),
        ([told(1, balance(1, "5", "btc")), told(2, fill(2)), told(3, balance(3, "5", "btc"))], {"x.btc": D(-1)}),
        (
            [
                told(1, balance(1, "5", "btc"), balance(1, "0")),
                told(2, fill(2, bp.Side.SELL)),
                told(3, balance(3, "99.9")),
            ],
            {},
        ),
    ],
)
def test_what_trades_explain_is_explained(arrivals: Any, off: dict[str, D]) -> None:
    """Whichever of the two is told first; a balance of before a trade does not count it."""
    assert amounts(ledger(*arrivals)) == off


def test_there_is_a_while_to_explain_it_in() -> None:
    made = ledger(told(1, balance(1, "1000")), told(10, balance(2, "899.9")), grace_ns=5)
    assert amounts(made, 14) == {}
    assert amounts(made, 15) == {"x.usd": D("-100.1")}
    made.see(told(16, fill(2)))
    assert amounts(made, 100) == {}


def test_unexplained_money_stops_trading_until_somebody_enables_it_again() -> None:
    async def test() -> None:
        lines = [told(1, balance(1, "1000")), told(2, balance(2, "2000")), traded(3)]
        made, _, _ = system(lines, trading=bp.TradingState.ENABLED, grace=0)
        handle = await made.start()
        for _ in range(20):
            await asyncio.sleep(0)
        assert handle.snapshot().trading == bp.TradingState.DISABLED
        (one,) = handle.unreconciled
        assert str(one) == "1000 x.usd more than balances and trades explain"
        await handle.set_trading(bp.TradingState.ENABLED)
        assert handle.unreconciled == []
        assert handle.snapshot().trading == bp.TradingState.ENABLED
        await handle.shutdown()

    run(test)


def test_it_can_be_left_out() -> None:
    async def test() -> None:
        lines = [told(1, balance(1, "1000")), told(2, balance(2, "2000"))]
        made, _, _ = system(lines, trading=bp.TradingState.ENABLED, grace=0, reconcile=False)
        handle = await made.start()
        for _ in range(20):
            await asyncio.sleep(0)
        assert handle.snapshot().trading == bp.TradingState.ENABLED
        assert handle.unreconciled == []
        await handle.shutdown()

    run(test)


class Knows(Client):
    """Fails so many queries, then says how orders stand."""

    def __init__(self, fails: int, state: Any) -> None:
        super().__init__()
        self.fails, self.state, self.asked = fails, state, 0

    async def order_status(self, key: bp.OrderKey) -> Any:
        self.asked += 1
        if self.asked <= self.fails:
            raise ConnectionFailed("no answer")
        terms = request(key.cid).state
        order = bp.Order(key, terms.side, terms.price, terms.quantity, terms.kind, terms.time_in_force, self.state)
        return None if self.state is None else order


SNAPSHOT = bp.AccountSnapshot("x", (), ())


@pytest.mark.parametrize("state", [bp.Cancelled("1", 9), bp.FullyFilled(), None])
def test_an_order_that_a_snapshot_does_not_list_is_asked_for(state: Any) -> None:
    """As often as it takes; until there is an answer it stays as it was."""

    async def test() -> None:
        opened = bp.Order(
            request("a").key, bp.Side.BUY, D(99), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False),
            bp.Open("1", 2, D(0)),
        )  # fmt: skip
        gate, lost = asyncio.Event(), Arrival(5, (bp.Account(bp.Reconnecting("x")),))
        client, clock = Knows(3, state), Manual()
        made, _, _ = system([traded(1), gate, told(2, opened), lost, told(6, SNAPSHOT)], client=client, clock=clock)
        handle = await made.start()
        await handle.send_open_requests([request("a")])
        gate.set()
        for second in (0, 1, 3):
            await clock.set(second * 10**9)
            assert len(handle.snapshot().orders("btc_usd")) == 1, second
        assert client.asked == 3
        await clock.set(7 * 10**9)
        assert client.asked == 4
        assert handle.snapshot().orders("btc_usd") == []
        await handle.shutdown()

    run(test)


def test_a_client_that_fails_otherwise_ends_the_system() -> None:
    """Nobody waits for the answer but the system itself, so it must not be silent."""

    async def test() -> None:
        client, gate = Knows(0, None), asyncio.Event()

        async def order_status(key: bp.OrderKey) -> Any:
            raise ValueError("a fault of the adapter")

        client.order_status = order_status  # type: ignore[method-assign]
        made, _, _ = system([gate, told(20 * 10**9, SNAPSHOT)], client=client)
        handle = await made.start()
        await handle.send_open_requests([request("a")])
        gate.set()
        with pytest.raises(ValueError, match="a fault of the adapter"):
            await handle.wait()
        assert not handle.is_running

    run(test)


def test_what_is_listed_or_in_flight_is_not_asked_for() -> None:
    """One in flight may have been sent behind the snapshot; when its answer is overdue, it is asked for."""

    async def test() -> None:
        client, clock, gates = Knows(0, bp.Open("1", 9, D(0))), Manual(), [asyncio.Event(), asyncio.Event()]
        late = 20 * 10**9
        made, _, _ = system([gates[0], told(5, SNAPSHOT), gates[1], told(late, SNAPSHOT)], client=client, clock=clock)
        handle = await made.start()
        await handle.send_open_requests([request("a")])
        gates[0].set()
        await clock.set(6)
        assert client.asked == 0
        await clock.set(late)
        gates[1].set()
        await clock.set(late + 1)
        assert client.asked == 1
        (order,) = handle.snapshot().orders("btc_usd")
        assert order.state == bp.Open("1", 9, D(0))
        listed = bp.AccountSnapshot("x", (), (bp.InstrumentAccountSnapshot("btc_usd", (order,)),))
        assert not list(made._host.reconciler.missing(told(1, listed), [client]))  # type: ignore[union-attr]
        assert list(made._host.reconciler.missing(told(1, SNAPSHOT), [client]))  # type: ignore[union-attr]
        await handle.shutdown()

    run(test)


async def turns(count: int) -> None:
    """Let everything happen that would by now."""
    for _ in range(count):
        await asyncio.sleep(0)


class Deaf(Client):
    """Answers no query before a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers, self.asked = asyncio.Event(), list[str]()

    async def order_status(self, key: bp.OrderKey) -> None:
        self.asked.append(key.cid)
        await self.answers.wait()


def test_an_order_is_asked_for_once_however_many_snapshots_do_not_list_it() -> None:
    """Else queries that take longer than from one snapshot to the next pile up for ever, each with all its orders."""

    async def test() -> None:
        client, clock, gate, count = Deaf(), Manual(), asyncio.Event(), 50
        late = [told(20 * 10**9 + n, SNAPSHOT) for n in range(count)]
        made, _, _ = system([gate, *late], client=client, clock=clock)
        handle = await made.start()
        await handle.send_open_requests([request("a"), request("b"), request("c")])
        await clock.set(30 * 10**9)
        gate.set()
        await turns(1000)
        assert client.asked == ["a"]
        assert made._host.reconciler._asked == {(0, "a"), (0, "b"), (0, "c")}  # type: ignore[union-attr]
        assert len(made._host._pumps) < count
        client.answers.set()
        await turns(100)
        assert client.asked == ["a", "b", "c"]
        assert not handle.view().orders("btc_usd")
        await handle.shutdown()

    run(test)


def test_an_order_that_has_ended_before_it_is_its_turn_is_not_asked_for() -> None:
    async def test() -> None:
        client, clock, gates = Deaf(), Manual(), [asyncio.Event(), asyncio.Event()]
        state = bp.OpenFailed(bp.OrderRejected("no"))
        terms = request("b").state
        ended = bp.Order(
            request("b").key, terms.side, terms.price, terms.quantity, terms.kind, terms.time_in_force, state
        )
        lines = [gates[0], told(20 * 10**9, SNAPSHOT), gates[1], told(21 * 10**9, ended)]
        made, _, _ = system(lines, client=client, clock=clock)
        handle = await made.start()
        await handle.send_open_requests([request("a"), request("b")])
        await clock.set(30 * 10**9)
        gates[0].set()
        await turns(100)
        gates[1].set()
        await turns(100)
        client.answers.set()
        await turns(100)
        assert not made._host.reconciler._asked  # type: ignore[union-attr]
        assert client.asked == ["a"]
        await handle.shutdown()

    run(test)


def test_a_simulated_exchange_lists_what_stands() -> None:
    async def test() -> None:
        simulated = simulation(5)
        clock = Manual(simulated.setup.begins)
        made = paper(simulated, clock=clock)
        handle = await made.start()
        await clock.set(simulated.setup.begins + 1)
        await handle.send_open_requests([request("a", price="50")])
        exchange: Any = made.session.clients["x"]
        assert (await exchange.account_snapshot("x")).instruments[0].orders == ()
        assert (await exchange.order_status(request("a").key)).state == bp.OpenInFlight()
        await clock.set(simulated.setup.begins + 10**9)
        (order,) = (await exchange.account_snapshot("x")).instruments[0].orders
        assert isinstance(order.state, bp.Open)
        assert await exchange.order_status(request("a").key) == order
        assert await exchange.order_status(request("b").key) is None
        await handle.abort()

    run(test)


def test_fees_in_the_base_asset_are_explained_there_and_leave_a_position_that_can_be_sold() -> None:
    """Bought 1 at 100 for 0.002 of it: 0.998 are there, and the fee is worth 0.2 (rules 63 and 84)."""

    async def test() -> None:
        trade = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), bp.AssetFees("btc", D("0.002")))
        first = told(1, balance(1, "1000"), balance(1, "0", "btc"))
        made, _, _ = system([first, told(2, trade), told(2, balance(2, "900"), balance(2, "0.998", "btc"))], grace=0)
        handle = await made.start()
        for _ in range(20):
            await asyncio.sleep(0)
        assert handle.unreconciled == []
        assert handle.snapshot().position("btc_usd") == D("0.998")
        assert (await handle.shutdown()).trades["fees"].to_list() == [0.2]

    run(test)


@pytest.mark.parametrize("strategy", [Crosses, Quotes])
def test_a_simulated_account_is_explained_by_its_trades(strategy: Any) -> None:
    """Fees included, at every message: the venue's ledger and this one do not know of each other."""
    simulated = simulation(120)
    system = paper(simulated, strategy(), reconcile=True, grace=0)
    with system.running() as handle:
        traded_ = handle.shutdown_after_backtest()
        assert handle.unreconciled == []
    assert traded_.trades.height > 10
    assert traded_.trades.height == simulated.run(strategy()).trades.height


@pytest.mark.parametrize(
    "fees",
    [
        bt.Fees(0.0005, 0.001, paid_in="received"),
        bt.Fees(-0.0005, -0.001, paid_in="received"),
        bt.Fees(0.0005, 0.001, paid_in="bnb", discount=0.25),
        bt.Fees(0.0005, 0.001, paid_in="usd", discount=0.1),
        bt.Fees(-0.0005, 0.001),
    ],
)
def test_a_simulated_account_is_explained_whatever_fees_are_paid_in(fees: bt.Fees) -> None:
    """A buy receives less, or a third asset pays by a cash flow; interest is told by one, too (rules 44, 63 and 84)."""
    bnb = bt.Instrument("x", "bnb_usd", price_increment="0.0001", quantity_increment="0.001")
    data = [candles(generate.candles(60, seed, one.name)) for seed, one in ((1, BTC), (2, bnb))]
    flows = [interest("usd", cash=0.5, every="7m"), interest("bnb", cash=0.25, every="7m")]
    money = {"usd": 10_000, "bnb": 30, "btc": 3}
    given_ = {"venues": bt.Venue(fees=fees), "balances": money, "cash_flows": flows, "interpret": True}
    simulated = bt.Simulation(data, [BTC, bnb], **given_)

    class Turns:
        """Buys and sells in turn, whole and in odd lots."""

        wake = "bar_close"

        def generate_algo_orders(self, state: Any) -> Any:
            sent, odd = len(state.raw.orders), 0.003 * (state.time // 60_000_000_000 % 7)
            price = round(state.price("btc_usd") * (1 + odd / 1000), 4)
            limits = [bt.OrderRequest("btc_usd", 1 + odd, price) if sent % 3 else bt.OrderRequest("btc_usd", -1)]
            return [], [*limits, bt.OrderRequest("bnb_usd", 0.5 if sent % 4 else -0.3)]

    system = paper(simulated, Turns(), reconcile=True, grace=1)  # that asset's payment is told behind the trade
    with system.running() as handle:
        run_ = handle.shutdown_after_backtest()
        assert handle.unreconciled == []
    assert run_.trades.height > 20
    assert len(run_.state.payments) > 4
