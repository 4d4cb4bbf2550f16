"""Values whose text Barter gives is known: ``documents.tsv`` has what Barter 0.14 prints of each of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from barter_bt import protocol as p
from barter_bt.protocol import summary

TEXTS = dict(
    line.split("\t", 1) for line in Path(__file__).with_name("documents.tsv").read_text("utf-8").strip("\n").split("\n")
)
D = Decimal
TIME = 1_734_721_518_175_000_000
KEY = p.OrderKey(exchange=0, instrument=1, strategy="s", cid="c-1")
OPEN = p.Open("o-1", TIME, D("0.50"))
CANCELLED = p.Cancelled("o-1", TIME)
BALANCE = p.AssetBalance(2, p.Balance(D("10.0"), D(7)), TIME)
TRADE = p.Trade("t-1", "o-1", 1, "s", TIME, p.Side.SELL, D(100), D("0.5"), p.AssetFees(None, D("0.05")))
REQUEST = p.OrderRequestOpen(KEY, p.RequestOpen(p.Side.SELL, D("1.5"), D(3), p.OrderKind.MARKET, p.ImmediateOrCancel()))
CANCEL = p.OrderRequestCancel(KEY, p.RequestCancel("o-1"))


def order(state: Any) -> p.Order:
    return p.Order(KEY, p.Side.BUY, D("100.10"), D(2), p.OrderKind.LIMIT, p.GoodUntilCancelled(True), state)


def account(kind: Any) -> p.Account:
    return p.Account(p.Item(p.AccountEvent(0, kind)))


def market(kind: Any) -> p.Market:
    return p.Market(p.Item(p.MarketEvent(TIME, TIME + 144_581_890, "binance_spot", 0, kind)))


def levels(*pairs: tuple[str, str]) -> p.OrderBookSide:
    return p.OrderBookSide(tuple(p.Level(D(price), D(amount)) for price, amount in pairs))


EVENTS: dict[str, Any] = {
    "Shutdown": p.Shutdown(),
    "TradingStateUpdate": p.TradingStateUpdate(p.TradingState.ENABLED),
    "AccountReconnecting": p.Account(p.Reconnecting("binance_spot")),
    "MarketReconnecting": p.Market(p.Reconnecting("mock")),
    "AccountSnapshot": account(
        p.AccountSnapshot(0, (BALANCE,), (p.InstrumentAccountSnapshot(1, (order(OPEN),)),)),
    ),
    "BalanceSnapshot": account(BALANCE),
    "OrderSnapshot": account(order(p.OpenInFlight())),
    "OrderCancelledOk": account(p.OrderResponseCancel(KEY, CANCELLED)),
    "OrderCancelledErr": account(p.OrderResponseCancel(KEY, p.OrderAlreadyCancelled())),
    "Trade": account(TRADE),
    "SendOpenOne": p.Command(p.SendOpenRequests(REQUEST)),
    "SendOpenMany": p.Command(p.SendOpenRequests((REQUEST,))),
    "SendCancelOne": p.Command(p.SendCancelRequests(p.OrderRequestCancel(KEY, p.RequestCancel()))),
    "SendCancelMany": p.Command(p.SendCancelRequests((CANCEL,))),
    "CloseNone": p.Command(p.ClosePositions(p.NoFilter())),
    "CancelExchanges": p.Command(p.CancelOrders(p.Exchanges(1))),
    "CloseInstruments": p.Command(p.ClosePositions(p.Instruments((1, 2)))),
    "CloseUnderlyings": p.Command(p.ClosePositions(p.Underlyings(p.Underlying(0, 1)))),
    "PublicTrade": market(p.PublicTrade("1", 96962.51, 0.00006, p.Side.BUY)),
    "L1": market(p.OrderBookL1(TIME, p.Level(D("1.10"), D(2)), None)),
    "BookSnapshot": market(
        p.OrderBookSnapshot(p.OrderBook(7, TIME, levels(("1.1", "3"), ("1", "2")), levels(("1.2", "2"))))
    ),
    "BookUpdate": market(p.OrderBookUpdate(p.OrderBook(8, None, levels(), levels()))),
    "Candle": market(p.Candle(TIME, 1.0, 2.5, 0.5, 2.0, 1e20, 3)),
    "Liquidation": market(p.Liquidation(p.Side.SELL, 1.0, 2.0, TIME)),
}

STATES = [
    p.OpenInFlight(),
    OPEN,
    p.CancelInFlight(),
    p.CancelInFlight(OPEN),
    CANCELLED,
    p.FullyFilled(),
    p.Expired(),
    p.OpenFailed(p.Timeout()),
]
REFUSALS = [
    p.ExchangeOffline("htx"),
    p.Timeout(),
    p.Socket("x"),
    p.AssetInvalid(1, "m"),
    p.InstrumentInvalid(1, "m"),
    p.RateLimit(),
    p.BalanceInsufficient(1, "m"),
    p.OrderRejected("m"),
    p.OrderAlreadyCancelled(),
    p.OrderAlreadyFullyFilled(),
]
ENGINE_ERRORS = [
    p.ExecutionChannelUnhealthy("x"),
    p.AssetIndexError("y"),
    p.ExecutionChannelTerminated("z"),
    p.Custom("w"),
]
STREAM_ERRORS = [
    p.ExchangeIndexError("i"),
    p.SubscriptionsEmpty(),
    p.UnsupportedSubKind(p.SubKind.ORDER_BOOKS_L1),
    p.InitialSnapshotMissing("sub"),
    p.InitialSnapshotInvalid("x"),
    p.Socket("s"),
    p.Unsupported("gateio_perpetuals_usd", p.SubKind.PUBLIC_TRADES),
    p.InvalidSequence(1, 3),
]
TERMS = [p.GoodUntilCancelled(False), p.GoodUntilEndOfDay(), p.FillOrKill(), p.ImmediateOrCancel()]
REQUESTS = {"ExecutionShutdown": p.ExecutionShutdown(), "ExecutionCancel": CANCEL, "ExecutionOpen": REQUEST}

FALL = summary.Drawdown(D("0.25"), TIME, TIME)
SHEET = p.TearSheet(
    D("7000.0"),
    *[summary.PerInterval(D(value)) for value in ("0.1", "1.5", "2", "3")],
    FALL,
    summary.MeanDrawdown(D("0.2"), 1500),
    FALL,
    summary.Ratio(D("0.5")),
    summary.Ratio(D(2)),
)
CASES: dict[str, tuple[Any, Any]] = {
    **{name: (p.EngineEvent, event) for name, event in EVENTS.items()},
    **{f"OrderState{k}": (p.OrderState, state) for k, state in enumerate(STATES)},
    **{f"OrderError{k}": (p.OrderError, error) for k, error in enumerate(REFUSALS)},
    **{f"EngineError{k}": (p.EngineError, error) for k, error in enumerate(ENGINE_ERRORS)},
    **{f"DataError{k}": (p.StreamError, error) for k, error in enumerate(STREAM_ERRORS)},
    **{f"TimeInForce{k}": (p.TimeInForce, terms) for k, terms in enumerate(TERMS)},
    **{name: (p.ExecutionRequest, request) for name, request in REQUESTS.items()},
    "TearSheet": (p.TearSheet, SHEET),
    "TearSheetAsset": (p.TearSheetAsset, p.TearSheetAsset(p.Balance(D("10.0"), D(7)), drawdown_max=FALL)),
    "TradingState": (p.TradingState, p.TradingState.DISABLED),
    "Err item": (p.MarketStreamResult, p.Item(p.Socket("s"))),
    "unindexed": (p.AccountEvent, p.AccountEvent("mock", p.AssetBalance("BTC", p.Balance(D(0), D(0)), TIME))),
    "floats": (
        tuple[float, ...],
        (1.0, 1e15, 1e16, 1.5e16, 0.0001, 0.000015, 6e-5, 1e-6, 1.25e-7, 5e-324, 1.7976931348623157e308, -0.0),
    ),
    "text": (str, 'a"\\/\x7f\x01\x08\x0c\n\t\r é\u2028😀'),
}
