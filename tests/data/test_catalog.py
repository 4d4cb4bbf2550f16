"""The catalog: what goes in comes out, anything reads it, and an import that is killed leaves the old state."""

import json
import pickle
import shutil
import threading
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pytest
from frames import NS, TIME, candle_frame, times
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.data import Catalog, Repair, candles, check, generate, load, trades
from barter_bt.data.catalog import reading, staging
from barter_bt.errors import ConfigError, DataError, EngineError
from tests.killing import Killed, kill_at

DAY_MS = 86_400_000


def day_file(folder, day, rows=4, price=100.0, first=0):
    """A day of Binance's spot trades; the first at midnight, or some rows later."""
    at = NS // 10**6 + day * DAY_MS
    lines = [f"{i},{price + i},1.5,0,{at + i * 3_600_000},{i % 2 == 0},True" for i in range(first, first + rows)]
    path = folder / f"BTCUSDT-trades-{day}-{first}-{rows}-{price:.0f}.csv"
    path.write_text("\n".join(lines))
    return path


def add(catalog, *paths, **options):
    given = {"exchange": "binance_spot", "instrument": "btc_usdt"} | options
    return catalog.add("binance_spot_trades", *paths, **given)


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "catalog")
    add(made, day_file(tmp_path, 0), day_file(tmp_path, 1))
    return made


def prices(catalog, *between):
    return catalog.trades("btc_usdt", *between).frame().collect()["price"].to_list()


def test_what_goes_in_comes_out(catalog, tmp_path):
    files = [day_file(tmp_path, 0), day_file(tmp_path, 1)]
    given = load("binance_spot_trades", *files, instrument="btc_usdt").frame().collect()
    stream = catalog.trades("btc_usdt")
    assert stream.frame().collect().drop("instrument").equals(given.drop("instrument"))
    assert stream.instruments == ("btc_usdt",)
    assert (stream.rows, stream.time_range()) == (8, (NS, NS + (DAY_MS + 3 * 3_600_000) * 10**6))
    assert catalog.verify() == ()
    listed = catalog.files
    assert listed["date"].to_list() == ["2020-01-01", "2020-01-02"]
    assert listed["rows"].sum() == 8
    assert listed["sources"].to_list() == [[path.name] for path in files]


def test_other_programs_read_it(catalog):
    where = f"{catalog.path}/**/*.parquet"
    frame = pl.scan_parquet(where, hive_partitioning=True).collect()
    assert frame.select("kind", "exchange", "instrument").unique().rows() == [("trades", "binance_spot", "btc_usdt")]
    assert frame.height == 8
    by_day = f"SELECT date, count(*) FROM read_parquet('{where}', hive_partitioning=true) GROUP BY date ORDER BY date"
    assert [(str(day), rows) for day, rows in duckdb.sql(by_day).fetchall()] == [("2020-01-01", 4), ("2020-01-02", 4)]


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), ("2020-01-01T01:00", None), (None, "2020-01-02T02:00Z"), ("2020-01-01T02:00", "2020-01-02"),
     ("2020-01-01T01:30", "2020-01-02T00:30"), ("2020-01-01T00:30", "2020-01-01T00:45")],
)  # fmt: skip
def test_rows_between_two_times(catalog, start, end):
    whole = catalog.trades("btc_usdt").frame().collect()
    at = pl.col("time_exchange")
    moment = [None if one is None else pl.lit(one.rstrip("Z")).str.to_datetime(time_zone="UTC") for one in (start, end)]
    wanted = whole.filter(*([at >= moment[0]] if start else []), *([at < moment[1]] if end else []))
    stream = catalog.trades("btc_usdt", start, end)
    assert stream.frame().collect().equals(wanted)
    assert stream.rows == wanted.height
    chunks = list(stream.chunks({"btc_usdt": 0}))
    assert [price for chunk in chunks for price in chunk.columns["price"]] == wanted["price"].to_list()
    if wanted.height:
        assert stream.time_range()[1] == wanted["time_exchange"].to_physical()[-1]


