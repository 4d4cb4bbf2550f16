"""A loopback exchange says rows of data as its market: what, in which order, at which times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.data import Stream
from barter_bt.errors import ConfigError
from barter_bt.live import Virtual
from barter_bt.live.binance.dialect import SPOT
from barter_bt.testing.exchange import Listing, LoopbackExchange, Sockets, replay_market
from barter_bt.testing.exchange.replay import channels

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
TICK = Decimal("0.5")


def at(*seconds: int) -> list[datetime]:
    return [BEGIN + timedelta(seconds=second) for second in seconds]


class Kept(Sockets):
    """Keeps what is said, whoever listens."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, dict[str, Any]]] = []

    async def ping(self) -> None:
        self.said.append(("ping", {}))

    def say(self, stream: str, message: dict[str, Any]) -> None:
        self.said.append((stream, json.loads(json.dumps(message))))


def told(
    streams: Sequence[Stream], *, pings: bool = False, depth: bool = False, **window: int
) -> list[tuple[str, dict[str, Any]]]:
    """All that an exchange says, but updates of books and pings if they are not asked for."""

    async def play() -> list[tuple[str, dict[str, Any]]]:
        clock = Virtual(int(BEGIN.timestamp()) * 10**9)
        listings = [Listing(f"{name}USDT", name, "USDT", tick=TICK, step=Decimal("0.01")) for name in ("BTC", "ETH")]
        exchange = LoopbackExchange(clock, listings)
        exchange.sockets = kept = Kept()
        await replay_market(exchange, streams, {"btc_usdt": "BTCUSDT", "eth_usdt": "ETHUSDT"}, clock, **window)
        return [
            (stream, message)
            for stream, message in kept.said
            if (depth or "depth" not in stream) and (stream != "ping" or pings)
        ]

    return asyncio.run(play())


def trades(*rows: tuple[int, str, float, float, str]) -> Stream:
    times, names, prices, amounts, sides = zip(*rows, strict=True)
    columns = {"instrument": names, "price": prices, "amount": amounts, "side": sides}
    return bt.data.trades(pl.DataFrame({"time_exchange": at(*times), **columns}))


def quotes(second: int) -> Stream:
    prices = {"bid_price": [9.0], "bid_amount": [3.0], "ask_price": [11.0], "ask_amount": [4.0]}
    return bt.data.quotes(pl.DataFrame({"time_exchange": at(second), "instrument": ["btc_usdt"], **prices}))


def test_a_trade_and_the_best_prices_beside_it() -> None:
    (quoted, quote), (traded, trade) = told([trades((1, "btc_usdt", 10.0, 2.0, "sell"))])
    assert (quoted, traded) == ("btcusdt@bookTicker", "btcusdt@trade")
    assert [Decimal(quote[name]) for name in "bBaA"] == [Decimal("9.5"), 2, Decimal("10.5"), 2]
    assert (float(trade["p"]), float(trade["q"]), trade["m"]) == (10.0, 2.0, True)
    assert trade["T"] == int(BEGIN.timestamp() + 1) * 1000


def test_quotes_that_are_there_are_not_made_up() -> None:
    said = told([trades((2, "btc_usdt", 10.0, 2.0, "buy")), quotes(1)])
    assert [stream for stream, _ in said] == ["btcusdt@bookTicker", "btcusdt@trade"]
    assert [Decimal(said[0][1][name]) for name in "bBaA"] == [9, 3, 11, 4]
    assert said[1][1]["m"] is False


def test_rows_of_several_streams_and_instruments_are_said_in_order_of_time() -> None:
    one = trades((1, "eth_usdt", 5.0, 1.0, "buy"), (4, "btc_usdt", 10.0, 1.0, "buy"))
    other = trades((2, "btc_usdt", 20.0, 1.0, "buy"), (3, "eth_usdt", 6.0, 1.0, "buy"))
    said = [Decimal(message["p"]) for stream, message in told([one, other]) if stream.endswith("@trade")]
    assert said == [5, 20, 6, 10]


def candle(high: float) -> Stream:
    prices = {"open": [10.0], "high": [high], "low": [8.0], "close": [11.0], "volume": [4.0]}
    times = {"time_exchange": at(60), "time_open": at(0), "instrument": ["btc_usdt"]}
    return bt.data.candles(pl.DataFrame({**times, **prices}))


