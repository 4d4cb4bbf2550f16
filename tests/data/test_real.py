"""Real data, where it is present: what a market really sends goes through the readers."""

import polars as pl
import pytest
from frames import shared_data

from barter_bt.data import Repair, candles, check, quality, quotes, read_csv, trades
from barter_bt.errors import DataError

RENAMES = {"time_seconds": "time_exchange", "size": "amount"}


def test_one_minute_candles_with_an_unusual_order_of_columns():
    names = ["ms", "open", "close", "high", "low", "volume"]
    frame = read_csv(shared_data("bitfinex_1m", "BTCUSD_1m_2016.csv.gz"), names=names, columns={"ms": "time_open"})
    stream = candles(frame, instrument="btc_usd", time_unit="ms", interval="1m")
    assert stream.rows == 293_230
    report = check(stream, {"btc_usd": 0})
    assert {finding.code for finding in report.errors} <= {"duplicate", "high", "low"}


def test_a_look_over_real_candles_finds_the_gaps_that_a_check_counts():
    names = ["ms", "open", "close", "high", "low", "volume"]
    frame = read_csv(shared_data("bitfinex_1m", "BTCUSD_1m_2016.csv.gz"), names=names, columns={"ms": "time_open"})
    stream = candles(frame, instrument="btc_usd", time_unit="ms", interval="1m")
    found = quality(stream).frame
    gap = next(finding for finding in check(stream).warnings if finding.code == "gap")
    assert found.filter(pl.col("check") == "gap")["count"].to_list() == [gap.count]
    assert set(found["check"]) == {"gap", "outlier", "wick"}


def test_captured_trades_and_quotes():
    renames = {"timestamp": "time_exchange", "local_timestamp": "time_received"}
    options = {"instrument": "btc_usdt", "columns": renames, "time_unit": "us"}
    frame = pl.read_csv(shared_data("tardis", "trades.csv.gz"))
    stream = trades(frame, **options)
    assert stream.rows == frame.height
    assert not check(stream, {"btc_usdt": 0}).errors
    book = pl.read_csv(shared_data("tardis", "quotes.csv.gz"))
    stream = quotes(book, **options)
    assert not check(stream, {"btc_usdt": 0}).errors


def test_two_days_of_trades_are_one_stream():
    frames = []
    for day in ("2021-07-01", "2021-07-02"):
        path = shared_data("gemini", f"gemini__eth-usd__{day}__trade.csv.gz")
        frame = read_csv(path)
        with pytest.raises(DataError, match="a float cannot hold nanoseconds"):
            trades(frame, instrument="eth_usd", columns=RENAMES, time_unit="s")
        frames.append(frame.with_columns((pl.col("time_seconds") * 1000).round().cast(pl.Int64)))
    stream = trades(frames, instrument="eth_usd", columns=RENAMES, time_unit="ms")
    assert stream.rows == 41_616
    report = check(stream, {"eth_usd": 0})
    assert not report.errors, str(report)
    mended = trades(
        frames,
        instrument="eth_usd",
        columns=RENAMES,
        time_unit="ms",
        repair=Repair(sort=True),
    )
    assert mended.repairs == {"sorted": 0}


def test_days_of_an_index_need_a_zone_and_an_interval():
    frame = read_csv(shared_data("backtrader", "2006-day-001.txt"))
    names = {name: name.lower() for name in ("Open", "High", "Low", "Close", "Volume")} | {"Date": "time_open"}
    stream = candles(frame, instrument="index_eur", columns=names, time_zone="UTC", interval="1d")
    assert stream.rows == 255
    assert not check(stream).errors
