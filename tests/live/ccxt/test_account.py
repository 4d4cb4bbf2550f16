"""Requests through ccxt and what comes back: when all is well, when the exchange says no, when it says nothing."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.live import ExecutionClient, Manual, Source, System
from barter_bt.live.ccxt import CcxtAccount, Secrets, connect
from barter_bt.testing.exchange import Late, LoopbackFutures, Lost, Sockets, Status
from tests.live.binance.rig import FOK, GTC, IOC, POST, START, Rig, run
from tests.live.ccxt.rig import BTC, PERP, account_rig, loopback

POST_ORDER, SELL = "POST /api/v3/order", bp.Side.SELL


def key(cid: str = "a", exchange: str = "binance") -> bp.OrderKey:
    return bp.OrderKey(exchange, "btc_usdt", "me", cid)


def order(cid: str = "a", quantity: str = "1", price: str = "100", side: bp.Side = bp.Side.BUY, tif: Any = GTC) -> Any:
    return bp.OrderRequestOpen(key(cid), bp.RequestOpen(side, D(price), D(quantity), bp.OrderKind.LIMIT, tif))


def at_market(cid: str = "a", quantity: str = "1", side: bp.Side = bp.Side.BUY) -> Any:
    return bp.OrderRequestOpen(key(cid), bp.RequestOpen(side, D(0), D(quantity), bp.OrderKind.MARKET, IOC))


def cancel(cid: str = "a") -> Any:
    return bp.OrderRequestCancel(key(cid), bp.RequestCancel())


async def heard(rig: Rig) -> None:
    """The account has been asked, and its stream is there."""
    await rig.ready()
    await rig.until(lambda: any(Sockets.ACCOUNT in names for names in rig.exchange.sockets.open.values()))


def test_secrets_come_from_the_environment_and_are_never_shown() -> None:
    given = {"B_KEY": "public-part", "B_SECRET": "private", "B_PASSWORD": "phrase"}
    secrets = Secrets.from_environment("B", given)
    for shown in (repr(secrets), repr(connect("okx", secrets)), str(connect("okx", secrets))):
        assert not {"private", "phrase", "part"} & {word for word in ("private", "phrase", "part") if word in shown}
    assert secrets.hide("sign=private&p=phrase") == "sign=…&p=…"
    assert connect("okx", secrets).api.password == "phrase"
    with pytest.raises(ConfigError, match="B_SECRET not set"):
        Secrets.from_environment("B", {"B_KEY": "x"})


def test_an_order_rests_fills_and_what_is_left_is_cancelled() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            assert isinstance(rig.adapter, Source)
            assert isinstance(rig.adapter, ExecutionClient)
            await heard(rig)
            assert rig.adapter.open(order(quantity="3", price="101")) is None
            rig.exchange.book({"99": "5"}, {"101": "2"})
            await rig.until(lambda: rig.trades)
            (trade,) = rig.trades
            assert (trade.price, trade.quantity, trade.side, trade.strategy) == (101, 2, bp.Side.BUY, "me")
            assert trade.fees == bp.AssetFees("btc", D("0.002"))
            await rig.until(lambda: rig.states() and rig.states()[-1].filled_quantity == 2)
            rig.adapter.cancel(cancel())
            await rig.until(lambda: rig.of(bp.OrderResponseCancel))
            await rig.settled()
            (cancelled,) = rig.of(bp.OrderResponseCancel)
            assert isinstance(cancelled.state, bp.Cancelled)
            filled = [one.filled_quantity for one in rig.states()[:-1]]
            assert filled == sorted(filled)
            usdt = [one for one in rig.of(bp.AssetBalance) if one.asset == "usdt"][-1]
            assert usdt.balance == bp.Balance(D(9798), D(9798))

    run(test)


@pytest.mark.parametrize(
    ("request_", "ends", "traded"),
    [
        (order(price="98", tif=IOC), bp.Expired, "0"),
        (order(price="101", quantity="9", tif=IOC), bp.Expired, "5"),
        (order(price="101", quantity="9", tif=FOK), bp.Expired, "0"),
        (order(price="101", quantity="5", tif=FOK), bp.FullyFilled, "5"),
        (at_market(quantity="2"), bp.FullyFilled, "2"),
        (at_market(quantity="0.5", side=SELL), bp.FullyFilled, "0.5"),
        (order(price="100", tif=POST), bp.Open, "0"),
    ],
)
def test_kinds_and_times_in_force(request_: Any, ends: type, traded: str) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.adapter.open(request_)
            await rig.until(lambda: rig.states() and isinstance(rig.states()[-1], ends))
            await rig.until(lambda: sum(trade.quantity for trade in rig.trades) == D(traded))
            await rig.settled()
            assert isinstance(rig.states()[-1], ends)

    run(test)


def limited(rig: Rig) -> None:
    rig.exchange.answer_next(POST_ORDER, Status(429, retry_after=3))


@pytest.mark.parametrize(
    ("request_", "before", "error"),
    [
        (order(quantity="1000"), None, bp.BalanceInsufficient),
        (order(price="100.005"), None, bp.OrderRejected),
        (order(quantity="0.000015", price="99"), None, bp.OrderRejected),
        (order(price="101", tif=POST), None, bp.OrderRejected),
        (order(tif=bp.GoodUntilEndOfDay()), None, bp.OrderRejected),
        (order(), limited, bp.RateLimit),
    ],
)
def test_refusals_are_barters_errors(request_: Any, before: Any, error: type) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            if before:
                before(rig)
            rig.adapter.open(request_)
            await rig.until(rig.states)
            assert isinstance(rig.states()[-1].error, error)
            assert rig.exchange.account.orders == []

    run(test)


def test_a_client_id_is_used_once() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.adapter.open(at_market())
            await rig.until(lambda: rig.trades)
            rig.adapter.open(at_market())
            await rig.until(lambda: any(isinstance(one, bp.OpenFailed) for one in rig.states()))
            assert len(rig.exchange.account.orders) == 1

    run(test)


@pytest.mark.parametrize("fault", [Lost(), Status(503, processed=True), Late()])
def test_an_order_whose_answer_is_lost_is_there_once(fault: Any) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.exchange.answer_next(POST_ORDER, fault)
            rig.adapter.open(order())
            await rig.until(lambda: rig.exchange.account.orders)
            await rig.until_in_time(lambda: any(isinstance(one, bp.Open) for one in rig.states()))
            await rig.settled()
            assert not any(isinstance(one, bp.OpenFailed) for one in rig.states())
            assert len(rig.exchange.account.orders) == 1

    run(test)


def test_an_order_that_never_arrived_has_failed_when_that_is_certain() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.exchange.answer_next(POST_ORDER, Lost(processed=False))
            rig.adapter.open(order())
            await rig.settled()
            assert rig.states() == []
            await rig.until_in_time(rig.states)
            assert isinstance(rig.states()[-1], bp.OpenFailed)
            assert rig.clock.now() >= START + 30 * 10**9
            assert rig.exchange.account.orders == []

    run(test)


@pytest.mark.parametrize(("filled", "error"), [(True, bp.OrderAlreadyFullyFilled), (False, bp.OrderAlreadyCancelled)])
def test_what_cannot_be_cancelled_and_why(filled: bool, error: type) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.adapter.open(order(price="99"))
            await rig.until(rig.states)
            if filled:
                rig.exchange.trade("98", "5")
            else:
                rig.exchange.account.cancel(rig.exchange.account.orders[0])
            rig.adapter.cancel(cancel())
            await rig.until(lambda: any(isinstance(one.state, error) for one in rig.of(bp.OrderResponseCancel)))

    run(test)


def test_fills_while_the_stream_is_down_are_told_once() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.adapter.open(order(price="99", quantity="2"))
            await rig.until(rig.states)
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            assert isinstance(rig.adapter.open(order("b")), bp.ExecutionChannelUnhealthy)
            await rig.passes(0.001)
            rig.exchange.trade("98", "1")
            rig.exchange.is_down = False
            await rig.back()
            assert [one.quantity for one in rig.trades] == [1]
            await rig.until_in_time(
                lambda: any(Sockets.ACCOUNT in names for names in rig.exchange.sockets.open.values()), 0.25
            )
            await rig.settled()
            rig.exchange.trade("98", "5")
            await rig.exchange.flush()
            await rig.until_in_time(lambda: len(rig.trades) == 2, 1, 400)
            assert [one.id for one in rig.trades] == ["1", "2"]
            assert rig.adapter.reconnects == rig.losses
            count = len(rig.snapshots)
            await rig.until_in_time(lambda: len(rig.snapshots) > count, 30)
            assert [one.id for one in rig.trades] == ["1", "2"]

    run(test)


def test_where_nothing_is_streamed_everything_is_asked_for() -> None:
    async def test() -> None:
        streams = ("watchOrders", "watchMyTrades", "watchBalance")

        def make(rig: Rig) -> CcxtAccount:
            connection = loopback(rig.exchange, rig.clock)
            connection.api.has.update(dict.fromkeys(streams, False))
            return CcxtAccount(connection, [BTC], dry_run=False, clock=rig.clock)

        async with Rig(make) as rig:
            await rig.ready()
            rig.adapter.open(order(price="99", quantity="2"))
            await rig.until(rig.states)
            rig.exchange.trade("98", "1")
            await rig.until_in_time(lambda: rig.trades)
            (row,) = rig.snapshots[-1].instruments
            assert row.orders[0].state.filled_quantity == 1
            assert rig.clock.now() <= START + 7 * 10**9
            assert not rig.exchange.sockets.open

    run(test)


def test_a_query_that_failed_is_no_empty_answer() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await heard(rig)
            rig.adapter.open(order(price="99"))
            await rig.until(rig.states)
            rig.exchange.answer_next("GET /api/v3/order", Status(503), Status(502))
            for _ in range(2):
                with pytest.raises(ConnectionFailed):
                    await rig.adapter.order_status(key())
            found = await rig.adapter.order_status(key())
            assert isinstance(found.state, bp.Open)
            count = len(rig.snapshots)
            rig.exchange.answer_next("GET /api/v3/openOrders", Status(503), Status(503))
            await rig.until_in_time(lambda: len(rig.snapshots) > count, 5)
            assert all(one.instruments[0].orders for one in rig.snapshots[count:])
            rig.adapter._progress.sent_at["new"] = rig.clock.now()
            with pytest.raises(ConnectionFailed, match="may still arrive"):
                await rig.adapter.order_status(key("new"))
            await rig.passes(31)
            assert await rig.adapter.order_status(key("new")) is None

    run(test)


def test_a_dry_run_sends_nothing() -> None:
    async def test() -> None:
        async with account_rig(dry_run=True) as rig:
            await heard(rig)
            rig.adapter.open(order())
            rig.adapter.cancel(cancel("b"))
            rig.adapter.amend(bp.OrderRequestAmend(key("c"), bp.RequestAmend(price=D(1))))
            await rig.until(lambda: rig.states("a") and rig.states("b") and rig.states("c"))
            assert "dry run" in rig.states("a")[-1].error.message
            assert not any(route.startswith(("POST", "DELETE", "PUT")) for route, _ in rig.exchange.requests)

    run(test)


def test_wrong_keys_are_told_and_not_tried_again() -> None:
    async def test() -> None:
        async with account_rig(secrets=Secrets("key", "wrong-secret")) as rig:
            with pytest.raises(ConfigError, match="does not tell of the account") as told:
                await rig.ready()
            assert "wrong-secret" not in str(told.value)

    run(test)


def test_fees_elsewhere_are_told_of() -> None:
    async def test() -> None:
        async with account_rig(fee_in="BNB") as rig:
            await heard(rig)
            rig.exchange.account.balances["BNB"].free = D(100)
            rig.adapter.open(at_market())
            with pytest.warns(UserWarning, match="in no profit"):
                await rig.until(lambda: rig.trades)
            assert rig.trades[0].fees == bp.AssetFees(None, D(0))
            assert rig.adapter.fees_elsewhere == {"bnb": D("0.101")}

    run(test)


# Derivatives, through ccxt's binanceusdm at the loopback futures exchange, whose streams ccxt does not ask for here


def futures(rig: Rig) -> CcxtAccount:
    connection = loopback(rig.exchange, rig.clock)
    connection.api.has.update(dict.fromkeys(("watchOrders", "watchMyTrades", "watchBalance"), False))
    return CcxtAccount(connection, [PERP], dry_run=False, clock=rig.clock)


def future_order(cid: str, quantity: str, price: str = "90") -> Any:
    terms = bp.RequestOpen(bp.Side.BUY, D(price), D(quantity), bp.OrderKind.LIMIT, GTC)
    return bp.OrderRequestOpen(key(cid, "binanceusdm"), terms)


def test_an_order_of_futures_is_amended_and_fills_into_a_position() -> None:
    async def test() -> None:
        async with Rig(futures, LoopbackFutures) as rig:
            await rig.ready()
            rig.adapter.open(future_order("a", "2"))
            await rig.until(rig.states)
            rig.adapter.amend(bp.OrderRequestAmend(key("a", "binanceusdm"), bp.RequestAmend(price=D(95))))
            await rig.until(lambda: rig.of(bp.OrderResponseAmend))
            (amended,) = rig.of(bp.OrderResponseAmend)
            assert (amended.state.price, amended.state.quantity) == (95, 2)
            rig.exchange.trade("94", "5")
            await rig.until_in_time(lambda: rig.held and rig.held[-1].quantity == 2)
            (trade,) = rig.trades
            assert (trade.price, trade.fees) == (95, bp.AssetFees(None, D("0.19")))

    run(test)


def test_a_position_that_trades_do_not_explain_stops_trading() -> None:
    async def test() -> None:
        clock = Manual(START)
        async with LoopbackFutures(clock) as exchange:
            exchange.quote("99", "101", "5")
            account = futures(SimpleNamespace(exchange=exchange, clock=clock))  # type: ignore[arg-type]
            system = System([PERP], sources=[account], clients=[account], clock=clock, start=START)
            handle = await system.start()
            await account.ready()
            await handle.set_trading(bp.TradingState.ENABLED)
            exchange.trade_by_hand("-1", "100")
            for _ in range(30):
                await clock.set(clock.now() + 10**9)
                for _ in range(400):
                    await asyncio.sleep(0)
                if handle.unreconciled:
                    break
            (trouble,) = handle.unreconciled
            assert (trouble.asset, trouble.amount, trouble.is_position) == ("binanceusdm.btc_usdt", -1, True)
            assert handle.snapshot().trading == bp.TradingState.DISABLED
            await handle.abort()

    run(test)


def test_what_cannot_be_told_is_not_sent() -> None:
    """Called directly, without a session, the client leaves no condition out in silence."""

    async def test() -> None:
        async with Rig(futures, LoopbackFutures) as rig:
            await rig.ready()
            terms = bp.RequestOpen(bp.Side.BUY, D(90), D(1), bp.OrderKind.LIMIT, GTC, bp.Conditions(reduce_only=True))
            rig.adapter.open(bp.OrderRequestOpen(key("a", "binanceusdm"), terms))
            rig.adapter.open(future_order("b", "2"))
            await rig.until(lambda: rig.states("a") and rig.states("b"))
            assert "cannot tell the exchange of reduce_only" in rig.states("a")[-1].error.message
            rig.adapter.amend(bp.OrderRequestAmend(key("b", "binanceusdm"), bp.RequestAmend(trigger=D(95))))
            await rig.until(lambda: rig.of(bp.OrderResponseAmend))
            assert "cannot tell the exchange of trigger" in rig.of(bp.OrderResponseAmend)[-1].state.message
            sent = [
                route for route, _ in rig.exchange.requests if route.startswith(("POST", "PUT")) and "order" in route
            ]
            assert sent == ["POST /fapi/v1/order"]

    run(test)
