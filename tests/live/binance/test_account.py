"""Requests to Binance's dialect and what comes back, when nothing goes wrong and when the exchange says no."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.live import ExecutionClient, Source, binance
from barter_bt.testing.exchange import Late, Status
from tests.live.binance.rig import FOK, IOC, POST, Rig, account_rig, at_market, cancel, key, order, run

POST_ORDER = "POST /api/v3/order"


def test_the_signatures_of_the_documentation() -> None:
    """`rest-api.md`, "HMAC Keys", both examples; the keys are those of that page."""
    keys = binance.Keys("k", "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
    rest = "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    plain = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert keys.sign(f"symbol=LTCBTC{rest}") == plain
    wide = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
    assert keys.sign(f"symbol={wide}{rest}") == "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"


def test_keys_come_from_the_environment_and_are_never_shown() -> None:
    keys = binance.Keys.from_environment("B", {"B_KEY": "public-part", "B_SECRET": "private"})
    assert "private" not in repr(keys)
    assert "part" not in repr(keys)
    with pytest.raises(ConfigError, match="B_SECRET not set"):
        binance.Keys.from_environment("B", {"B_KEY": "x"})


def test_the_account_is_a_source_and_a_client() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            assert isinstance(rig.adapter, Source)
            assert isinstance(rig.adapter, ExecutionClient)

    run(test)


def test_an_order_rests_fills_and_what_is_left_is_cancelled() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            assert rig.adapter.open(order(quantity="3", price="101")) is None
            rig.exchange.book({"99": "5"}, {"101": "2"})
            await rig.until(lambda: rig.trades)
            (trade,) = rig.trades
            assert (trade.price, trade.quantity, trade.side, trade.strategy) == (101, 2, bp.Side.BUY, "me")
            assert trade.fees == bp.AssetFees("btc", D("0.002"))
            rig.adapter.cancel(cancel())
            await rig.until(lambda: rig.of(bp.OrderResponseCancel))
            states = rig.states()
            assert [type(one).__name__ for one in states] == ["Open", "Open", "Cancelled"]
            assert [one.filled_quantity for one in states[:2]] == [0, 2]
            await rig.until(lambda: isinstance(rig.told[-1], bp.AssetBalance))
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
        (at_market(quantity="0.5", side=bp.Side.SELL), bp.FullyFilled, "0.5"),
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


def test_zeros_behind_are_no_precision() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order(quantity="1.0000000000", price="1E+2"))
            await rig.until(rig.states)
            assert isinstance(rig.states()[-1], bp.Open)

    run(test)


def refused_by_limit(rig: Rig) -> None:
    rig.exchange.answer_next(POST_ORDER, Status(429, retry_after=3))


@pytest.mark.parametrize(
    ("request_", "before", "error"),
    [
        (order(quantity="1000"), None, bp.BalanceInsufficient),
        (order(side=bp.Side.SELL, quantity="2"), None, bp.BalanceInsufficient),
        (order(price="100.005"), None, bp.OrderRejected),
        (order(price="0.01", quantity="1"), None, bp.OrderRejected),
        (order(price="101", tif=POST), None, bp.OrderRejected),
        (order(cid="a.b"), None, bp.OrderRejected),
        (order(tif=bp.GoodUntilEndOfDay()), None, bp.OrderRejected),
        (order(), refused_by_limit, bp.RateLimit),
    ],
)
def test_refusals_are_barters_errors(request_: Any, before: Any, error: type) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            if before is not None:
                before(rig)
            assert rig.adapter.open(request_) is None
            await rig.until(lambda: rig.states(request_.key.cid))
            (state,) = rig.states(request_.key.cid)
            assert isinstance(state, bp.OpenFailed)
            assert isinstance(state.error, error), state
            assert rig.exchange.account.orders == []
            if isinstance(state.error, bp.BalanceInsufficient):
                assert state.error.asset == ("btc" if request_.state.side == bp.Side.SELL else "usdt")

    run(test)


def test_a_client_id_is_used_once() -> None:
    """Binance takes the id of a filled order again: a second request would be a second order."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(at_market())
            await rig.until(lambda: rig.trades)
            rig.adapter.open(at_market())
            await rig.until(lambda: isinstance(rig.states()[-1], bp.OpenFailed))
            assert len(rig.exchange.account.orders) == 1

    run(test)


