"""Barter's integration test of the engine with its audit, event by event: 27 events, exits 7000.0 and -0.065.

Its times are days after the first time that there is; here after 1970. Its client, order and trade ids are one text for
each instrument, used again; its balances do not add up with its trades; both are as in the script.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D
from typing import Any

from barter_bt.engine.replica import StateReplica, differences
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    AssetBalance,
    AssetFees,
    Balance,
    ClosePositions,
    Command,
    FullyFilled,
    GoodUntilCancelled,
    ImmediateOrCancel,
    Instruments,
    Item,
    Market,
    MarketEvent,
    Open,
    Order,
    OrderKey,
    OrderKind,
    OrderRequestOpen,
    PublicTrade,
    Reconnecting,
    RequestOpen,
    SendOpenRequests,
    Side,
    Trade,
    TradingState,
    TradingStateUpdate,
    from_json,
    to_json,
)
from barter_bt.protocol.event import EngineEvent
from barter_bt.system import (
    AlgoOrders,
    Commanded,
    Engine,
    MarketDisconnect,
    PositionExit,
    Sent,
    Strategy,
    TradingDisabled,
    close_with_market_orders,
)

DAY = 86_400 * 10**9
BTC, ETH, USDT = 0, 1, 2
BTC_USDT, ETH_BTC = 0, 1
POST_ONLY = GoodUntilCancelled(post_only=True)


class BuyAndHold(Strategy):
    """Buys one of each instrument that has a price, no position and no order."""

    id = "TestBuyAndHoldStrategy"

    def generate_algo_orders(self, engine: Engine) -> Any:
        opens = []
        for i in range(len(engine.index)):
            price = engine.price(i)
            if not engine.position(i) and not engine.orders(i) and price is not None:
                opens.append(request(i, Side.BUY, OrderKind.MARKET, ImmediateOrCancel(), price))
        return (), opens

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        _, opens = close_with_market_orders(engine, instruments, self.id)
        return (), [OrderRequestOpen(key(one.key.instrument), one.state) for one in opens]

    def on_disconnect(self, engine: Engine, exchange: str) -> str:
        return "OnDisconnectOutput"

    def on_trading_disabled(self, engine: Engine) -> str:
        return "OnTradingDisabledOutput"


def ident(i: int) -> str:
    return f"InstrumentIndex({i})"


def key(i: Any) -> OrderKey:
    return OrderKey(0, i, BuyAndHold.id, ident(i))


def request(i: int, side: Side, kind: OrderKind, tif: Any, price: Any) -> OrderRequestOpen:
    return OrderRequestOpen(key(i), RequestOpen(side, D(price), D(1), kind, tif))


BUY_BTC = request(BTC_USDT, Side.BUY, OrderKind.MARKET, ImmediateOrCancel(), "10000")
BUY_ETH = request(ETH_BTC, Side.BUY, OrderKind.MARKET, ImmediateOrCancel(), "0.1")
SELL_BTC = request(BTC_USDT, Side.SELL, OrderKind.MARKET, ImmediateOrCancel(), "20000")
SELL_ETH = request(ETH_BTC, Side.SELL, OrderKind.LIMIT, POST_ONLY, "0.05")


def account(kind: Any) -> Account:
    return Account(Item(AccountEvent(0, kind)))


def market(day: int, i: int, price: float) -> Market:
    trade = PublicTrade(str(day), price, 1.0, Side.BUY)
    return Market(Item(MarketEvent(day * DAY, day * DAY, "binance_spot", i, trade)))


def snapshot(i: int, day: int, side: Side, price: str, filled: str) -> Account:
    state = Open(ident(i), day * DAY, D(filled))
    return account(Order(key(i), side, D(price), D(1), OrderKind.MARKET, POST_ONLY, state))


def balance(asset: int, day: int, total: str, free: str) -> Account:
    return account(AssetBalance(asset, Balance(D(total), D(free)), day * DAY))


def trade(i: int, day: int, side: Side, price: str, fees: str) -> Account:
    return account(
        Trade(ident(i), ident(i), i, BuyAndHold.id, day * DAY, side, D(price), D(1), AssetFees(None, D(fees)))
    )


def exited(i: int, entry: str, pnl: str, enter: str, leave: str, day: int, trades: tuple[int, int]) -> PositionExit:
    return PositionExit(i, Side.BUY, D(entry), D(1), D(pnl), D(enter), D(leave), 2 * DAY, day * DAY, trades)


START = [AssetBalance(a, Balance(D(n), D(n)), 0) for a, n in ((BTC, 1), (ETH, 10), (USDT, 40_000))]
FILLED = Order(key(ETH_BTC), Side.SELL, D("0.05"), D(1), OrderKind.LIMIT, POST_ONLY, FullyFilled())
TRACKED = Order(key(ETH_BTC), Side.SELL, D("0.05"), D(1), OrderKind.LIMIT, POST_ONLY, Open(ident(1), 4 * DAY, D(0)))
CLOSE_BTC, OPEN_ETH = ClosePositions(Instruments(BTC_USDT)), SendOpenRequests(SELL_ETH)

# Event, outputs of its audit, and what is known of the state after it.
FLOW: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (account(AccountSnapshot(0, tuple(START), ())), (), {"healthy": False}),
    (market(1, BTC_USDT, 10_000.0), (), {"healthy": True}),
    (market(1, ETH_BTC, 0.1), (), {}),
    (
        TradingStateUpdate(TradingState.ENABLED),
        (AlgoOrders(Sent(), Sent((BUY_BTC, BUY_ETH)), ()),),
        {"in flight": (BTC_USDT, ETH_BTC)},
    ),
    (TradingStateUpdate(TradingState.DISABLED), (TradingDisabled("OnTradingDisabledOutput"),), {}),
    (snapshot(BTC_USDT, 2, Side.BUY, "10000", "1"), (), {"in flight": (ETH_BTC,)}),
    (trade(BTC_USDT, 2, Side.BUY, "10000", "1000"), (), {"position": (BTC_USDT, "1", "-1000")}),
    (balance(USDT, 2, "9000", "9000"), (), {"balance": (USDT, "9000", "9000", 2)}),
    (balance(BTC, 2, "2", "2"), (), {"balance": (BTC, "2", "2", 2)}),
    (snapshot(ETH_BTC, 2, Side.BUY, "0.1", "1"), (), {"in flight": ()}),
    (trade(ETH_BTC, 2, Side.BUY, "0.1", "0.01"), (), {"position": (ETH_BTC, "1", "-0.01")}),
    (balance(BTC, 2, "0.99", "0.99"), (), {"balance": (BTC, "0.99", "0.99", 2)}),
    (balance(ETH, 2, "11", "11"), (), {"balance": (ETH, "11", "11", 2)}),
    (market(2, BTC_USDT, 20_000.0), (), {"price": (BTC_USDT, "20000")}),
    (market(2, ETH_BTC, 0.05), (), {"price": (ETH_BTC, "0.05")}),
    (Command(CLOSE_BTC), (Commanded(CLOSE_BTC, Sent(), Sent((SELL_BTC,))),), {"in flight": (BTC_USDT,)}),
    (snapshot(BTC_USDT, 3, Side.SELL, "20000", "1"), (), {"in flight": ()}),
    (balance(USDT, 3, "27000", "27000"), (), {"balance": (USDT, "27000", "27000", 3)}),
    (balance(BTC, 3, "1", "1"), (), {"balance": (BTC, "1", "1", 3)}),
    (
        trade(BTC_USDT, 3, Side.SELL, "20000", "2000"),
        (exited(BTC_USDT, "10000", "7000", "1000", "2000", 3, (0, 2)),),
        {"position": (BTC_USDT, "0", "0")},
    ),
    (
        Market(Reconnecting("binance_spot")),
        (MarketDisconnect("binance_spot", "OnDisconnectOutput"),),
        {"healthy": False, "links": (0, 1)},
    ),
    (Command(OPEN_ETH), (Commanded(OPEN_ETH, Sent(), Sent((SELL_ETH,))),), {"in flight": (ETH_BTC,)}),
    (snapshot(ETH_BTC, 4, Side.SELL, "0.05", "0"), (), {"orders": [TRACKED]}),
    (balance(ETH, 4, "11", "10"), (), {"balance": (ETH, "11", "10", 4)}),
    (account(FILLED), (), {"orders": []}),
    (
        trade(ETH_BTC, 5, Side.SELL, "0.05", "0.005"),
        (exited(ETH_BTC, "0.1", "-0.065", "0.01", "0.005", 5, (1, 3)),),
        {"position": (ETH_BTC, "0", "0")},
    ),
    (balance(ETH, 5, "10", "10"), (), {"balance": (ETH, "10", "10", 5)}),
]


def make_engine() -> Engine:
    btc = Instrument(
        "binance_spot",
        "binance_spot_btc_usdt",
        "btc",
        "usdt",
        price_increment="0.01",
        quantity_increment="0.00001",
        name_exchange="BTCUSDT",
    )
    eth = Instrument(
        "binance_spot",
        "binance_spot_eth_btc",
        "eth",
        "btc",
        price_increment="0.00001",
        quantity_increment="0.0001",
        name_exchange="ETHBTC",
    )
    return Engine([btc, eth], BuyAndHold(), balances={"usdt": 40_000, "btc": 1, "eth": 10})


def seen(engine: Engine, known: dict[str, Any]) -> dict[str, Any]:
    """What the engine says where the flow says something."""
    found: dict[str, Any] = {}
    for name, value in known.items():
        if name == "healthy":
            found[name] = engine.healthy
        elif name == "links":
            found[name] = (engine.state.health.market[0], engine.state.health.account[0])
        elif name == "in flight":
            found[name] = tuple(i for i in range(2) if engine.orders(i))
        elif name == "orders":
            found[name] = engine.orders(ETH_BTC)
        elif name == "price":
            found[name] = (value[0], str(engine.price(value[0])))
        elif name == "position":
            found[name] = (value[0], str(engine.position(value[0])), str(engine.realised(value[0])))
        else:
            total, free, time = engine.balance(value[0])
            found[name] = (value[0], str(total), str(free), time // DAY)
    return found


def test_the_27_events():
    """Each event's audit and the state after it; exits 7000.0 and -0.065."""
    engine = make_engine()
    assert not engine.healthy
    for sequence, (event, outputs, known) in enumerate(FLOW):
        audit = engine.process(event)
        assert (audit.sequence, audit.event, audit.errors) == (sequence, event, ())
        assert audit.outputs == outputs, sequence
        assert seen(engine, known) == {k: _plain(v) for k, v in known.items()}, sequence
    exits = [engine.units.in_quote(i, pnl) for i, pnl in enumerate(engine.state.positions.array("realised").tolist())]
    assert exits == [D("7000"), D("-0.065")]
    assert engine.state.engine.time[0] == 5 * DAY


def _plain(value: Any) -> Any:
    """Decimals are compared as the plain text that they are written in."""
    if isinstance(value, tuple):
        return tuple(str(D(v).normalize() + 0) if isinstance(v, str) else v for v in value)
    return value


def test_the_replica_equals_the_engine_after_each_of_them():
    """Column by column; Barter's replica misses the orders of events 3 to 8, 15, and 21 to 23."""
    engine = make_engine()
    before = StateReplica(engine.state)
    for event, _, _ in FLOW:
        engine.process(event)
        before.follow(engine.state)
        assert differences(engine.state, before.state) == []
    whole = StateReplica(make_engine().state)
    whole.follow(engine.state)
    assert differences(engine.state, whole.state) == []


def test_the_same_events_as_json():
    """Written and read in Barter's shapes they are the same events, and give the same audits."""
    engine, other = make_engine(), make_engine()
    for event, _, _ in FLOW:
        again = from_json(EngineEvent, to_json(event, EngineEvent))
        assert again == event
        assert other.process(again) == engine.process(event)