def test_a_run_is_that_of_the_same_rows_in_memory(tmp_path):
    frame = generate.candles(200, instrument="btc_usdt")
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_stream(candles(frame), exchange="simulated")
    crossing = bt.Signals((pl.col("close") > pl.col("open")).cast(pl.Float64))
    options = {"balances": {"usdt": 10_000}, "interpret": True}
    runs = [
        bt.backtest(data, bt.Instrument("simulated", "btc_usdt"), crossing, **options)
        for data in (catalog.candles("btc_usdt"), candles(frame))
    ]
    assert runs[0].digest == runs[1].digest


def test_times_that_hold_nothing_are_told(catalog):
    """No row may lie between them, or none of the catalog, or nothing at all."""
    with pytest.raises(
        ConfigError, match=r"no trades of 'btc_usdt' at binance_spot from 2021-01-01T.*2020-01-02T03:00"
    ):
        catalog.trades("btc_usdt", "2021-01-01")
    with pytest.raises(ConfigError, match="from 2020-01-01T12:00:00Z until 2020-01-01T13:00:00Z; there are those from"):
        catalog.trades("btc_usdt", "2020-01-01T12:00", "2020-01-01T13:00")
    for start, end in (("2020-01-02", "2020-01-01"), ("2020-01-02", "2020-01-02")):
        with pytest.raises(ConfigError, match="nothing lies between them"):
            catalog.trades("btc_usdt", start, end)


@pytest.mark.parametrize(
    ("between", "told"),
    [((), 0), (("2020-01-01", "2020-01-03"), 0), (("2019-12-30", None), 1), (("2019-01-01", "2021-01-01"), 2)],
)
def test_less_than_was_asked_for_is_told(catalog, between, told):
    warnings = [one.message for one in check(catalog.trades("btc_usdt", *between)).warnings if one.code == "range"]
    assert len(warnings) == told
    if told:
        assert "asked for from 2019-" in warnings[0]
        assert "and begin at 2020-01-01T00:00:00Z" in warnings[0]


@pytest.mark.parametrize(
    ("exchange", "seen_by", "told"),
    [("binance_spot", "all", False), ("kraken", "all", True), ("kraken", "venue", True), ("kraken", "strategy", False)],
)
def test_data_of_another_exchange_is_told_where_orders_meet_it(tmp_path, exchange, seen_by, told):
    catalog = Catalog(tmp_path / "catalog")
    frame = generate.candles(30, instrument="btc_usdt")
    catalog.add_stream(candles(frame), exchange="binance_spot")
    streams = [catalog.candles("btc_usdt", seen_by=seen_by)]
    streams += [] if seen_by == "all" else [candles(frame, seen_by="venue" if seen_by == "strategy" else "strategy")]
    instrument = bt.Instrument(exchange, "btc_usdt", price_increment="0.0001")
    result = bt.backtest(
        streams, instrument, bt.Signals(pl.lit(0.0)), balances={"usdt": 100}, interpret=True
    )  # fmt: skip
    found = [one for one in result.warnings if "an instrument of kraken: its orders meet prices of another" in one]
    assert bool(found) is told


