"""Small cases of what `docs/barter.md` says: where an event leads to Barter's state, and where on purpose it does not.

Each was found by sequences of events that went through Barter side by side; the numbers here are by hand.
"""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.engine.order import REASONS
from barter_bt.errors import BarterBtError
from barter_bt.instrument import Instrument
from barter_bt.protocol import Account, AccountEvent, Command, Item, Level, Market, MarketEvent, Side, from_json
from barter_bt.risk import Limits
from barter_bt.system import Commanded, Engine, Strategy
from barter_bt.venue import Fees, Venue
from tests.engine.tiny import A, quotes, run
from tests.risk.drivers import Ask, as_schedule
from tests.system.test_whole import everything

EVENTS: Any = bp.EngineEvent
GTC, DAY = bp.GoodUntilCancelled(False), bp.GoodUntilEndOfDay()


def make(*pairs: tuple[str, str], **options: Any) -> Engine:
    steps: Any = {"price_increment": "0.01", "quantity_increment": "0.001"}
    return Engine([Instrument(*pair, **steps) for pair in pairs or [("binance_spot", "btc_usdt")]], **options)


def market(kind: Any, time: int = 1, exchange: str = "binance_spot", i: int = 0) -> Market:
    return Market(Item(MarketEvent(time, time, exchange, i, kind)))


def trade(price: float, time: int = 1) -> Market:
    return market(bp.PublicTrade("1", price, 1.0, Side.BUY), time)


def quote(bid: Any, ask: Any, amounts: Any = (1, 1), time: int = 1, updated: int | None = None) -> Market:
    levels = [Level(D(price), D(amount)) for price, amount in zip((bid, ask), amounts, strict=True)]
    return market(bp.OrderBookL1(time if updated is None else updated, *levels), time)


def account(kind: Any, exchange: int = 0) -> Account:
    return Account(Item(AccountEvent(exchange, kind)))


def key(exchange: int = 0, i: int = 0, cid: str = "c") -> bp.OrderKey:
    return bp.OrderKey(exchange, i, "s", cid)


def snapshot(state: Any, key: bp.OrderKey = key(), tif: Any = GTC, price: Any = 100, quantity: Any = 1) -> bp.Order:  # noqa: B008
    return bp.Order(key, Side.BUY, D(price), D(quantity), bp.OrderKind.LIMIT, tif, state)


def request(key: bp.OrderKey = key(), tif: Any = GTC, price: Any = 100, quantity: Any = 1) -> bp.OrderRequestOpen:  # noqa: B008
    return bp.OrderRequestOpen(key, bp.RequestOpen(Side.BUY, D(price), D(quantity), bp.OrderKind.LIMIT, tif))


def opening(*requests: bp.OrderRequestOpen) -> Command:
    return Command(bp.SendOpenRequests(requests))


def cancelling(key: bp.OrderKey = key()) -> Command:  # noqa: B008
    return Command(bp.SendCancelRequests(bp.OrderRequestCancel(key, bp.RequestCancel())))


def is_open(time: int = 2, filled: Any = 0) -> bp.Open:
    return bp.Open("x", time, D(filled))


def links(engine: Engine) -> list[tuple[int, int]]:
    health = engine.state.health
    return [(health.market[k], health.account[k]) for k in range(len(health))]


TWO = ("binance_spot", "btc_usdt"), ("okx", "btc_usdt")

# As in Barter


def test_an_index_means_what_it_means_in_barter():
    """Exchange 0 is the mock, which Barter lists before every real one."""
    engine = make(("binance_spot", "btc_usdt"), ("mock", "btc_usdt"))
    engine.process(account(bp.AssetBalance(0, bp.Balance(D(5), D(5)), 1)))
    assert engine.index.assets[0] == ("mock", "btc")
    assert engine.balance("mock.btc")[0] == 5


@pytest.mark.parametrize("error", [bp.RateLimit(), bp.OrderAlreadyFullyFilled()])
def test_an_order_whose_cancel_failed_is_tracked_when_it_proves_to_be_open(error: Any):
    """It left the engine unacknowledged, with the cancel's error; the exchange has it all the same."""
    engine = make()
    for event in (opening(request()), cancelling(), account(bp.OrderResponseCancel(key(), bp.OrderRejected("no")))):
        engine.process(event)
    assert engine.orders(0) == []
    engine.process(account(snapshot(is_open(3))))
    assert [(one.key.cid, one.state) for one in engine.orders(0)] == [("c", is_open(3))]
    engine.process(cancelling())
    engine.process(account(bp.OrderResponseCancel(key(), error)))
    assert [one.state for one in engine.orders(0)] == [is_open(3)], "it was open: a failed cancel changes nothing"


