"""Market data in Barter's two layouts, as streams and commands of a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from barter_bt import Venue, backtest
from barter_bt.data import Repair
from barter_bt.engine.state.market import price_ticks
from barter_bt.errors import ConfigError, DataError, InstrumentError
from barter_bt.instrument import Instrument
from barter_bt.protocol import Market, ProtocolError, TradingState, read_market_events
from barter_bt.strategy import OrderRequest
from barter_bt.system import Engine, RecordingWarning, load_config, market_streams, read_recording
from tests.system.originals import original

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATE_MS = 5
BTC = Instrument("okx", "btc_usd", name_exchange="BTC-USD", price_increment="0.5")
ETH = Instrument("okx", "eth_usd", name_exchange="ETH-USD", price_increment="0.5")
LOST: dict[str, Any] = {"Reconnecting": "okx"}


def time(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


def text(ms: int) -> str:
    return time(ms).isoformat().replace("+00:00", "Z")


def item(
    ms: int, instrument: int | str, kind: dict[str, Any], late_ms: int = LATE_MS, at: str = "okx"
) -> dict[str, Any]:
    times = {"time_exchange": text(ms), "time_received": text(ms + late_ms)}
    return {"Item": times | {"exchange": at, "instrument": instrument, "kind": kind}}


def trade(ms: int, price: float, instrument: int | str = 0, late_ms: int = LATE_MS, at: str = "okx") -> dict[str, Any]:
    kind = {"id": str(ms), "price": price, "amount": 3, "side": "Sell"}
    return item(ms, instrument, {"Trade": kind}, late_ms, at)


def level(price: str) -> dict[str, str]:
    return {"price": price, "amount": "2.5"}


def quote(ms: int, bid: str | None, ask: str | None, instrument: int | str = 0) -> dict[str, Any]:
    sides = {"best_bid": bid and level(bid), "best_ask": ask and level(ask)}
    return item(ms, instrument, {"OrderBookL1": {"last_update_time": text(ms)} | sides})


def candle(ms: int, close: float, instrument: int | str = 0) -> dict[str, Any]:
    prices = {"open": 9.0, "high": 99.0, "low": 1.0, "close": close, "volume": 4.0}
    return item(ms, instrument, {"Candle": {"close_time": text(ms), "trade_count": 2} | prices}, 60_000)


def array(*events: dict[str, Any]) -> str:
    """The layout of results: an array, items in ``Ok``."""
    return json.dumps([{"Item": {"Ok": event["Item"]}} if "Item" in event else event for event in events])


def lines(*events: dict[str, Any]) -> str:
    """The layout of events: one a line."""
    return "\n".join(map(json.dumps, events)) + "\n"


class BuyAndHold:
    """Buys one of each instrument that has a price and was not bought; counts the links that were lost."""

    wake = ("trade", "quote", "candle")

    def __init__(self) -> None:
        self.bought: set[str] = set()
        self.lost: list[tuple[int, str]] = []

    def generate_algo_orders(self, state: Any) -> Any:
        new = [name for name in state.instruments if state.price(name) and name not in self.bought]
        self.bought.update(new)
        return (), [OrderRequest(name, 1.0) for name in new]

    def on_disconnect(self, state: Any) -> Any:
        self.lost.append((state.time, state.exchange))
        return (), ()


EVENTS = (
    trade(0, 10.0),
    quote(1, "10", "10.5"),
    LOST,
    trade(20, 20.0, 1),
    quote(21, None, "20", 1),
    LOST,
    LOST,
    trade(40, 11.0),
    quote(41, "11", "11.5"),
    quote(42, "21", "21.5", 1),
)


@pytest.mark.parametrize("layout", [array, lines])
def test_both_layouts_in_a_file(layout: Any, tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    path.write_text(layout(*EVENTS))
    recording = read_recording(path, [ETH, BTC])
    assert [(s.kind, s.instrument, s.rows) for s in recording.streams] == [
        ("trades", "btc_usd", 2),
        ("trades", "eth_usd", 1),
        ("quotes", "btc_usd", 2),
        ("quotes", "eth_usd", 2),
    ]
    assert recording.commands.rows() == [(time(ms + LATE_MS), "market_disconnect", "okx") for ms in (1, 21, 21)]
    assert recording.left_out == {}


def test_rows_hold_what_was_recorded() -> None:
    of_trades, of_quotes = market_streams(array(trade(7, 10.5), quote(8, None, "10.25")), [BTC])
    row = of_trades.frame().collect().row(0, named=True)
    assert row == {
        "time_exchange": time(7),
        "time_received": time(12),
        "instrument": "btc_usd",
        "price": 10.5,
        "amount": 3.0,
        "side": -1,
    }
    row = of_quotes.frame().collect().row(0, named=True)
    assert (row["bid_amount"], row["ask_price"], row["ask_amount"]) == (0.0, 10.25, 2.5)


def test_candles_need_their_length() -> None:
    with pytest.raises(ConfigError, match="interval="):
        market_streams(array(candle(60_000, 10.0)), [BTC])
    document = array(candle(60_000, 10.0), candle(120_000, 11.0))
    (understood,) = market_streams(document, [BTC])
    assert any("1m" in note for notes in understood.notes.values() for note in notes)
    (stream,) = market_streams(document, [BTC], interval="1m")
    assert understood.frame().collect().equals(stream.frame().collect())
    rows = stream.frame().select("time_open", "time_exchange", "time_received", "close", "volume").collect().rows()
    assert rows[1] == (time(60_000), time(120_000), time(180_000), 11.0, 4.0)


@pytest.mark.parametrize("interpret", [True, False])
def test_a_run_replays_the_file(interpret: bool) -> None:
    strategy = BuyAndHold()
    recording = read_recording(array(*EVENTS), [BTC, ETH])
    result = backtest(
        **recording.arguments(), instruments=[BTC, ETH], strategy=strategy, balances={"usd": 100}, interpret=interpret
    )
    assert [name for _, name in strategy.lost] == ["okx"] * 3
    assert [ns // 1_000_000 - round(START.timestamp() * 1_000) for ns, _ in strategy.lost] == [6, 26, 26]
    fills = result.trades.select("instrument", "time_exchange", "price", "quantity").rows()
    assert fills == [("btc_usd", time(5), 10.5, 1.0), ("eth_usd", time(25), 20.0, 1.0)]
    assert result.warnings == []


def test_the_event_engine_sees_the_same() -> None:
    engine = Engine([BTC, ETH], trading=TradingState.ENABLED)
    recording = read_recording(array(*EVENTS), [BTC, ETH])
    result = backtest(**recording.arguments(), instruments=[BTC, ETH], strategy=BuyAndHold(), balances={"usd": 100})
    audits = engine.run(Market(event) for event in read_market_events(array(*EVENTS)))
    assert len(audits) == len(EVENTS)
    assert engine.state.engine.market_time[0] == result.state.engine.market_time[0] - LATE_MS * 1_000_000
    for name in ("btc_usd", "eth_usd"):
        i, j = engine.index.instrument(name), result.index.instrument(name)
        assert engine.price(i) == result.scales.ticks[j] * price_ticks(result.state, j)


@pytest.mark.parametrize("late_ms", [0, 5])
def test_a_link_that_was_lost_before_the_first_event(late_ms: int) -> None:
    strategy = BuyAndHold()
    recording = read_recording(lines(LOST, trade(0, 10.0, late_ms=late_ms), trade(9, 10.0, late_ms=late_ms)), [BTC])
    assert recording.commands["time"].to_list() == [time(late_ms) - timedelta(microseconds=1)]  # rounded by Python
    assert recording.commands["time"].to_physical()[0] == round(time(late_ms).timestamp()) * 10**9 + late_ms * 10**6 - 1
    result = backtest(
        **recording.arguments(), instruments=BTC, strategy=strategy, balances={"usd": 100}, interpret=True
    )
    assert len(strategy.lost) == 1
    assert result.orders.height == 1


def test_a_file_without_losses_runs_with_its_empty_commands() -> None:
    recording = read_recording(lines(trade(0, 10.0), trade(9, 10.0)), [BTC])
    assert recording.commands.height == 0
    result = backtest(
        **recording.arguments(), instruments=BTC, strategy=BuyAndHold(), balances={"usd": 100}, interpret=True
    )
    assert result.orders.height == 1


def test_times_of_one_instrument_may_cross_those_of_another() -> None:
    """Arrivals are in the file's order, times of the exchange are not, as of two connections."""
    events = lines(trade(10, 10.0, 0, late_ms=1), trade(0, 20.0, 1, late_ms=20), trade(30, 10.0, 0), trade(40, 20.0, 1))
    recording = read_recording(events, [BTC, ETH])
    result = backtest(
        **recording.arguments(), instruments=[BTC, ETH], strategy=BuyAndHold(), balances={"usd": 99}, interpret=True
    )
    assert result.orders["instrument"].to_list() == ["btc_usd", "eth_usd"]


