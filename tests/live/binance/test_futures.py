"""USD-M futures at the loopback exchange: requests, positions, margin, funding, a key that expires."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import ExecutionClient, Manual, Recorder, Source, System, binance, replay
from barter_bt.live.protocols import MovesMargin
from barter_bt.live.terminal import Happenings
from barter_bt.testing.exchange import Listing, LoopbackFutures, Lost, Sockets, Status
from tests.live.binance.futures_rig import KEYS, PERP, Desk, account_rig, at_market, key, order
from tests.live.binance.rig import FOK, GTC, IOC, POST, START, run

POST_ORDER, SELL = "POST /fapi/v1/order", bp.Side.SELL


def test_instruments_are_as_the_exchange_describes_them() -> None:
    async def test() -> None:
        clock = Manual(START)
        listed = [
            Listing("BTCUSDT", "BTC", "USDT"),
            Listing("BTCUSDT_260925", "BTC", "USDT", delivery_ms=1_790_323_200_000),
        ]
        async with LoopbackFutures(clock, listed) as exchange:
            perp, future = await binance.instruments(["BTCUSDT", "BTCUSDT_260925"], exchange.endpoints, clock)
            assert (perp.name, perp.kind, perp.settlement, perp.notional_min) == ("btc_usdt", "perpetual", "usdt", "5")
            assert (future.name, future.kind, future.expiry) == ("btc_usdt_260925", "future", 1_790_323_200 * 10**9)
            with pytest.raises(Exception, match="Invalid symbol"):
                await binance.instruments(["NOPE"], exchange.endpoints, clock)

    run(test)


def test_a_spot_account_is_no_account_of_futures() -> None:
    with pytest.raises(ConfigError, match="FuturesAccount"):
        binance.BinanceAccount([PERP], KEYS, endpoints=binance.FUTURES_TEST_NETWORK)
    with pytest.raises(ConfigError, match="perpetual and future"):
        binance.FuturesAccount([], KEYS)


def test_an_order_rests_fills_and_what_is_left_is_cancelled() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            assert isinstance(rig.adapter, Source)
            assert isinstance(rig.adapter, ExecutionClient)
            await rig.ready()
            assert rig.adapter.open(order(quantity="3", price="101")) is None
            rig.exchange.book({"99": "5"}, {"101": "2"})
            await rig.until(lambda: rig.trades)
            (trade,) = rig.trades
            assert (trade.price, trade.quantity, trade.side, trade.strategy) == (101, 2, bp.Side.BUY, "me")
            assert trade.fees == bp.AssetFees(None, D("0.202"))
            rig.adapter.cancel(bp.OrderRequestCancel(key(), bp.RequestCancel()))
            await rig.until(lambda: rig.of(bp.OrderResponseCancel))
            states = rig.states()
            assert [type(one).__name__ for one in states] == ["Open", "Open", "Cancelled"]
            assert [one.filled_quantity for one in states[:2]] == [0, 2]
            assert [one.quantity for one in rig.held] == [0, 2]
            (told,) = rig.of(bp.AssetBalance)
            assert (told.asset, told.balance.total) == ("usdt", D("9999.798"))

    run(test)


@pytest.mark.parametrize(
    ("request_", "ends", "traded"),
    [
        (order(price="98", tif=IOC), bp.Expired, "0"),
        (order(price="101", quantity="9", tif=IOC), bp.Expired, "5"),
        (order(price="101", quantity="9", tif=FOK), bp.Expired, "0"),
        (at_market(quantity="2"), bp.FullyFilled, "2"),
        (at_market(quantity="0.5", side=SELL), bp.FullyFilled, "0.5"),
        (order(price="100", tif=POST), bp.Open, "0"),
    ],
)
def test_kinds_and_times_in_force(request_: Any, ends: type, traded: str) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(request_)
            await rig.until(lambda: rig.states() and isinstance(rig.states()[-1], ends))
            assert sum(trade.quantity for trade in rig.trades) == D(traded)

    run(test)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (order(quantity="5000"), bp.BalanceInsufficient),
        (order(price="100.005"), bp.OrderRejected),
        (order(price="101", tif=POST), bp.OrderRejected),
    ],
)
def test_refusals_are_barters_errors(request_: Any, error: type) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(request_)
            await rig.until(rig.states)
            assert isinstance(rig.states()[-1].error, error)

    run(test)


def test_a_post_only_order_that_rests_is_told_as_one() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order(tif=POST))
            await rig.until(lambda: rig.of(bp.Order))
            assert rig.of(bp.Order)[-1].time_in_force == POST
            (asked,) = [params for route, params in rig.exchange.requests if route == POST_ORDER]
            assert (asked["type"], asked["timeInForce"]) == ("LIMIT", "GTX")

    run(test)


def test_an_amend_changes_price_and_quantity_and_a_second_one_nothing() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order(price="90", quantity="3"))
            rig.adapter.amend(bp.OrderRequestAmend(key(), bp.RequestAmend(price=D(91))))
            await rig.until(lambda: rig.of(bp.OrderResponseAmend))
            rig.adapter.amend(bp.OrderRequestAmend(key(), bp.RequestAmend(quantity=D(4))))
            await rig.until(lambda: len(rig.of(bp.OrderResponseAmend)) == 2)
            first, second = (one.state for one in rig.of(bp.OrderResponseAmend))
            assert (first.price, first.quantity) == (91, 3)
            assert (second.price, second.quantity) == (91, 4)
            rig.adapter.amend(bp.OrderRequestAmend(key(), bp.RequestAmend(quantity=D(4))))
            await rig.until(lambda: len(rig.of(bp.OrderResponseAmend)) == 3)
            assert isinstance(rig.of(bp.OrderResponseAmend)[-1].state, bp.OrderRejected)

    run(test)


def test_what_cannot_be_told_is_not_sent() -> None:
    """Called directly, without a session, the client leaves no condition out in silence."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            waits = bp.Conditions(trigger=bp.Stop(D(95)))
            terms = bp.RequestOpen(bp.Side.BUY, D(90), D(1), bp.OrderKind.LIMIT, GTC, waits)
            rig.adapter.open(bp.OrderRequestOpen(key("a"), terms))
            rig.adapter.open(order("b", price="90"))
            await rig.until(lambda: rig.states("a") and rig.states("b"))
            assert "cannot tell the exchange of trigger" in rig.states("a")[-1].error.message
            rig.adapter.amend(bp.OrderRequestAmend(key("b"), bp.RequestAmend(trigger=D(95))))
            await rig.until(lambda: rig.of(bp.OrderResponseAmend))
            assert "cannot tell the exchange of trigger" in rig.of(bp.OrderResponseAmend)[-1].state.message
            assert [route for route, _ in rig.exchange.requests].count(POST_ORDER) == 1
            assert "PUT /fapi/v1/order" not in [route for route, _ in rig.exchange.requests]

    run(test)