@pytest.mark.parametrize(
    ("event", "healthy"),
    [
        (market(bp.PublicTrade("1", 90.0, 1.0, Side.BUY), 1, "okx", 0), (1, 0)),
        (account(snapshot(is_open()), 1), (0, 1)),
        (account(bp.AccountSnapshot(1, (), (bp.InstrumentAccountSnapshot(0, (snapshot(is_open()),)),)), 1), (0, 1)),
        (account(bp.OrderResponseCancel(key(), bp.Cancelled("x", 1)), 1), (0, 1)),
        (
            account(bp.Trade("t", "y", 0, "s", 1, Side.BUY, D(1), D(1), bp.AssetFees(None, D(0))), 1),
            (0, 1),
        ),
    ],
    ids=["market", "order", "snapshot", "cancel", "trade"],
)
def test_an_item_heals_the_link_that_it_came_over(event: Any, healthy: tuple[int, int]):
    """That of its own exchange, whatever it is about."""
    engine = make(*TWO)
    engine.process(opening(request()))
    engine.process(event)
    assert links(engine) == [(0, 0), healthy]


def test_orders_for_the_day_are_tracked():
    """Sent or told of; they end when the exchange says so."""
    engine = make()
    engine.process(opening(request(tif=DAY)))
    engine.process(account(snapshot(is_open(), key(cid="d"), DAY)))
    assert [one.time_in_force for one in engine.orders(0)] == [DAY, DAY]
    engine.process(account(snapshot(bp.Expired(), tif=DAY)))
    assert [one.key.cid for one in engine.orders(0)] == ["d"]


@pytest.mark.parametrize("command", [opening(request(key(7))), cancelling(key(7))], ids=["open", "cancel"])
def test_a_request_to_an_exchange_that_is_not_there_ends_the_engine(command: Any):
    """It is not sent, its order is as it was, and the audit has the error."""
    sent: list[Any] = []
    engine = make(send=sent.append)
    engine.process(opening(request()))
    audit = engine.process(command)
    assert [type(error) for error in audit.errors] == [bp.ExchangeIndexError]
    (output,) = audit.outputs
    assert isinstance(output, Commanded)
    assert (len(sent), engine.terminated) == (1, True)
    assert [one.state for one in engine.orders(0)] == [bp.OpenInFlight()]


@pytest.mark.parametrize(
    ("base", "quote", "chosen"),
    [(0, 1, [0]), (2, 3, [1]), ("btc", "usdt", [0, 1]), (2, "usdt", [1]), (0, 3, []), (1, 0, []), ("usdt", "btc", [])],
)
def test_an_underlying_by_indices_is_of_one_exchange(base: Any, quote: Any, chosen: list[int]):
    """By names it is of every exchange that has it; a pair that no instrument has selects nothing."""
    engine = make(*TWO)
    engine.process(opening(request(), request(key(1, 1))))
    (output,) = engine.process(Command(bp.CancelOrders(bp.Underlyings(bp.Underlying(base, quote))))).outputs
    assert [one.key.instrument for one in output.cancels.sent] == chosen


def test_a_position_beyond_2_62_units_is_right():
    """47 bought at 100,000,000 and sold 10 % higher: 470,000,000."""
    engine, trades = make(), [(Side.BUY, 100_000_000), (Side.SELL, 110_000_000)]
    outputs: list[Any] = []
    for time, (side, price) in enumerate(trades):
        fees = bp.AssetFees(None, D(0))
        outputs += engine.process(account(bp.Trade("t", f"y{time}", 0, "s", time, side, D(price), D(47), fees))).outputs
    (closed,) = outputs
    assert (closed.price_entry_average, closed.pnl_realised) == (100_000_000, 470_000_000)


def test_fees_are_rounded_to_units():
    """Half to even, to 1e-9."""
    engine = make()
    fees = bp.AssetFees(None, D("0.123456789012345678"))
    engine.process(account(bp.Trade("t", "y", 0, "s", 1, Side.BUY, D(100), D(1), fees)))
    assert engine.realised(0) == D("-0.123456789")


def test_fees_may_name_an_asset_that_other_exchanges_have_too():
    """It is that of the instrument's exchange."""
    engine = make(*TWO)
    fees = bp.AssetFees("usdt", D(3))
    engine.process(account(bp.Trade("t", "y", 1, "s", 1, Side.BUY, D(100), D(1), fees), 1))
    assert engine.realised(1) == -3