def test_indices_are_in_barters_order() -> None:
    """By exchange in the order of Barter's enum, then by the assets, then by the exchange's own name."""
    far = [
        Instrument("my_broker", "a_usd"),
        Instrument("bithumb", "a_usd"),
        Instrument("bitvavo", "c_usd", name_exchange="A"),
        Instrument("bitvavo", "b2", "b", "usd", name_exchange="Z"),
        Instrument("bitvavo", "b1", "b", "usd", name_exchange="Y"),
    ]
    order = ["bitvavo", "bitvavo", "bitvavo", "bithumb", "my_broker"]
    events = [trade(k, 10.0, k, at=exchange) for k, exchange in enumerate(order)]
    streams = market_streams(array(*events), far)
    found = sorted((s.time_range()[0], s.instrument) for s in streams)
    assert [name for _, name in found] == ["b1", "b2", "c_usd", "bithumb.a_usd", "my_broker.a_usd"]


@pytest.mark.parametrize("name", ["btc_usd", "okx.btc_usd", "BTC-USD"])
def test_names_are_those_of_the_instruments_or_the_exchanges(name: str) -> None:
    assert market_streams(lines(trade(0, 10.0, name)), [BTC, ETH])[0].instrument == "btc_usd"


def test_names_stay_as_they_are_without_instruments() -> None:
    assert market_streams(lines(trade(0, 10.0, "BTC")))[0].instrument == "BTC"
    with pytest.raises(DataError, match=r"event 1 \(counted from 0\) is of instrument 0, an index(.|\n)*instruments="):
        market_streams(lines(LOST, trade(0, 10.0)))


