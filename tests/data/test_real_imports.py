"""Real files, where they are present: how many rows come out of them, and the first and the last."""

import numpy as np
import polars as pl
import pytest
from frames import shared_data

from barter_bt.data import Catalog, check, load, rebuild_books

LOBSTER = "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip"
SPY = [f"lean_spy_ticks/201310{day}_trade.zip" for day in ("07", "08", "09", "10", "11")]
GEMINI = [f"gemini/gemini__eth-usd__2021-07-0{day}__{{}}.csv.gz" for day in (1, 2)]
KRAKEN = "kraken_l2/KRAKEN.ws.50.0.gz"
CAPTURES = ("spot_btcusdt_20240808", "spot_btcusdt_20240809", "usdm_btcusdt_20240718", "usdm_btcusdt_20240719")
SPOT, SPOT_NEXT, USDM, USDM_NEXT, COINM = (f"binance_ws/{name}.gz" for name in (*CAPTURES, "cm_btcusd_perp_20240809"))
AUTO = {"clock_offset": "auto"}
NAMED = {"instrument": "x_usd"}
REAL = [
    ("tardis_trades", ["tardis/trades.csv.gz"], {}, 9_999,
     "2020-02-22T00:00:02.111 9682.0 0.132 1", "2020-02-22T02:05:47.728 9666.84 0.07 -1"),
    ("tardis_quotes", ["tardis/quotes.csv.gz"], {}, 9_999,
     "2020-02-22T00:00:01.096 9681.92 0.67 9682.0 0.84", "2020-02-22T00:03:47.061 9671.19 0.012 9672.09 0.031"),
    ("bitfinex_candles", ["bitfinex_1m/BTCUSD_1m_2016.csv.gz"], NAMED | {"interval": "1m"}, 293_230,
     "2016-01-01T00:01:00 429.17 429.17 429.17 429.17 1.6817", "2016-12-31T23:59:00 966.58 966.58 966.58 966.58 1.65"),
    ("ccapi_trades", [name.format("trade") for name in GEMINI], NAMED, 41_616,
     "2021-07-01T00:00:21.647 2278.15 0.0409 -1", "2021-07-02T23:59:44.245 2157.14 0.276596 1"),
    ("ccapi_quotes", [name.format("market-depth") for name in GEMINI], NAMED, 146_541,
     "2021-07-01T00:00:00 2271.58 1.6477 2279.63 28.479526", "2021-07-02T23:59:59 2154.08 1.440256 2156.49 0.452318"),
    ("lean_equity_trades", SPY, NAMED, 1_887_460 - 10,
     "2013-10-07T08:00:00.464 167.41 100.0", "2013-10-11T23:59:32.543 170.41 125.0"),
    ("lobster_trades", [LOBSTER], NAMED, 11_678,
     "2012-06-21T13:30:00.015105074 579.4 4.0 -1", "2012-06-21T19:59:58.957742351 565.35 100.0 -1"),
    ("lobster_quotes", [LOBSTER], NAMED, 45_569,
     "2012-06-21T13:30:00.015105074 579.4 496.0 580.23 100.0",
     "2012-06-21T19:59:59.320718269 565.12 200.0 565.22 42.0"),
    ("barter_trades", ["barter_json/binance_spot_market_data_with_disconnect_events.json"], {}, 21,
     "2024-12-20T19:05:18.175 96962.51 6e-05 1", "2024-12-20T19:05:18.197 96962.51 8e-05 1"),
    ("binance_capture_trades", [SPOT, SPOT_NEXT], {"clock_offset": "auto"}, 9_757 + 10_147,
     "2024-08-08T23:54:15.342 61837.63 0.02 -1", "2024-08-09T00:05:05.8 61602.02 0.00536 1"),
    ("binance_capture_trades", [USDM], {"clock_offset": "auto"}, 974,
     "2024-07-18T23:57:02.956 63943.9 0.003 -1", "2024-07-18T23:59:59.877 63959.9 0.002 -1"),
    ("binance_capture_quotes", [COINM], {"clock_offset": "auto"}, 29_219,
     "2024-08-09T00:00:01.262 61668.6 1243.0 61668.7 871.0", "2024-08-09T00:05:04.776 61600.0 27.0 61600.1 1647.0"),
    ("binance_capture_trades", [USDM, USDM_NEXT], AUTO, 10_701,
     "2024-07-18T23:57:02.956 63943.9 0.003 -1", "2024-07-19T00:05:02.282 63865.4 0.002 -1"),
    ("binance_capture_quotes", [USDM, USDM_NEXT], AUTO, 52_260,
     "2024-07-18T23:57:02.507 63943.9 46.371 63944.0 0.095", "2024-07-19T00:05:02.29 63865.2 0.04 63865.3 5.801"),
    ("binance_capture_trades", [COINM], AUTO, 2_949,
     "2024-08-09T00:00:01.913 61668.7 4.0 1", "2024-08-09T00:05:04.776 61600.0 4.0 -1"),
    ("binance_capture_book", [SPOT, SPOT_NEXT], AUTO, 300_127,
     "2024-08-08T23:54:15.208 61737.63 0.0 1 0 50093239202 50093239188",
     "2024-08-09T00:05:05.809 62000.0 5.13473 -1 0 50093696318 50093696291"),
    ("binance_capture_book", [USDM, USDM_NEXT], AUTO, 402_940,
     "2024-07-18T23:57:02.504 1000.0 569.567 1 0 4984028370730 4984028367494",
     "2024-07-19T00:05:02.246 638891.0 0.002 -1 0 4984057064916 4984057046833"),
    ("binance_capture_book", [COINM], AUTO, 363_658,
     "2024-08-09T00:00:01.265 61635.9 1.0 1 0 1007202248051 1007202248021",
     "2024-08-09T00:05:04.795 61597.0 0.0 -1 0 1007206781963 1007206781907"),
    ("kraken_capture_book", [KRAKEN], {}, 11_745,
     "2021-04-17T16:48:52.136369 2.289e-05 31.75709827 1 1", "2021-04-17T16:49:23.334706 13.2645 0.0 -1 0"),
    ("lobster_book", [LOBSTER], NAMED, 1_087_600,
     "2012-06-21T13:30:00.015105074 579.4 496.0 1 1 1 0",
     "2012-06-21T19:59:59.871751084 565.6 100.0 -1 1 108760 108759"),
    ("csv_candles", ["backtrader/2006-day-001.txt"], NAMED | {"interval": "1d", "time_zone": "UTC"}, 255,
     "2006-01-03T00:00:00 3578.73 3605.95 3578.73 3604.33 0.0",
     "2006-12-30T00:00:00 4130.12 4142.01 4119.94 4119.94 0.0"),
]  # fmt: skip