def test_candles_of_another_length_are_refused(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    day = generate.candles(10, instrument="a_usd")
    catalog.add_stream(candles(day), exchange="x")
    later = pl.col("time_open", "time_exchange") + pl.duration(days=20)
    longer = day.with_columns(later).gather_every(5).with_columns(
        time_exchange=pl.col("time_open") + 5 * (pl.col("time_exchange") - pl.col("time_open"))
    )  # fmt: skip
    with pytest.raises(DataError, match=r"last 5 m, and those of the catalog 1 m\nHint: .*instrument=\"a_usd-5m\""):
        catalog.add_stream(candles(longer), exchange="x")
    assert catalog.add_stream(candles(day.with_columns(later)), exchange="x").rows == 10


def test_trades_that_another_importer_read_are_told(catalog, tmp_path):
    path = tmp_path / "agg.csv"
    path.write_text(f"1,100.5,2,1,1,{NS // 10**6 + 9 * DAY_MS},True,True\n")
    added = catalog.add("binance_spot_agg_trades", path, exchange="binance_spot", instrument="btc_usdt")
    told = "rows of binance_spot_agg_trades stand beside those of binance_spot_trades"
    assert [note for note in added.notes if told in note]


@pytest.mark.parametrize("name", ["BTC_USDT", "Btc_usd"])
def test_a_name_in_other_letters_is_guessed(catalog, name):
    with pytest.raises(ConfigError, match="did you mean 'btc_usdt'"):
        catalog.trades(name)


def test_a_stream_goes_to_another_process(catalog):
    """It is a path and times: a worker opens it anew."""
    stream = pickle.loads(pickle.dumps(catalog.trades("btc_usdt", "2020-01-01T02:00")))
    assert stream.frame().collect().equals(catalog.trades("btc_usdt", "2020-01-01T02:00").frame().collect())


@settings(max_examples=20)
@given(cuts=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)), min_size=1, max_size=5))
def test_parts_in_any_order_become_their_union(cuts):
    """Of one history, three days long, whatever parts are imported, in whatever order, however they overlap."""
    at = pl.Series([NS + hour * 3_600_000_000_000 for hour in range(60)]).cast(TIME)
    history = pl.DataFrame({"time_exchange": at, "price": [float(i + 1) for i in range(60)], "amount": 1.0})
    wanted: set[int] = set()
    with TemporaryDirectory() as folder:
        catalog = Catalog(folder)
        for start, length in cuts:
            part = trades(history.slice(start, length), instrument="a_usd")
            catalog.add_stream(part, exchange="x", overlap="merge")
            wanted |= set(range(start, min(start + length, 60)))
        found = catalog.trades("a_usd").frame().collect()
        assert found["price"].to_list() == [float(i + 1) for i in sorted(wanted)]
        assert catalog.verify() == ()
        assert catalog.files["rows"].sum() == len(wanted)


def test_what_a_check_warns_of_is_told(tmp_path):
    twice = pl.DataFrame({"time_exchange": times(0, 0), "price": [1.0, 1.0], "amount": [1.0, 1.0]})
    added = Catalog(tmp_path / "catalog").add_stream(trades(twice, instrument="a_usd"), exchange="x")
    assert "equal to the row above" in added.notes[0]


def test_files_are_opened_one_after_the_other(catalog, monkeypatch):
    opened, read = [], []
    real = reading.ParquetSource
    monkeypatch.setattr(reading, "ParquetSource", lambda path: opened.append(path) or real(path))
    stream = catalog.trades("btc_usdt")
    assert (stream.rows, stream.instruments, opened) == (8, ("btc_usdt",), []), "the manifest tells"
    for piece in stream.pieces():
        read.append((len(opened), piece.first_row))
    assert read == [(1, 0), (2, 4)]


def test_an_import_again_is_skipped(catalog, tmp_path):
    first = day_file(tmp_path, 0)
    before = (catalog.path / "manifest.json").read_bytes()
    added = add(catalog, first)
    assert (added.files, added.rows, added.skipped) == (0, 0, (first.name,))
    assert (catalog.path / "manifest.json").read_bytes() == before


def test_rows_at_times_that_are_covered_are_refused_or_merged(catalog, tmp_path):
    """A file from the second hour of day 1 to its sixth: two rows are there, the others are new."""
    more = day_file(tmp_path, 1, rows=5, first=2)
    with pytest.raises(DataError, match="has rows from 2020-01-02T02:00:00Z to 2020-01-02T06:00:00Z") as caught:
        add(catalog, more)
    assert 'overlap="merge"' in caught.value.hint
    added = add(catalog, more, overlap="merge")
    assert (added.files, added.rows, added.known) == (1, 3, 2)
    assert prices(catalog, "2020-01-02") == [100.0 + i for i in range(7)]
    other = day_file(tmp_path, 1, rows=9, first=0, price=200.0)
    with pytest.raises(DataError, match="differ from those of the catalog"):
        add(catalog, other, overlap="merge")
    assert catalog.verify() == ()


