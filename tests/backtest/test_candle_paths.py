"""Between what figures lie on all paths of candles: in Python, of a saved run, on its page, at the command line."""

import json

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.run_directory import read
from barter_bt.cli import main
from barter_bt.errors import ConfigError
from barter_bt.statistic import FIGURES
from barter_bt.statistic.ranges import RANGES, shown_ranges
from barter_bt.testing import bars, schedule

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
PATHS = ("pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive")
ROWS = bars(100, 100, (100, 110, 90, 100), 100)
BOTH = schedule({"at": 60, "buy": 1, "stop_loss": 95, "take_profit": 108})
OPTIONS = {"balances": {"usd": 1_000}, "interpret": True}

CONFIG = """
[run]
interpret = true
{key}

[[data]]
kind = "candles"
path = "rows.parquet"

[[instruments]]
exchange = "x"
name = "a_usd"
price_increment = 1
quantity_increment = 1

[balances]
usd = 1_000

[strategy]
object = "mine.py:Once"
"""
STRATEGY = """
import barter_bt as bt

class Once:
    wake = "bar_close"
    bought = False

    def generate_algo_orders(self, state):
        if self.bought:
            return [], []
        self.bought = True
        return [], [bt.OrderRequest("a_usd", {quantity}, stop_loss=95, take_profit=108)]
"""


class Once:
    """Buys once, and remembers that it has."""

    wake = "bar_close"
    bought = False

    def generate_algo_orders(self, state):
        if self.bought:
            return [], []
        self.bought = True
        return [], [bt.OrderRequest("a_usd", 1, stop_loss=95, take_profit=108)]


def test_ranges_are_those_of_the_runs():
    paths = bt.compare_candle_paths(ROWS, A, BOTH, **OPTIONS)
    assert tuple(paths.runs) == PATHS
    assert dict(paths.ranges.schema) == RANGES
    figures = paths.figures
    for figure, low, run_low, high, run_high, defined in paths.ranges.iter_rows():
        values = figures[figure].cast(pl.Float64)
        assert (low, high, defined) == (values.min(), values.max(), values.drop_nulls().len())
        for value, name in ((low, run_low), (high, run_high)):
            assert figures.filter(pl.col("run") == name)[figure].cast(pl.Float64)[0] == value
    ends = paths.ranges.filter(figure="total_return").row(0)
    assert (ends[2], ends[4]) == ("pessimistic", "optimistic")


def test_only_some_paths_and_each_with_a_strategy_of_its_own():
    paths = bt.compare_candle_paths(ROWS, A, Once(), paths=PATHS[:2], **OPTIONS)
    assert [run.orders.height for run in paths.runs.values()] == [3, 3]
    assert [run.equity["equity"][-1] for run in paths.runs.values()] == [995, 1008]


@pytest.mark.parametrize("paths", ["optimistic", ()])
def test_no_list_of_paths(paths):
    with pytest.raises(ConfigError, match="it must be a list of candle paths"):
        bt.compare_candle_paths(ROWS, A, BOTH, paths=paths, **OPTIONS)


def test_a_strategy_that_cannot_be_copied(tmp_path):
    strategy = Once()
    strategy.file = (tmp_path / "log").open("w")
    with strategy.file, pytest.raises(ConfigError, match="cannot be copied for each run"):
        bt.compare_candle_paths(ROWS, A, strategy, **OPTIONS)


def test_an_unknown_path():
    with pytest.raises(ConfigError, match="candle_path is 'best'"):
        bt.compare_candle_paths(ROWS, A, BOTH, paths=["best"], **OPTIONS)


def test_what_is_shown_is_what_differs():
    paths = bt.compare_candle_paths(ROWS, A, BOTH, **OPTIONS)
    shown = shown_ranges(paths.ranges, every=True)
    differs = paths.ranges.filter(pl.col("low") != pl.col("high"))
    assert len(shown) == differs.height
    assert ("Total return", "-0.50 %", "pessimistic", "0.80 %", "optimistic") in shown
    key = [name for name in differs["figure"] if FIGURES[name].key]
    assert len(shown_ranges(paths.ranges)) == len(key) < len(shown)


