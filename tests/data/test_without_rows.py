"""Files and frames without rows: what they are taken for where that is no error, and what is said where it is one."""

import gzip

import pandas as pd
import polars as pl
import pytest

import barter_bt as bt
from barter_bt import data
from barter_bt.errors import ConfigError, DataError
from tests.engine.tiny import A, flat, run

CANDLES = ("time", "open", "high", "low", "close", "volume", "instrument")
TARGETS = ("time", "instrument", "target")
MARKET = flat(100, 101, 102, 103)


def bare(*names, kind=pl.String):
    """What a header alone is read as, by Polars and by pyarrow."""
    return pl.DataFrame(schema=dict.fromkeys(names, kind))


def written(path, *names):
    """A file of a header alone."""
    if path.suffix == ".parquet":
        bare(*names).write_parquet(path)
    else:
        path.write_text(",".join(names) + "\n")
    return path


@pytest.mark.parametrize("name", ["c.csv", "c.parquet"])
@pytest.mark.parametrize("said", [{}, {"time_zone": "UTC"}, {"time_unit": "ms"}])
def test_a_header_alone_is_market_data_without_rows(tmp_path, name, said):
    """Whatever is said of times, which are not there."""
    path = written(tmp_path / name, *CANDLES)
    stream = bt.candles(path, interval="1h", **said)
    assert (stream.rows, list(stream.chunks({"a_usd": 0}))) == (0, [])
    assert [one.message for one in data.check(stream).warnings if one.code == "empty"] == [f"{name}: has no rows"]
    assert stream.fingerprint()["sha256"]
    with pytest.raises(DataError, match=f"{name}: has no rows, which would tell how long its candles are"):
        bt.candles(path, **said)


@pytest.mark.parametrize("kind", [pl.String, pl.Null, pl.Categorical])
@pytest.mark.parametrize(
    ("make", "names"),
    [
        (bt.trades, ("Date", "price", "qty", "side")),
        (bt.quotes, ("ts", "bid", "bid_size", "ask", "ask_size")),
        (data.book, ("time", "side", "price", "qty")),
        (data.book_orders, ("time", "action", "order_id", "side", "price", "qty")),
    ],
)
def test_columns_by_any_of_their_names(make, names, kind):
    assert make(bare(*names, kind=kind), instrument="a_usd").rows == 0
    assert make(bare(*names, kind=kind).lazy(), instrument="a_usd").rows == 0


def test_a_lazy_frame_is_not_collected_for_that():
    time = pl.Datetime("ns", "UTC")
    frame = pl.LazyFrame({"time": [1], "price": [1.0], "amount": [1.0], "instrument": ["a"]})
    stream = bt.trades(frame.with_columns(pl.col("time").cast(time).map_batches(_never, return_dtype=time)))
    with pytest.raises(Exception, match="rows are needed"):
        _ = stream.rows


def _never(column):
    raise AssertionError("rows are needed")


def test_a_month_without_trades_is_one_of_several(tmp_path):
    path = written(tmp_path / "feb.csv", "time", "price", "amount")
    row = pl.DataFrame({"time": pl.Series([1], dtype=pl.Datetime("ns", "UTC")), "price": [1.0], "amount": [1.0]})
    assert bt.trades([row, path], instrument="a_usd").frame().collect().height == 1


def test_a_run_needs_rows(tmp_path):
    stream = bt.trades(written(tmp_path / "t.csv", "time", "price", "amount"), instrument="a_usd")
    with pytest.raises(ConfigError, match=r"the market data has no rows: t\.csv"):
        bt.Simulation(stream, A, balances={"usd": 1})


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_a_file_with_nothing_in_it_has_no_columns(tmp_path, text):
    plain, packed = tmp_path / "t.csv", tmp_path / "p.csv.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        with pytest.raises(DataError, match=f"{path.name}: there is nothing in the file, not even a header"):
            bt.candles(path)
        named = data.read_csv(path, names=["when", "price"], columns={"when": "time_exchange"})
        assert dict(named.schema) == {"time_exchange": pl.Datetime("ns", "UTC"), "price": pl.Float64}


def test_a_directory_without_files(tmp_path):
    with pytest.raises(ConfigError, match="the directory is empty"):
        bt.candles(tmp_path)
    written(tmp_path / "c.csv", *CANDLES)
    with pytest.raises(ConfigError, match="give its files as a list"):
        bt.candles(tmp_path)


@pytest.mark.parametrize("kind", [pl.String, pl.Null])
@pytest.mark.parametrize(
    "strategy",
    [
        lambda kind: bt.Signals(bare(*TARGETS, kind=kind)),
        lambda kind: bt.Signals(bare(*TARGETS, "stop_loss", kind=kind), rebalance="on_change"),
        lambda kind: bt.Signals(bare("time", "a_usd", kind=kind)),
        lambda kind: bt.Signals(pd.DataFrame(columns=TARGETS)),
        lambda kind: bt.Schedule(bare(*TARGETS, kind=kind)),
        lambda kind: bt.Schedule(bare("time", "instrument", "action", "quantity", "price", "good_till", kind=kind)),
    ],
)
def test_no_targets_and_no_orders(strategy, kind):
    assert run(MARKET, strategy(kind)).warnings == ["no order was sent"]


@pytest.mark.parametrize("kind", [pl.String, pl.Null])
def test_no_commands(kind):
    assert bt.Commands(bare("time", "command", "instrument", "quantity", kind=kind)).frame.height == 0
    run(MARKET, bt.Signals(pl.lit(0.0)), commands=bt.Commands(bare("time", "command", kind=kind)))


@pytest.mark.parametrize("name", ["f.csv", "f.parquet"])
@pytest.mark.parametrize(
    ("make", "names"),
    [
        (data.funding, ("time", "instrument", "rate")),
        (data.dividends, ("time", "instrument", "amount", "pay_date", "withholding")),
        (data.cash_flows, ("time", "asset", "amount", "reason")),
        (data.deposits, ("time", "asset", "amount")),
        (data.splits, ("time", "instrument", "ratio")),
        (data.margin_transfers, ("time", "instrument", "amount")),
        (data.settlement_prices, ("time", "instrument", "price")),
        (data.assignments, ("time", "instrument", "quantity")),
    ],
)
def test_no_cash_flows(tmp_path, make, names, name):
    assert make(written(tmp_path / name, *names)).frame.height == 0


@pytest.mark.parametrize("names", [("time", "instrument"), ("time", "instrument", "price")])
def test_nothing_is_delisted(tmp_path, names):
    path = written(tmp_path / "d.csv", *names)
    assert [one.expiry for one in data.delisted([A], path)] == [None]


def test_no_sessions_no_rates_and_no_changes_of_symbols(tmp_path):
    """What needs rows says so."""
    with pytest.raises(DataError, match="no sessions"):
        data.sessions(written(tmp_path / "s.csv", "open", "close"))
    with pytest.raises(DataError, match="rate of usd/eur has no row"):
        bt.Simulation(MARKET, A, balances={"usd": 1}, rates={"usd/eur": written(tmp_path / "r.csv", "time", "rate")})
    rows = pl.DataFrame({"time": pl.Series([1], dtype=pl.Datetime("ns", "UTC")), "instrument": ["fb"]})
    changes = written(tmp_path / "c.csv", "time", "before", "after")
    assert data.rename_symbols(rows, changes, time="time")["instrument"].to_list() == ["fb"]