def test_why_there_is_nothing_to_cancel() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(at_market("filled"))
            rig.adapter.open(order("gone"))
            await rig.until(lambda: rig.trades and rig.states("gone"))
            rig.exchange.account.cancel(rig.exchange.account.orders[-1])
            for cid in ("filled", "gone", "never"):
                rig.adapter.cancel(cancel(cid))
            await rig.until(lambda: len(rig.of(bp.OrderResponseCancel)) >= 4)
            errors = {one.key.cid: one.state for one in rig.of(bp.OrderResponseCancel)}
            assert isinstance(errors["filled"], bp.OrderAlreadyFullyFilled)
            assert isinstance(errors["gone"], bp.OrderAlreadyCancelled)
            assert isinstance(errors["never"], bp.OrderRejected)

    run(test)


def test_a_cancel_waits_for_its_order() -> None:
    """Sent in one go they would race on two connections."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            late = Late()
            rig.exchange.answer_next(POST_ORDER, late)
            rig.adapter.open(order())
            rig.adapter.cancel(cancel())
            await rig.until(rig.states)
            await rig.settled()
            assert "DELETE /api/v3/order" not in [route for route, _ in rig.exchange.requests]
            late.release()
            await rig.until(lambda: rig.of(bp.OrderResponseCancel))
            assert isinstance(rig.states()[-1], bp.Cancelled)

    run(test)


def test_an_amend_makes_an_order_smaller_and_nothing_else() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order(quantity="3"))
            for change in ({"quantity": D(2)}, {"quantity": D(4)}, {"price": D(98)}):
                rig.adapter.amend(bp.OrderRequestAmend(key(), bp.RequestAmend(**change)))
            await rig.until(lambda: len(rig.of(bp.OrderResponseAmend)) == 3)
            told = {type(one.state).__name__: one.state for one in rig.of(bp.OrderResponseAmend)}
            assert told["Amended"].quantity == 2
            assert set(told) == {"Amended", "OrderRejected"}
            assert rig.exchange.account.orders[0].quantity == 2

    run(test)


def test_a_dry_run_asks_whether_the_exchange_would_take_it_and_trades_nothing() -> None:
    async def test() -> None:
        async with account_rig(dry_run=True) as rig:
            await rig.ready()
            rig.adapter.open(at_market("good"))
            rig.adapter.open(order("bad", price="100.005"))
            rig.adapter.cancel(cancel("good"))
            await rig.until(lambda: rig.states("good")[1:] and rig.states("bad"))
            assert "would have taken" in str(rig.states("good"))
            assert "PRICE_FILTER" in str(rig.states("bad"))
            assert rig.exchange.account.orders == []
            assert {route for route, _ in rig.exchange.requests} & {POST_ORDER, "DELETE /api/v3/order"} == set()

    run(test)


def test_a_query_that_failed_is_no_empty_answer() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next("GET /api/v3/openOrders", Status(503))
            with pytest.raises(ConnectionFailed):
                await rig.adapter.account_snapshot("binance_spot")
            snapshot = await rig.adapter.account_snapshot("binance_spot")
            assert snapshot.instruments[0].orders == ()
            rig.exchange.answer_next("GET /api/v3/order", Status(500))
            with pytest.raises(ConnectionFailed):
                await rig.adapter.order_status(key("never"))
            with pytest.raises(ConnectionFailed, match="may still arrive"):
                await rig.adapter.order_status(key("never"))
            await rig.passes(15)
            assert await rig.adapter.order_status(key("never")) is None

    run(test)


def test_wrong_keys_are_told_and_not_tried_again() -> None:
    async def test() -> None:
        rig = account_rig(key="another")
        await rig.exchange.__aenter__()
        rig.connect()
        with pytest.raises(ConfigError, match="Invalid API-key"):
            await rig.until(bool)
        await rig.adapter.close()
        await rig.exchange.__aexit__()

    run(test)


def test_before_the_account_is_heard_nothing_can_be_sent() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            assert isinstance(rig.adapter.open(order()), bp.ExecutionChannelUnhealthy)
            await rig.ready()
            assert rig.adapter.open(order()) is None
            await rig.until(rig.states)

    run(test)


def test_fees_in_a_third_asset_are_told() -> None:
    async def test() -> None:
        async with account_rig(fee_in="BNB", balances={"USDT": 1000, "BNB": 1000}) as rig:
            await rig.ready()
            rig.adapter.open(at_market())
            with pytest.warns(binance.BinanceWarning, match="BNB"):
                await rig.until(lambda: rig.trades)
            assert rig.trades[0].fees == bp.AssetFees(None, D(0))
            assert rig.adapter.fees_elsewhere == {"BNB": D("0.101")}

    run(test)