@pytest.mark.parametrize(
    ("event", "error", "message"),
    [
        (trade(0, 10.0, 2), DataError, r"event 0 .* of instrument 2; indices go from 0 to 1"),
        (trade(0, 10.0, "BTC-USDT"), InstrumentError, r"unknown instrument 'BTC-USDT'"),
        (trade(0, 10.0, 0, at="kraken"), DataError, r"of 'kraken' is of instrument 0, which is 'okx.btc_usd'"),
        (trade(0, 10.0) | {"Items": 1}, ProtocolError, r"line 1: \$"),
        (LOST, DataError, r"holds no trades, quotes or candles\nHint: it has no items"),
    ],
)
def test_errors_say_where(event: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_recording(lines(event), [BTC, ETH])


def test_what_runs_have_no_column_for_is_left_out_and_counted() -> None:
    forced = {"Liquidation": {"side": "Sell", "price": 1.0, "quantity": 2.0, "time": text(1)}}
    events = lines(trade(0, 10.0), item(3, 0, forced), LOST, item(4, 0, forced))
    with pytest.warns(RecordingWarning, match="left out of the recording: 2 Liquidation"):
        recording = read_recording(events, [BTC])
    assert recording.left_out == {"Liquidation": 2}
    assert recording.commands["time"].to_list() == [time(3 + LATE_MS)]
    with pytest.raises(DataError, match="holds no trades"):
        read_recording(lines(item(3, 0, forced)), [BTC])


def test_recorded_errors_are_raised_or_left_out() -> None:
    error = {"Item": {"Err": "SubscriptionsEmpty"}}
    document = json.dumps([error, {"Item": {"Ok": trade(0, 10.0)["Item"]}}])
    with pytest.raises(ProtocolError, match="the stream had an error"):
        read_recording(document, [BTC])
    assert read_recording(document, [BTC], on_error="skip").streams[0].rows == 1


@pytest.mark.parametrize(("clock_offset", "shift_ms"), [("auto", 7), ("10ms", 10), (8_000_000, 8)])
def test_a_clock_that_was_behind(clock_offset: Any, shift_ms: int) -> None:
    events = lines(trade(0, 10.0, late_ms=-7), LOST, quote(3, "10", "11"))
    recording = read_recording(events, [BTC], clock_offset=clock_offset)
    assert recording.streams[0].frame().collect()["time_received"].to_list() == [time(shift_ms - 7)]
    assert recording.commands["time"].to_list() == [time(shift_ms - 7)]


def test_repairs_are_passed_on() -> None:
    events = lines(trade(9, 10.0), trade(0, 10.0))
    assert market_streams(events, [BTC], repair=Repair(sort=True))[0].repairs == {"sorted": 1}


@pytest.mark.filterwarnings("ignore::barter_bt.system.ConfigWarning")
def test_barters_own_trades_with_losses_of_the_link() -> None:
    """All arrivals lie after all times of the exchange, so orders reach it after its last trade, and stay open."""
    path = original("data/binance_spot_market_data_with_disconnect_events.json")
    config = load_config(original("config/system_config.json"))
    recording, strategy = read_recording(path, config.instruments()), BuyAndHold()
    names = ["binance_spot-btc_usdt", "binance_spot-sol_usdt"]
    assert [(s.instrument, s.rows) for s in recording.streams] == [(names[0], 9), (names[1], 12)]
    result = backtest(**config.arguments(), **recording.arguments(), strategy=strategy, audit="full", interpret=True)
    assert [name for _, name in strategy.lost] == ["binance_spot"] * 3
    assert result.orders.select("instrument", "status").rows() == [(name, "open") for name in names]
    engine = Engine(config.instruments(), balances=config.balances())
    assert len(engine.run(Market(event) for event in read_market_events(path))) == 24
    for name in names:
        i = result.index.instrument(name)
        assert engine.price(name) == result.scales.ticks[i] * price_ticks(result.state, i)


@pytest.mark.filterwarnings("ignore::barter_bt.system.ConfigWarning")
def test_barters_own_trades_and_quotes() -> None:
    path = original("data/binance_spot_trades_l1_btcusdt_ethusdt_solusdt.json")
    config = load_config(original("config/backtest_config.json"))
    recording = read_recording(path, config.instruments(), clock_offset="auto")
    assert recording.commands.height == 0
    assert sum(stream.rows for stream in recording.streams) == len(read_market_events(path))
    venues = {name: Venue(venue.fees) for name, venue in config.venues().items()}
    balances = {name: 1_000_000 for name in config.balances() if name.endswith("usdt")}
    arguments = config.arguments() | {"venues": venues, "balances": balances}
    result = backtest(**arguments, **recording.arguments(), strategy=BuyAndHold())
    assert result.orders["status"].to_list() == ["filled"] * len({s.instrument for s in recording.streams})
