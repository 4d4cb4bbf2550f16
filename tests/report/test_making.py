"""Pictures of makers: what they show is what the tables say."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import report
from barter_bt.errors import ConfigError
from barter_bt.strategy.makers import GridMaker
from tests.engine.books import At, run, snapshot, streams
from tests.strategy.test_makers import make

PLOTS = [report.plot_inventory, report.plot_attribution, report.plot_markouts]


@pytest.fixture(scope="module")
def made():
    return make(GridMaker(1, 0.01, 0.01, levels=2), fees=bt.Fees(maker="-0.001%"))


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_each_is_drawn_of_a_maker_and_of_nothing(plot, style, made):
    nothing = run(streams([snapshot(1, [(99, 5)], [(101, 5)])]), At({}))
    for one in (made, nothing):
        axes = plot(one, style=style)
        axes.figure.draw_without_rendering()
        assert axes.get_title("left")
    own = plot(made).figure.add_subplot()
    assert plot(made, own) is own


def test_the_steps_of_the_attribution_end_at_the_pnl(made):
    bars = report.plot_attribution(made).patches
    table = made.attribution()
    expected = [table[name][0] for name in ("spread", "inventory", "rebates", "pnl")]
    assert [bar.get_height() for bar in bars] == pytest.approx(expected)
    assert bars[1].get_y() == bars[0].get_height()
    assert bars[-1].get_y() == 0.0
    assert bars[2].get_y() + bars[2].get_height() == pytest.approx(table["pnl"][0])


def test_the_inventory_is_the_sum_of_the_fills(made):
    (drawn,) = [line for line in report.plot_inventory(made).get_lines() if len(line.get_xdata()) > 2]
    side = pl.when(pl.col("side").cast(pl.String) == "buy").then(1).otherwise(-1)
    held = made.trades.select((side * pl.col("quantity")).sum()).item()
    assert drawn.get_ydata()[-1] == pytest.approx(held, abs=1e-9)


def test_a_markout_begins_at_the_spread(made):
    line = report.plot_markouts(made, horizons=["1s", "10s"]).get_lines()[0]
    table = made.markouts(["1s", "10s"])
    assert list(line.get_ydata()) == [table["spread"][-1], *table["markout"]]
    assert [label.get_text() for label in line.axes.get_xticklabels()] == ["before", "1 s", "10 s"]


def test_an_instrument_that_was_not_traded(made):
    with pytest.raises(ConfigError, match="'none' was not traded"):
        report.plot_attribution(made, instrument="none")