def test_an_order_that_asks_to_reduce_only_is_sent_as_such() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(at_market("buys", "1"))
            await rig.until(lambda: rig.trades)
            for cid, quantity in (("more", "2"), ("all", "1")):
                terms = bp.RequestOpen(
                    SELL, D(0), D(quantity), bp.OrderKind.MARKET, IOC, bp.Conditions(reduce_only=True)
                )
                rig.adapter.open(bp.OrderRequestOpen(key(cid), terms))
                await rig.until(lambda cid=cid: rig.states(cid))
            assert "ReduceOnly" in rig.states("more")[-1].error.message
            await rig.until(lambda: len(rig.trades) == 2)
            assert rig.exchange.account.held["BTCUSDT"] == 0

    run(test)


def test_only_marked_orders_reduce() -> None:
    async def test() -> None:
        reduces = {"reduce_only": lambda request: request.state.side == SELL}
        async with account_rig(adapter=reduces) as rig:
            await rig.ready()
            rig.adapter.open(at_market("buys", "1"))
            await rig.until(lambda: rig.trades)
            rig.adapter.open(at_market("sells more", "2", SELL))
            rig.adapter.open(at_market("more", "2", SELL))
            await rig.until(lambda: rig.states("more"))
            assert "ReduceOnly" in rig.states("more")[-1].error.message
            rig.adapter.open(at_market("all", "1", SELL))
            await rig.until(lambda: len(rig.trades) == 2)
            assert rig.exchange.account.held["BTCUSDT"] == 0

    run(test)


def test_an_answer_that_is_lost_doubles_no_order() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next(POST_ORDER, Lost(), Status(503, processed=True))
            rig.adapter.open(order("a"))
            await rig.until(lambda: rig.states("a"))
            rig.adapter.open(order("b"))
            await rig.until(lambda: rig.states("b"))
            assert [one.client_id for one in rig.exchange.account.orders] == ["a", "b"]

    run(test)