def shown(row):
    """Time at the venue without zeros at its end, and numbers."""
    time, *rest = (row[name] for name in row if name not in ("time_received", "time_open", "instrument"))
    return " ".join([str(time), *map(str, rest)])


@pytest.mark.parametrize(("kind", "files", "options", "rows", "first", "last"), REAL)
def test_real_files_give_these_rows(kind, files, options, rows, first, last):
    stream = load(kind, *(shared_data(*name.split("/")) for name in files), **options)
    frame = stream.frame().collect()
    text = (
        frame["time_exchange"].dt.to_string("%Y-%m-%dT%H:%M:%S%.9f").str.strip_chars_end("0").str.strip_chars_end(".")
    )
    frame = frame.with_columns(time_exchange=text)
    assert (frame.height, shown(frame.row(0, named=True)), shown(frame.row(-1, named=True))) == (rows, first, last)
    assert not check(stream).errors


def test_the_gaps_of_real_candles_are_told():
    path = shared_data("bitfinex_1m", "BTCUSD_1m_2016.csv.gz")
    report = check(load("bitfinex_candles", path, instrument="btc_usd", interval="1m"))
    (gap,) = [one for one in report.warnings if one.code == "gap"]
    assert gap.count == 63_912, "rows that are not a minute after the row before"