@pytest.fixture
def config(tmp_path):
    """A function that writes a configuration with a key of its section run."""
    rows = [(60 * k, 60 * (k + 1), 100.0, 110.0 - 10 * (k != 2), 100.0 - 10 * (k == 2), 100.0) for k in range(4)]
    names = ("time_open", "time_exchange", "open", "high", "low", "close")
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.from_epoch("time_open").cast(pl.Datetime("ns", "UTC")),
        pl.from_epoch("time_exchange").cast(pl.Datetime("ns", "UTC")),
        volume=pl.lit(9.0),
        instrument=pl.lit("a_usd"),
    )
    frame.write_parquet(tmp_path / "rows.parquet")

    def made(key="", quantity=1):
        (tmp_path / "mine.py").write_text(STRATEGY.format(quantity=quantity))
        path = tmp_path / "run.toml"
        path.write_text(CONFIG.format(key=key))
        return str(path)

    return made


@pytest.mark.parametrize(("key", "words"), [("candle_ranges = true", []), ("", ["--candle-ranges"])])
def test_the_command_line_keeps_and_tells_the_ranges(config, tmp_path, capsys, key, words):
    out = str(tmp_path / "out")
    assert main(["backtest", config(key), "--out", out, "--quiet", "--no-plot", *words]) == 0
    told = capsys.readouterr().out
    assert "On all paths of candles" in told
    saved = read(out)
    low, high = saved.ranges.filter(figure="total_return").row(0)[1:4:2]
    assert low < high
    assert main(["show", out]) == 0
    assert "On all paths of candles" in capsys.readouterr().out
    assert main(["show", out, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["ranges"]
    assert {"figure": "total_return", "low": low} == {name: rows_of(rows)[name] for name in ("figure", "low")}
    assert main(["report", out, "--json"]) == 0
    assert rows_of(json.loads(capsys.readouterr().out)["ranges"])["high"] == high


@pytest.mark.parametrize(("path", "equity"), [("optimistic", 1_008), ("pessimistic", 995)])
def test_a_file_says_the_path(config, tmp_path, capsys, path, equity):
    out, file = str(tmp_path / "out"), config()
    with open(file, "a") as more:
        more.write(f'\n[venues.x]\ncandle_path = "{path}"\n')
    assert main(["backtest", file, "--out", out, "--quiet", "--no-plot"]) == 0
    assert read(out).equity["equity"][-1] == equity
    assert f"candle_path='{path}' took" in capsys.readouterr().err


def rows_of(rows):
    """That of the total return."""
    return next(row for row in rows if row["figure"] == "total_return")


def test_what_depends_on_no_path_is_said_in_words(config, tmp_path, capsys):
    out = str(tmp_path / "out")
    path = config("candle_ranges = true")
    (tmp_path / "mine.py").write_text(STRATEGY.format(quantity=1).replace("stop_loss=95, ", ""))
    assert main(["backtest", path, "--out", out, "--quiet", "--no-plot"]) == 0
    assert "none of these depends on the path of candles" in capsys.readouterr().out


def test_without_it_there_are_none(config, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["backtest", config(), "--out", out, "--quiet", "--no-plot"]) == 0
    assert read(out).ranges is None
    assert "paths of candles" not in capsys.readouterr().out


def test_the_page_shows_them(tmp_path):
    pytest.importorskip("bokeh", reason="the page needs Bokeh")
    paths = bt.compare_candle_paths(ROWS, A, BOTH, **OPTIONS)
    page = paths.runs["pessimistic"].report(tmp_path / "a.html", ranges=paths.ranges).read_text("utf-8")
    assert "What candles do not tell" in page
    assert "<td>Total return</td>" in page
    same = bt.compare_candle_paths(bars(100, 100), A, BOTH, **OPTIONS)
    page = same.runs["adaptive"].report(tmp_path / "b.html", ranges=same.ranges).read_text("utf-8")
    assert "No figure depends on the path of candles" in page
    assert "What candles do not tell" not in same.runs["adaptive"].report(tmp_path / "c.html").read_text("utf-8")