def test_a_dry_run_trades_nothing() -> None:
    async def test() -> None:
        async with account_rig(dry_run=True) as rig:
            await rig.ready()
            rig.adapter.open(order())
            await rig.until(rig.states)
            assert "dry run" in rig.states()[-1].error.message
            assert rig.exchange.account.orders == []

    run(test)


def test_fills_while_the_stream_is_down_are_told_once() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order(price="99", quantity="2"))
            await rig.until(rig.states)
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            rig.exchange.trade("98", "1")
            rig.exchange.is_down = False
            await rig.back()
            rig.exchange.trade("98", "5")
            await rig.exchange.flush()
            await rig.until(lambda: len(rig.trades) == 2)
            assert [one.id for one in rig.trades] == ["1", "2"]
            assert rig.held[-1].quantity == 2

    run(test)


def test_the_listen_key_is_kept_alive_and_made_anew_when_it_has_expired() -> None:
    async def test() -> None:
        async with account_rig(adapter={"silence": "10h"}) as rig:
            await rig.ready()
            for _ in range(4):
                await rig.passes(30 * 60)
                await rig.settled()
            asked = [route for route, _ in rig.exchange.requests if "listenKey" in route]
            assert asked == ["POST /fapi/v1/listenKey", *["PUT /fapi/v1/listenKey"] * 4]
            assert rig.losses == 0
            rig.exchange.expire_listen_key()
            await rig.exchange.flush()
            await rig.back()
            assert rig.adapter.open(order()) is None
            await rig.until(rig.states)
            assert rig.losses == 1

    run(test)


def test_a_key_that_nobody_kept_alive_is_a_lost_link() -> None:
    async def test() -> None:
        async with account_rig(adapter={"silence": "10h"}) as rig:
            await rig.ready()
            rig.exchange._extended_ms = 0
            await rig.passes(30 * 60)
            await rig.until(lambda: rig.losses)
            await rig.back()

    run(test)


def test_hedge_mode_is_refused() -> None:
    async def test() -> None:
        rig = account_rig()
        rig.exchange.account.is_hedged = True
        async with rig:
            with pytest.raises(ConfigError, match="one-way mode"):
                await rig.ready()

    run(test)


def test_wrong_keys_are_told_and_not_tried_again() -> None:
    async def test() -> None:
        async with account_rig(key="another") as rig:
            with pytest.raises(ConfigError, match="trade futures"):
                await rig.ready()

    run(test)


def test_terms_are_read_and_a_change_of_them_is_told() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            assert rig.adapter.terms == {"btc_usdt": binance.MarginTerms(20, is_isolated=False)}
            rig.exchange.set_leverage(5)
            await rig.exchange.flush()
            with pytest.warns(binance.BinanceWarning, match="from 20 to 5"):
                await rig.until(lambda: rig.adapter.terms["btc_usdt"].leverage == 5)
            assert not any("leverage" in route for route, _ in rig.exchange.requests)

    run(test)


def test_funding_is_a_cash_flow_and_in_the_balance() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.fund("-1.5")
            await rig.exchange.flush()
            await rig.until(lambda: rig.adapter.cash_flows)
            (flow,) = rig.adapter.cash_flows
            assert (flow.kind, flow.instrument, flow.asset, flow.amount) == (
                "FUNDING_FEE",
                "btc_usdt",
                "usdt",
                D("-1.5"),
            )
            assert rig.of(bp.AssetBalance)[-1].balance.total == D("9998.5")
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011, Sockets.ACCOUNT)
            rig.exchange.fund("0.25")
            rig.exchange.is_down = False
            await rig.back()
            assert rig.adapter.funding == {"usdt": D("-1.25")}

    run(test)


@pytest.mark.filterwarnings("ignore:.*was not moved")
def test_margin_of_a_position_is_moved_and_the_answer_is_a_cash_flow() -> None:
    """All of it, or nothing: without a position, more than there is, more than was added."""

    async def test() -> None:
        async with account_rig() as rig:
            assert isinstance(rig.adapter, MovesMargin)
            assert rig.adapter.move_margin(moved("5")) == bp.ExecutionChannelUnhealthy(
                "the account's stream is not there: nobody would hear what became of it"
            )
            await rig.ready()
            for number, amount in enumerate(("5", "50", "-20", "-31", "1000000"), 1):
                rig.adapter.move_margin(moved(amount))
                await rig.until(lambda number=number: len(rig.of(bp.CashFlow)) == number)
                if number == 1:
                    rig.adapter.open(at_market(quantity="2"))
                    await rig.until(lambda: rig.trades)
            flows = rig.of(bp.CashFlow)
            assert [flow.amount for flow in flows] == [0, 50, -20, 0, 0]
            assert {(flow.kind, flow.instrument, flow.asset) for flow in flows} == {
                (bp.CashFlowKind.TRANSFER, "btc_usdt", "usdt")
            }
            free = [flow.balance.free for flow in flows[1:3]]
            assert free[1] - free[0] == 20
            asked = [params for route, params in rig.exchange.requests if route.endswith("positionMargin")]
            assert [(one["amount"], one["type"]) for one in asked][1:3] == [("50", "1"), ("20", "2")]

    run(test)