@pytest.mark.parametrize(
    ("high", "points", "sells"), [(13.0, [10, 8, 13, 11], "0101"), (11.5, [10, 11.5, 8, 11], "0010")]
)
def test_a_candle_goes_through_the_nearer_extreme_first(high: float, points: list[float], sells: str) -> None:
    """Four trades of a quarter of the volume, at even times, and then itself."""
    said = [(stream, message) for stream, message in told([candle(high)]) if "bookTicker" not in stream]
    assert [float(message["p"]) for stream, message in said[:4]] == points
    assert [message["m"] for _, message in said[:4]] == [one == "1" for one in sells]
    assert {float(message["q"]) for _, message in said[:4]} == {1.0}
    assert [message["T"] // 1000 - int(BEGIN.timestamp()) for _, message in said[:4]] == [0, 20, 40, 60]
    stream, message = said[4]
    k = message["k"]
    assert stream == "btcusdt@kline_1m"
    assert [float(k[name]) for name in "ohlcv"] == [10, high, 8, 11, 4]
    assert (k["T"] + 1 - k["t"], k["x"]) == (60_000, True)


def test_what_is_less_than_a_lot_is_no_trade_but_a_price() -> None:
    said = told([trades((1, "btc_usdt", 10.0, 0.001, "buy"))])
    assert [stream for stream, _ in said] == ["btcusdt@bookTicker"]


def test_only_what_lies_between_two_times_is_said() -> None:
    begin = int(BEGIN.timestamp()) * 10**9
    stream = trades(*((second, "btc_usdt", float(second), 1.0, "buy") for second in range(1, 6)))
    said = told([stream], start=begin + 2 * 10**9, end=begin + 4 * 10**9)
    assert [float(message["p"]) for stream, message in said if stream.endswith("@trade")] == [2, 3]


def test_what_has_to_be_listened_to() -> None:
    assert channels([quotes(1)]) == ("quotes",)
    assert channels([quotes(1), trades((1, "btc_usdt", 1.0, 1.0, "buy"))]) == ("quotes", "trades")
    assert set(channels([candle(13.0)])) <= set(SPOT.streams)


def test_what_the_exchange_does_not_stream() -> None:
    seven = bt.data.generate.candles(3).with_columns(time_open=pl.col("time_exchange") - timedelta(minutes=7))
    with pytest.raises(ConfigError, match="420 s long, and the exchange has none of that length"):
        channels([bt.data.candles(seven)])
    rows = {"time_exchange": at(1), "instrument": ["btc_usdt"], "price": [1.0], "amount": [1.0], "side": ["bid"]}
    orders = bt.data.book_orders(pl.DataFrame({**rows, "order_id": [1], "action": ["add"]}))
    with pytest.raises(ConfigError, match="replays no book by order"):
        channels([orders])


def book(*rows: tuple[int, int, str, float, float, bool]) -> Stream:
    times, numbers, sides, prices, amounts, whole = zip(*rows, strict=True)
    columns = {"instrument": "btc_usdt", "sequence": numbers, "side": sides, "price": prices, "amount": amounts}
    return bt.data.book(pl.DataFrame({"time_exchange": at(*times), **columns, "snapshot": whole}))


def test_a_book_is_said_message_by_message() -> None:
    """Levels that change, one that goes, a new whole book; the best of each side is the best price."""
    stream = book(
        (1, 7, "bid", 10.0, 3.0, True), (1, 7, "bid", 9.5, 1.0, True), (1, 7, "ask", 11.0, 4.0, True),
        (2, 8, "bid", 10.0, 0.0, False), (2, 9, "ask", 10.5, 2.0, False), (4, 12, "ask", 12.0, 5.0, True),
    )  # fmt: skip
    assert channels([stream]) == ("book", "quotes")
    said = told([stream, trades((3, "btc_usdt", 10.5, 1.0, "buy"))], depth=True)
    kinds = [name.partition("@")[2] for name, _ in said if not name.endswith("@depth")]
    assert kinds == ["bookTicker", "depth@100ms"] * 3 + ["trade"] + ["bookTicker", "depth@100ms"]
    best = [[Decimal(m[one]) for one in "bBaA"] for name, m in said if name.endswith("bookTicker")]
    assert best == [[10, 3, 11, 4], [Decimal("9.5"), 1, 11, 4], [Decimal("9.5"), 1, Decimal("10.5"), 2], [0, 0, 12, 5]]
    changes = [(m["b"], m["a"]) for name, m in said if name.endswith("depth@100ms")]
    assert [[float(price), float(size)] for price, size in changes[1][0]] == [[10.0, 0.0]]
    assert changes[1][1] == []


def test_a_quiet_market_is_not_mute() -> None:
    """A ping every 20 s, also where no row comes for longer."""
    said = told([trades((1, "btc_usdt", 10.0, 1.0, "buy"), (70, "btc_usdt", 11.0, 1.0, "buy"))], pings=True)
    assert [stream.partition("@")[2] or stream for stream, _ in said] == [
        "bookTicker", "trade", "ping", "ping", "ping", "bookTicker", "trade",
    ]  # fmt: skip
