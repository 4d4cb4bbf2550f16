"""The page about a sweep: it says what the sweep says, and its clicks find the curves of runs."""

import json
import re

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.research.linked import linked_charts
from barter_bt.statistic.curve import curve_of

pytest.importorskip("bokeh", reason="the page needs Bokeh")
BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001", quantity_increment="0.001")


def crossing(fast, slow=20, share=1.0):
    mean = pl.col("close").rolling_mean
    return bt.Signals((mean(fast) > mean(slow)) * share)


@pytest.fixture(scope="module")
def simulation():
    prices = bt.data.candles(bt.data.generate.candles(800, instrument="btc_usd", seed=4))
    return bt.Simulation(prices, BTC, balances={"usd": 10_000}, interpret=True)


@pytest.fixture(scope="module")
def found(simulation):
    return bt.sweep(simulation, crossing, over=bt.grid(fast=(3, 5, 8), slow=(20, 30)), objective="total_return")


def test_it_says_what_the_sweep_says(found, tmp_path):
    text = found.report(tmp_path / "page.html", title="A <sweep>", curves=2).read_text("utf-8")
    assert "A &lt;sweep&gt;" in text
    assert found.digest in text
    assert "Equity is there of the best 2 of 6 sets." in text
    assert text.count("<tr>") >= 2 * 6
    assert not re.search(r"<script[^>]*\ssrc=", text), "it needs no network"


def test_a_click_finds_the_equity_of_the_best_set_of_its_cell(found, simulation):
    """Axes are ranks of values, a cell holds the mean of its sets, and the curves are those of runs."""
    sets = bt.grid(fast=(3, 5, 8), slow=(20, 30), share=(0.5, 1.0))
    several = bt.sweep(simulation, crossing, over=sets, objective="total_return")
    rows = several.ranked()
    curves = {int(row["set"]): curve_of(several.run({name: row[name] for name in several.parameters}).equity)
              for row in rows.head(4).rows(named=True)}  # fmt: skip
    from barter_bt.report.canvas import look_of

    charts = linked_charts(several.by_set, several.parameters, "total_return", "Total return", curves, look_of("light"))
    (field,) = [each for each in charts["Total return"].renderers if "told" in each.data_source.data]
    data = field.data_source.data
    for x, y, value, best in zip(data["x"], data["y"], data["value"], data["set"], strict=True):
        cell = several.frame.filter((pl.col("fast") == (3, 5, 8)[x]) & (pl.col("slow") == (20, 30)[y]))
        assert value == pytest.approx(cell["total_return"].mean(), rel=1e-12)
        assert best == cell.sort("total_return", descending=True)["set"][0]
    (callback,) = field.data_source.selected.js_property_callbacks["change:indices"]
    kept = callback.args["curves"]
    assert list(kept) == [str(number) for number in curves]
    for number, curve in curves.items():
        time, equity = kept[str(number)]
        assert (time[0], equity[-1]) == (curve.times[0] / 1e6, round(float(curve.money[-1]), 6))
    json.dumps(kept)


def test_with_folds_the_equity_is_that_of_the_tests_put_together(simulation, tmp_path):
    folds = bt.research.walk_forward(*simulation.span, train="4h", test="3h")
    folded = bt.sweep(simulation, crossing, over={"fast": (3, 5)}, folds=folds, objective="total_return")
    text = folded.report(tmp_path / "page.html").read_text("utf-8")
    assert "Chosen in training" in text
    assert "tests put together" in text
    assert "A click on a cell" not in text


def test_what_was_read_from_a_file_has_no_curves(found, tmp_path):
    found.save(tmp_path / "a.parquet")
    text = bt.Sweep.read(tmp_path / "a.parquet").report(tmp_path / "a.html").read_text("utf-8")
    assert "read from a file" in text


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("no/page.html", {}, "does not exist"),
        ("page.png", {}, "must end in .html"),
        ("page.html", {"curves": -1}, "0 or more"),
        ("page.html", {"objective": "sharp"}, "no figure 'sharp'"),
    ],
)
def test_what_cannot_be_written_is_refused(found, tmp_path, path, options, message):
    with pytest.raises(ConfigError, match=message):
        found.report(tmp_path / path, **options)