@pytest.mark.parametrize(("asset", "held"), [(None, [9, 18]), ("usdt", [10, 20]), ("btc", [9, 18])])
def test_a_fee_is_paid_as_the_trade_says_else_as_the_terms(asset, held):
    """A tenth of a buy of 10, paid in what it receives, leaves 9 (rule 63)."""
    item, seen = Instrument("x", "btc_usdt", price_increment=1, quantity_increment=1), []
    engine = Engine([item], venues=Venue(Fees(0.1, 0.1, paid_in="received")))
    for time in (1, 2):
        fee = bp.AssetFees(asset, D(1 if asset == "btc" else 100))
        one = bp.Trade(f"{time}", f"y{time}", 0, "s", time, Side.BUY, D(100), D(10), fee)
        engine.process(Account(Item(AccountEvent("x", one))))
        seen.append(engine.position(0))
    assert seen == held


# Different on purpose


def test_a_locked_quote_gives_no_price():
    """The last price counts, if there is one (rule 6)."""
    engine = make()
    engine.process(quote(100, 100))
    assert engine.price(0) is None
    engine.process(trade(99.0, 2))
    engine.process(quote(100, 100, time=3))
    assert engine.price(0) == 99
    engine.process(quote(100, 102, time=4))
    assert engine.price(0) == 101


def test_a_candles_close_is_a_price():
    """Of its close time, whenever it came."""
    engine = make()
    engine.process(trade(90.0, 3))
    engine.process(market(bp.Candle(9, 1.0, 3.0, 1.0, 2.0, 5.0, 1), 2))
    assert engine.price(0) == 2
    engine.process(trade(90.0, 8))
    assert engine.price(0) == 2


@pytest.mark.parametrize(
    ("amounts", "price"),
    [(("0.0015", "0.0025"), "103.33"), (("0.0005", 2), "90"), ((0, 2), "90"), ((0, 0), "90"), ((1, 1), "105")],
)
def test_what_a_quote_offers_counts_in_whole_lots(amounts: Any, price: str):
    """Less than a lot is no side at all, so the last price counts."""
    engine = make()
    engine.process(trade(90.0))
    engine.process(quote(100, 110, amounts, 2))
    assert engine.price(0) == D(price)


def test_a_quote_is_as_old_as_its_update_time():
    """The event's own time is that of the message."""
    engine = make()
    engine.process(quote(100, 102, time=5))
    engine.process(quote(200, 202, time=7, updated=4))
    assert engine.price(0) == 101


def test_an_order_of_which_more_than_all_is_filled_is_not_tracked():
    """Told of or sent; nor one of which all that was asked for is filled."""
    engine = make()
    engine.process(account(snapshot(is_open(2, 2))))
    assert engine.orders(0) == []
    engine.process(opening(request()))
    engine.process(account(snapshot(is_open(2, 1), quantity=2)))
    assert engine.orders(0) == []


def test_an_order_may_be_open_since_1970():
    """The first second is a time like any other, to go back to after a failed cancel."""
    engine = make()
    engine.process(opening(request()))
    engine.process(account(snapshot(is_open(0, "0.5"))))
    assert [type(one.state) for one in engine.orders(0)] == [bp.Open]
    engine.process(account(snapshot(bp.CancelInFlight(is_open(0, "0.5")))))
    assert [type(one.state) for one in engine.orders(0)] == [bp.CancelInFlight]
    engine.process(account(bp.OrderResponseCancel(key(), bp.RateLimit())))
    assert [one.state.time_exchange for one in engine.orders(0)] == [0]


OFF = {
    "a request's exchange": opening(request(key(1, 0))),
    "an order's exchange": account(snapshot(is_open(), key(1, 0)), 1),
    "an order under another instrument": account(
        bp.AccountSnapshot(0, (), (bp.InstrumentAccountSnapshot(1, (snapshot(is_open()),)),))
    ),
    "a snapshot's second balance": account(
        bp.AccountSnapshot(0, tuple(bp.AssetBalance(k, bp.Balance(D(1), D(1)), 1) for k in (0, 9)), ())
    ),
    "an exchange": market(bp.PublicTrade("1", 90.0, 1.0, Side.BUY), 1, "kraken"),
    "an instrument": market(bp.PublicTrade("1", 90.0, 1.0, Side.BUY), 1, i=5),
    "a filter's exchange": Command(bp.CancelOrders(bp.Exchanges(5))),
    "a filter's instrument": Command(bp.CancelOrders(bp.Instruments(5))),
    "a filter's asset": Command(bp.CancelOrders(bp.Underlyings(bp.Underlying(8, 9)))),
    "a crossed quote": quote(101, 100),
    "a negative price": quote(-2, -1),
    "a quote off the tick": quote("100.001", "100.01"),
    "a trade of nothing": market(bp.PublicTrade("1", 90.0, 0.0, Side.BUY)),
    "a trade at 0": trade(0.0),
    "a trade off the tick": trade(90.123),
    "a limit price off the tick": opening(request(price="100.001")),
    "a quantity off the lot": opening(request(quantity="0.0001")),
    "the second of two opens": opening(request(), request(quantity="0.0001")),
    "filled off the lot": account(snapshot(is_open(2, "0.0001"))),
    "an untracked order off the tick": account(snapshot(is_open(), price="100.001")),
    "an own trade off the tick": account(
        bp.Trade("t", "y", 0, "s", 1, Side.BUY, D("100.005"), D(1), bp.AssetFees(None, D(0)))
    ),
    "fees in another asset": account(
        bp.Trade("t", "y", 0, "s", 1, Side.BUY, D(100), D(1), bp.AssetFees(2, D("0.001")))
    ),
    "an own trade off the lot": account(
        bp.Trade("t", "y", 0, "s", 1, Side.BUY, D(100), D("0.0001"), bp.AssetFees(None, D(0)))
    ),
}