def test_a_file_around_others_is_cut(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    for first, rows in ((3, 2), (8, 1)):
        add(catalog, day_file(tmp_path, 0, rows=rows, first=first))
    added = add(catalog, day_file(tmp_path, 0, rows=12), overlap="merge")
    assert (added.files, added.rows, added.known) == (3, 9, 3)
    assert prices(catalog) == [100.0 + i for i in range(12)]
    assert catalog.verify() == ()


@pytest.mark.parametrize("whole", [False, True])
def test_what_lies_between_two_sources_of_a_file_is_not_covered(tmp_path, whole):
    """Two files of one import lie in one file; a third between them, or one around both, joins it."""
    catalog = Catalog(tmp_path / "catalog")
    add(catalog, day_file(tmp_path, 0, rows=2, first=3), day_file(tmp_path, 0, rows=1, first=8))
    assert catalog.files.height == 1
    if whole:
        added = add(catalog, day_file(tmp_path, 0, rows=12), overlap="merge")
        assert (added.rows, added.known, catalog.files.height) == (9, 3, 3)
        assert prices(catalog) == [100.0 + i for i in range(12)]
    else:
        added = add(catalog, day_file(tmp_path, 0, rows=2, first=5))
        assert (added.rows, added.known, catalog.files.height) == (2, 0, 1)
        assert prices(catalog) == [103.0, 104.0, 105.0, 106.0, 108.0]
        with pytest.raises(DataError, match="T05:00:00Z to 2020-01-01T06:00:00Z already"):
            add(catalog, day_file(tmp_path, 0, rows=1, first=6))
        add(catalog, day_file(tmp_path, 0, rows=1, first=7))
    assert catalog.verify() == ()
    assert sum(1 for _ in catalog.path.rglob("*.parquet")) == catalog.files.height, "the old file is gone"


def test_files_of_one_import_that_overlap_are_refused(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    with pytest.raises(DataError, match="the catalog has rows"):
        add(catalog, day_file(tmp_path, 0), day_file(tmp_path, 0, rows=3, first=2))
    assert catalog.files.is_empty()
    assert not list(catalog.path.glob("kind=*"))


def test_one_bad_file_stops_all(catalog, tmp_path):
    bad = day_file(tmp_path, 3)
    bad.write_text(bad.read_text().replace("101.0", "-1"))
    before = catalog.files
    with pytest.raises(DataError, match="'price' is zero or negative"):
        add(catalog, day_file(tmp_path, 2), bad)
    assert catalog.files.equals(before)
    added = add(catalog, day_file(tmp_path, 2), bad, repair=Repair(drop_invalid=True))
    assert added.rows == 7
    assert added.notes == (f"{bad.name}: 1 row(s) invalid",)
    assert catalog.verify() == ()


def test_an_import_that_is_killed_leaves_the_old_state_or_the_new(tmp_path):
    """Killed before each operation on files: then a reader sees one of the two, and the next import goes through."""
    one, other, third = (day_file(tmp_path, day) for day in range(3))
    finished = k = 0
    seen = set()
    add(Catalog(tmp_path / "before"), one)
    while not finished:
        catalog = Catalog(shutil.copytree(tmp_path / "before", tmp_path / f"catalog{k}"))
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, k)
            try:
                add(catalog, other)
                finished = True
            except Killed:
                pass
        days = catalog.files["date"].to_list()
        seen.add(len(days))
        assert prices(catalog) == [100.0, 101.0, 102.0, 103.0] * len(days)
        assert all("left by an import that was interrupted" in problem for problem in catalog.verify())
        add(catalog, third)
        assert catalog.verify() == ()
        assert not list(catalog.path.glob(".import.*"))
        assert sum(1 for _ in catalog.path.rglob("*.parquet")) == len(days) + 1
        k += 1
    assert seen == {1, 2}
    assert k > 8, "there were operations to be killed at"


def test_an_import_that_replaces_a_file_is_killed(tmp_path):
    """The old file stays until the manifest lists the new one, and goes for good with the next import."""
    parts = [day_file(tmp_path, 0, rows=2), day_file(tmp_path, 0, rows=2, first=6)]
    between, next_day = day_file(tmp_path, 0, rows=2, first=3), day_file(tmp_path, 1)
    old, new = [100.0, 101.0, 106.0, 107.0], [100.0, 101.0, 103.0, 104.0, 106.0, 107.0]
    finished = k = 0
    add(Catalog(tmp_path / "before"), *parts)
    while not finished:
        catalog = Catalog(shutil.copytree(tmp_path / "before", tmp_path / f"catalog{k}"))
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, k)
            try:
                add(catalog, between)
                finished = True
            except Killed:
                pass
        assert prices(catalog) in (old, new)
        add(catalog, next_day)
        assert catalog.verify() == ()
        assert sum(1 for _ in catalog.path.rglob("*.parquet")) == 2
        k += 1


