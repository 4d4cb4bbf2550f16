"""Each error of Barter's is what some answer of an exchange becomes, through either adapter."""

from __future__ import annotations

from typing import Any, get_args

import ccxt
import pytest

from barter_bt import protocol as bp
from barter_bt.live.binance import refusals as binance
from barter_bt.live.ccxt import refusals as through_ccxt
from barter_bt.protocol.refusal import ApiError, ConnectivityError
from barter_bt.testing.exchange import Lost, Status
from tests.live.binance import rig as binance_rig
from tests.live.binance.rig import order, run
from tests.live.ccxt import rig as ccxt_rig

POST = "POST /api/v3/order"
ALL = {*get_args(ConnectivityError), *get_args(ApiError)}
# What the answer to a request never is: nobody answered, or it depends on how the order stands.
ELSEWHERE = {bp.Timeout, bp.Socket, bp.OrderAlreadyCancelled, bp.OrderAlreadyFullyFilled}
BINANCE: list[tuple[int, int, str, Any]] = [
    (429, -1003, "Too many requests.", bp.RateLimit),
    (418, -1003, "Way too much request weight used; IP banned.", bp.RateLimit),
    (400, -1015, "Too many new orders.", bp.RateLimit),
    (400, -1016, "This service is no longer available.", bp.ExchangeOffline),
    (400, -1121, "Invalid symbol.", bp.InstrumentInvalid),
    (400, -4140, "Invalid symbol status for opening position", bp.InstrumentInvalid),
    (400, -4141, "Symbol is closed", bp.InstrumentInvalid),
    (400, -2010, "Market is closed.", bp.InstrumentInvalid),
    (400, -2010, "This symbol is not permitted for this account.", bp.InstrumentInvalid),
    (400, -2010, "This symbol is restricted for this account.", bp.InstrumentInvalid),
    (400, -1126, "This asset is not supported.", bp.AssetInvalid),
    (400, -1108, "Invalid asset.", bp.AssetInvalid),
    (400, -1108, "Parameter 'quantity' overflowed.", bp.OrderRejected),
    (400, -2010, "Account has insufficient balance for requested action.", bp.BalanceInsufficient),
    (400, -2018, "Balance is insufficient.", bp.BalanceInsufficient),
    (400, -2019, "Margin is insufficient.", bp.BalanceInsufficient),
    (400, -2010, "Order would immediately match and take.", bp.OrderRejected),
    (400, -1013, "Filter failure: LOT_SIZE", bp.OrderRejected),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", bp.OrderRejected),
]
CCXT: list[tuple[type[Exception], str, Any]] = [
    (ccxt.RateLimitExceeded, "slow down", bp.RateLimit),
    (ccxt.DDoSProtection, "slow down", bp.RateLimit),
    (ccxt.OnMaintenance, "back soon", bp.ExchangeOffline),
    (ccxt.BadSymbol, "unknown symbol", bp.InstrumentInvalid),
    (ccxt.BadSymbol, "EQuery:Unknown asset pair", bp.InstrumentInvalid),
    (ccxt.MarketClosed, "halted", bp.InstrumentInvalid),
    (ccxt.ContractUnavailable, "expired", bp.InstrumentInvalid),
    (ccxt.BadSymbol, "EQuery:Unknown asset", bp.AssetInvalid),
    (ccxt.BadRequest, '{"code":-1108,"msg":"Invalid asset."}', bp.AssetInvalid),
    (ccxt.BadRequest, '{"code":-1126,"msg":"This asset is not supported."}', bp.AssetInvalid),
    (ccxt.ExchangeError, "currency does not exist", bp.AssetInvalid),
    (ccxt.InsufficientFunds, "this asset is not enough", bp.BalanceInsufficient),
    (ccxt.InvalidOrder, "unknown asset", bp.OrderRejected),
    (ccxt.BadRequest, "quantity is not a number", bp.OrderRejected),
    (ccxt.OrderImmediatelyFillable, "post only", bp.OrderRejected),
    (ccxt.PermissionDenied, "no right to trade", bp.OrderRejected),
    (ccxt.DuplicateOrderId, "again", bp.OrderRejected),
]


def test_nothing_of_the_taxonomy_is_left_out() -> None:
    assert {kind for *_, kind in BINANCE} == {kind for *_, kind in CCXT} == ALL - ELSEWHERE


@pytest.mark.parametrize(("status", "code", "text", "kind"), BINANCE)
def test_each_code_of_binance(status: int, code: int, text: str, kind: type) -> None:
    error = binance.order_error(binance.Refusal(code, text, status), "binance_spot", "btc_usdt", "usdt")
    assert type(error) is kind
    named = {bp.InstrumentInvalid: "instrument", bp.AssetInvalid: "asset", bp.BalanceInsufficient: "asset"}
    if kind in named:
        assert getattr(error, named[kind]) == {"instrument": "btc_usdt", "asset": "usdt"}[named[kind]]
        assert error.message == text


@pytest.mark.parametrize(("raised", "text", "kind"), CCXT)
def test_each_class_of_ccxt(raised: type[Exception], text: str, kind: type) -> None:
    refused = through_ccxt.failure_of(raised(text), text)
    assert isinstance(refused, through_ccxt.Refused)
    assert type(through_ccxt.order_error(refused, "okx", "btc_usdt", "usdt")) is kind


@pytest.mark.parametrize("make", [binance_rig.account_rig, ccxt_rig.account_rig])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(400, -1126, "This asset is not supported."), bp.AssetInvalid),
        (Status(400, -1121, "Invalid symbol."), bp.InstrumentInvalid),
        (Status(400, -2010, "Account has insufficient balance for requested action."), bp.BalanceInsufficient),
        (Status(429, retry_after=3), bp.RateLimit),
        (Lost(processed=False), bp.Socket),
    ],
)
def test_what_an_exchange_answers_is_told(make: Any, fault: Any, kind: type) -> None:
    """From its HTTP answer to the account's event."""

    async def test() -> None:
        async with make() as rig:
            await rig.ready()
            await rig.until(lambda: getattr(rig.adapter, "_is_listening", True))
            rig.exchange.answer_next(POST, fault)
            assert rig.adapter.open(order()) is None
            await rig.until_in_time(rig.states)
            assert type(rig.states()[-1].error) is kind
            assert rig.exchange.account.orders == []

    run(test)