@pytest.mark.parametrize("event", OFF.values(), ids=OFF.keys())
def test_what_cannot_be_is_refused_whole(event: Any):
    """With an error; nothing is sent, and nothing has changed."""
    sent: list[Any] = []
    engine = make(*TWO, send=sent.append)
    engine.process(trade(90.0))
    before = everything(engine)
    with pytest.raises(BarterBtError):
        engine.process(event)
    assert everything(engine) == before
    assert sent == []


TRADE = (
    '{"Market":{"Item":{"time_exchange":"2024-01-01T00:00:01Z","time_received":"2024-01-01T00:00:01Z","exchange":"okx",'
)
TRADE += '"instrument":0,"kind":{"Trade":{"id":"1","price":90.0,"amount":1.0,"side":"Buy"}}}}}'


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ('"instrument":0', '"instrument":0,"more":1'),
        ('"id":"1"', '"id":"1","more":1'),
        ("2024-01-01T00:00:01Z", "1600-01-01T00:00:01Z"),
        ("2024-01-01T00:00:01Z", "2024-01-01T00:00:60Z"),
        ("2024-01-01T00:00:01Z", "2024-01-01T00:00:01.0123456789Z"),
        ('{"id":"1","price":90.0,"amount":1.0,"side":"Buy"}', '["1",90.0,1.0,"Buy"]'),
    ],
    ids=["unknown field", "unknown field of a variant", "time before 1678", "leap second", "ten decimals", "array"],
)
def test_json_is_read_strictly(written: str, other: str):
    """What Barter's serde overlooks, rounds or reads in another form is an error here."""
    from_json(EVENTS, TRADE)
    json.loads(TRADE.replace(written, other))
    with pytest.raises(BarterBtError):
        from_json(EVENTS, TRADE.replace(written, other))


# Risk


class Pair(Strategy):
    """Two buys of 2 at one time."""

    def __init__(self) -> None:
        self.asked = False

    def generate_algo_orders(self, engine: Engine) -> Any:
        opens = [] if self.asked else [request(key(cid=cid), quantity=2) for cid in "ab"]
        self.asked = True
        return (), opens


@pytest.mark.parametrize(
    ("options", "sent"), [({}, [2]), ({"risk_check": "each"}, [2]), ({"risk_check": "together"}, [2, 2])]
)
def test_two_opens_at_one_time_are_held_against_a_limit(options: Any, sent: list[int]):
    """A position limit of 2: one after the other as in a backtest, or, if asked for, on one state as in Barter."""
    engine = make(strategy=Pair(), risk=Limits(position_quantity=2), trading=bp.TradingState.ENABLED, **options)
    (output,) = engine.process(trade(100.0)).outputs
    assert [one.state.quantity for one in output.opens.sent] == sent
    assert [one.reason for one in output.refused] == ["position_limit"] * (2 - len(sent))
    assert [one.quantity for one in engine.orders(0)] == sent


def test_a_backtest_and_the_engine_hold_orders_against_limits_alike():
    """The same two buys of 2 at one time, under a position limit of 2."""
    data = quotes((1, 99, 9, 101, 9), (3, 99, 9, 101, 9))
    result = run(data, as_schedule(Ask(2, 2), Ask(2, 2)), A, risk=Limits(position_quantity=2), interpret=True)
    assert result.orders["reason"].to_list() == [None, "position_limit"]
    engine = make(strategy=Pair(), risk=Limits(position_quantity=2), trading=bp.TradingState.ENABLED)
    engine.process(trade(100.0))
    codes = [REASONS[reason] if reason else None for reason in engine.state.orders.array("reason").tolist()]
    assert sorted(codes, key=str) == sorted(result.orders["reason"].to_list(), key=str)


def test_a_risk_check_of_another_kind_is_an_error():
    with pytest.raises(BarterBtError, match="risk_check is 'all'; allowed: 'each', 'together'"):
        make(risk_check="all")