def test_a_full_disk_is_told_and_changes_nothing(catalog, tmp_path, monkeypatch):
    def full(frame, path):
        path.write_bytes(b"PAR1")
        raise OSError("No space left on device")

    before = catalog.files
    monkeypatch.setattr(staging, "write_rows", full)
    with pytest.raises(EngineError, match="an import could not be written: No space left"):
        add(catalog, day_file(tmp_path, 2))
    assert catalog.files.equals(before)
    assert catalog.verify() == ()


def test_writers_at_one_time_wait_for_each_other(catalog, tmp_path):
    paths = [day_file(tmp_path, day) for day in range(2, 6)]
    threads = [threading.Thread(target=add, args=(catalog, path)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.files["rows"].to_list() == [4] * 6
    assert catalog.verify() == ()


def test_what_is_not_as_it_was_is_found(catalog, tmp_path):
    first, second = (catalog.path / name for name in catalog.files["path"])
    whole = bytearray(first.read_bytes())
    whole[len(whole) // 2] ^= 1
    first.write_bytes(whole)
    (first.parent / "mine.parquet").write_bytes(b"x")
    second.unlink()
    found = "\n".join(catalog.verify())
    assert "its bytes are not those that were written" in found
    assert "mine.parquet: is not in the manifest: no import's" in found
    assert f"{second.name}: is missing" in found
    with pytest.raises(DataError, match=r"parquet: is missing\nHint: make the stream again.*Catalog.verify"):
        catalog.trades("btc_usdt").frame()
    first.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=r"has \d+ bytes, not \d+"):
        list(catalog.trades("btc_usdt").pieces())


def test_a_manifest_of_something_else_is_refused(catalog):
    path = catalog.path / "manifest.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"format": 2}))
    with pytest.raises(DataError, match="has format 2; this version reads 1"):
        catalog.files  # noqa: B018
    path.write_text("[]")
    with pytest.raises(DataError, match="is no manifest of a catalog"):
        catalog.files  # noqa: B018


def test_what_is_not_there_is_told(catalog, tmp_path):
    with pytest.raises(
        ConfigError, match=r"no trades of 'btc_usd'; .*btc_usdt at binance_spot\nHint: did you mean 'btc_u"
    ):
        catalog.trades("btc_usd")
    with pytest.raises(
        ConfigError, match="has no quotes of 'btc_usdt'; there are those of nothing\nHint: of 'btc_usdt' it has trades"
    ):
        catalog.quotes("btc_usdt")
    add(catalog, day_file(tmp_path, 0), exchange="other")
    with pytest.raises(ConfigError, match="at binance_spot, other\nHint: say which: exchange="):
        catalog.trades("btc_usdt")
    assert catalog.trades("btc_usdt", exchange="other").rows == 4
    for moment in ("yesterday", datetime(2020, 1, 1), 5):
        with pytest.raises(ConfigError, match="start is"):
            catalog.trades("btc_usdt", moment, exchange="other")
    assert catalog.trades("btc_usdt", datetime(2020, 1, 1, 1, tzinfo=UTC), exchange="other").rows == 3
    with pytest.raises(ConfigError, match="cannot be a directory of a catalog"):
        add(catalog, day_file(tmp_path, 0), exchange="a/b")
    with pytest.raises(ConfigError, match="cannot be a directory of a catalog"):
        add(catalog, day_file(tmp_path, 7), instrument="../x")
    with pytest.raises(ConfigError, match="overlap is 'replace'"):
        add(catalog, day_file(tmp_path, 0), overlap="replace")
    with pytest.raises(ConfigError, match="no file is given"):
        add(catalog)


def test_instruments_lie_apart_and_columns_must_agree(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    added = catalog.add_stream(candles(candle_frame()), exchange="x")
    assert (added.files, added.rows) == (2, 4)
    assert catalog.candles("b_usd").frame().collect()["open"].to_list() == [5.0, 5.0]
    assert catalog.files["date"].unique().to_list() == ["2020-01-01"], "candles lie by year"
    day = pl.duration(days=1, time_unit="ns")
    later = candle_frame().with_columns(pl.col("time_exchange") + day, pl.col("time_open") + day)
    received = later.with_columns(time_received=pl.col("time_exchange"))
    with pytest.raises(DataError, match="do not go with those of the catalog"):
        catalog.add_stream(candles(received), exchange="x")


def test_rates_of_funding(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text(
        "calc_time,funding_interval_hours,last_funding_rate\n1709251200000,8,0.0001\n1709280000000,8,0.0002"
    )
    catalog = Catalog(tmp_path / "catalog")
    catalog.add("binance_usdm_funding", path, exchange="binance_futures_usd", instrument="btc_usdt")
    assert catalog.funding("btc_usdt").frame["rate"].to_list() == [0.0001, 0.0002]
    assert catalog.verify() == ()


def test_days_of_one_period_become_one_file(tmp_path):
    """Candles of a year that come in files of a day lie in one file, with all of them as its sources."""
    at = [NS // 10**6 + day * DAY_MS for day in range(3)]
    paths = []
    for start in at:
        paths.append(tmp_path / f"{start}.csv")
        paths[-1].write_text(f"{start},1,2,1,2,5,{start + DAY_MS - 1},0,0,0,0,0")
    catalog = Catalog(tmp_path / "catalog")
    added = catalog.add("binance_spot_klines", *paths, exchange="binance_spot", instrument="btc_usdt")
    assert (added.files, added.rows) == (1, 3)
    assert catalog.files["sources"].to_list() == [[path.name for path in paths]]


def test_arrivals_are_kept(tmp_path):
    frame = pl.DataFrame(
        {"time_exchange": times(0, 5), "time_received": times(3, 9), "price": [1.0, 2.0], "amount": 1.0}
    )
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_stream(trades(frame, instrument="a_usd"), exchange="x")
    found = catalog.trades("a_usd")
    assert found.has_received
    assert found.frame().collect()["time_received"].cast(TIME).equals(frame["time_received"].cast(TIME))


def test_prices_below_0_go_in_where_they_are_announced(tmp_path):
    file = tmp_path / "oil.csv"
    file.write_text("time_exchange,price,amount\n2020-04-20T18:00:00Z,0.01,1\n2020-04-20T19:00:00Z,-37.63,2\n")
    catalog = Catalog(tmp_path / "catalog")
    given = {"exchange": "nymex", "instrument": "cl_usd"}
    with pytest.raises(DataError, match="negative_prices"):
        catalog.add("csv_trades", file, **given)
    with pytest.raises(ConfigError, match="'cl', of which there are no prices; there are those of cl_usd"):
        catalog.add("csv_trades", file, **given, negative_prices=["cl"])
    with pytest.raises(ConfigError, match="it must be names"):
        catalog.add("csv_trades", file, **given, negative_prices="cl_usd")
    assert catalog.add("csv_trades", file, **given, negative_prices=["cl_usd"]).rows == 2
    assert catalog.add("csv_trades", file, **given, negative_prices=["cl_usd"]).skipped == ("oil.csv",)
    assert catalog.trades("cl_usd").frame().collect()["price"].to_list() == [0.01, -37.63]