def moved(amount: str) -> bp.MarginRequest:
    return bp.MarginRequest("binance_futures_usd", "btc_usdt", D(amount))


# Positions


def desk(test: Any, **exchange: Any) -> None:
    async def within() -> None:
        clock = Manual(START)
        async with LoopbackFutures(clock, **exchange) as served:
            made = Desk(served, clock)
            await test(made)
            await made.handle.abort()

    run(within)


def test_a_position_that_trades_explain_goes_on() -> None:
    async def test(desk: Desk) -> None:
        handle = await desk.start()
        for cid, side, quantity in (("a", bp.Side.BUY, "2"), ("b", SELL, "3"), ("c", bp.Side.BUY, "1")):
            await handle.send_open_requests([at_market(cid, quantity, side)])
            await desk.passes(8)
            assert handle.snapshot().position("btc_usdt") == desk.exchange.account.held["BTCUSDT"]
        assert handle.unreconciled == []
        assert handle.snapshot().trading == bp.TradingState.ENABLED

    desk(test)


@pytest.mark.parametrize("how", ["by hand", "there before"])
def test_a_position_that_trades_do_not_explain_stops_trading_and_says_so(how: str) -> None:
    async def test(desk: Desk) -> None:
        if how != "by hand":
            desk.exchange.trade_by_hand("0.5", "100")
        handle = await desk.start()
        happenings = Happenings()
        following = asyncio.create_task(happenings.follow(handle))
        desk.exchange.trade_by_hand("0.25", "100")
        await desk.exchange.flush()
        await desk.passes(3)
        assert handle.unreconciled == []
        await desk.passes(5)
        (trouble,) = handle.unreconciled
        amount = "0.25" if how == "by hand" else "0.75"
        assert str(trouble) == f"{amount}000000 binance_futures_usd.btc_usdt more than positions and trades explain"
        assert handle.snapshot().trading == bp.TradingState.DISABLED
        (line,) = [one for one in happenings.last if "STOPPED" in one]
        assert str(trouble) in line
        following.cancel()
        await handle.set_trading(bp.TradingState.ENABLED)
        await desk.passes(8)
        assert handle.unreconciled == []

    desk(test)


def test_a_liquidation_is_a_trade_that_explains_the_position() -> None:
    async def test(desk: Desk) -> None:
        handle = await desk.start()
        await handle.send_open_requests([at_market("a", "2")])
        await desk.passes(1)
        desk.exchange.liquidate("90")
        await desk.exchange.flush()
        await desk.passes(8)
        assert handle.snapshot().position("btc_usdt") == 0
        assert handle.unreconciled == []

    desk(test)


def test_an_update_of_the_account_that_is_lost_is_no_trouble() -> None:
    """A position is compared with the trades up to its own time, so nothing has to be told in order."""

    async def test(desk: Desk) -> None:
        handle = await desk.start()
        await desk.passes(1)
        desk.exchange.sockets.spoiler.next += ["reorder"]
        await handle.send_open_requests([at_market("a", "2")])
        await desk.passes(8)
        assert handle.snapshot().position("btc_usdt") == 2
        assert handle.unreconciled == []

    desk(test)


def test_a_session_replays_to_its_digest(tmp_path: Path) -> None:
    async def test() -> None:
        clock = Manual(START)
        async with LoopbackFutures(clock) as exchange:
            made = Desk(exchange, clock, recorder=Recorder(tmp_path / "session"))
            handle = await made.start()
            await handle.send_open_requests([at_market("a", "2")])
            await made.passes(2)
            await handle.send_open_requests([at_market("b", "2", SELL)])
            await made.passes(2)
            await handle.shutdown()

    run(test)
    unused = binance.FuturesAccount([PERP], KEYS)
    again = replay(System([PERP], sources=[], clients=[unused], start=START), tmp_path / "session")
    assert again.trades["price"].to_list() == [101.0, 99.0]
    assert again.positions["pnl_realised"].to_list() == pytest.approx([-4 - 0.202 - 0.198])