def test_real_rates_of_funding():
    path = shared_data("funding", "BTC-USDT_binance_2020-01-01_2024-01-01_funding_history.csv.gz")
    frame = load("funding_history", path, instrument="btc_usdt", time_zone="Etc/GMT-3").frame
    assert frame.height == 4_383
    assert frame["time"].dt.to_string("%Y-%m-%d %H").to_list()[:: frame.height - 1] == [
        "2020-01-01 00",
        "2023-12-31 16",
    ]
    assert frame["rate"].to_list()[:: frame.height - 1] == [-0.00012359, 0.00033597]
    assert set(frame["time"].dt.hour()) == {0, 8, 16}, "the hours of funding in UTC: the zone is right"


def test_spot_quotes_have_no_time_of_the_exchange():
    with pytest.raises(Exception, match=r"message\(s\) without a time of the exchange \(T\)"):
        load("binance_capture_quotes", shared_data(*SPOT.split("/")))


BOOKS = [("binance_capture_book", [SPOT, SPOT_NEXT]), ("binance_capture_book", [USDM, USDM_NEXT]),
         ("lobster_book", [LOBSTER]), ("kraken_capture_book", [KRAKEN])]  # fmt: skip


@pytest.mark.parametrize(("kind", "files"), BOOKS)
def test_books_in_a_catalog_are_those_of_the_files(kind, files, tmp_path):
    """Row by row, imported file by file, and in a run's chunks."""
    paths = [shared_data(*name.split("/")) for name in files]
    named = {"XMR/USD": "x_usd"} if kind == "kraken_capture_book" else "x_usd"
    options = {"instrument": named} | ({"clock_offset": "1600ms"} if "binance" in kind else {})
    catalog = Catalog(tmp_path / "catalog")
    for path in paths:
        catalog.add(kind, path, exchange="x", **options)
    direct, kept = load(kind, *paths, **options), catalog.book("x_usd")
    frames = [stream.frame().collect().with_columns(pl.col("instrument").cast(pl.String)) for stream in (direct, kept)]
    assert frames[0].equals(frames[1])
    flags = [[chunk.flags for chunk in stream.chunks({"x_usd": 0}, validate=False)] for stream in (direct, kept)]
    assert np.array_equal(*(np.concatenate(one) for one in flags)), "messages begin and end at the same rows"
    assert catalog.verify() == ()


def test_books_of_a_catalog_are_rebuilt(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    catalog.add(
        "kraken_capture_book", shared_data(*KRAKEN.split("/")), exchange="kraken", instrument={"XMR/USD": "xmr_usd"}
    )
    steps = {"price_increment": "0.01", "quantity_increment": "1e-8"}
    books = rebuild_books(catalog.book("xmr_usd"), **steps, interpret=True)
    assert (books.height, set(books["state"])) == (847, {"normal"})


def test_rates_of_funding_come_from_a_catalog(tmp_path):
    path = shared_data("funding", "BTC-USDT_binance_2020-01-01_2024-01-01_funding_history.csv.gz")
    catalog = Catalog(tmp_path / "catalog")
    options = {"instrument": "btc_usdt", "time_zone": "Etc/GMT-3"}
    catalog.add("funding_history", path, exchange="binance_usdm", **options)
    given = load("funding_history", path, **options).frame
    assert catalog.funding("btc_usdt").frame.select(given.columns).equals(given)
    year = catalog.funding("btc_usdt", "2021-01-01", "2022-01-01").frame["time"]
    assert (year.len(), set(year.dt.year())) == (3 * 365, {2021})


def test_the_book_of_a_sample_is_crossed_nowhere():
    stream = load("lobster_quotes", shared_data(*LOBSTER.split("/")), instrument="goog_usd")
    assert stream.frame().filter(pl.col("bid_price") >= pl.col("ask_price")).collect().is_empty()
