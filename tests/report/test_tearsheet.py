"""The picture of a run."""

import sys

import matplotlib
import polars as pl
import pytest
from matplotlib.figure import Figure

from barter_bt.errors import ConfigError, EngineError
from barter_bt.report.series import most_traded
from barter_bt.report.tearsheet import plot
from tests.statistic.fakes import FakeRun, crossing_run

matplotlib.use("agg")


@pytest.fixture(scope="module")
def run():
    return crossing_run(2000, 20)


def prices_of(run):
    return run.equity.select("time", pl.lit("btc_usd").alias("instrument"), price=pl.col("equity") / 10)


@pytest.mark.parametrize("style", ["light", "dark"])
def test_a_picture_is_saved(run, tmp_path, style):
    figure = plot(run, tmp_path / "a.png", benchmark=run.equity, prices=prices_of(run), style=style)
    assert isinstance(figure, Figure)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_panels_say_what_they_show(run):
    price, equity, drawdown = plot(run, benchmark=run.equity, prices=prices_of(run)).axes
    assert price.get_title("left") == "btc_usd on xsim"
    assert [text.get_text() for text in price.get_legend().get_texts()] == ["price", "buy (10)", "sell (10)"]
    assert [text.get_text() for text in equity.get_legend().get_texts()] == ["buy and hold", "strategy"]
    assert drawdown.get_title("right").startswith("deepest -")


def test_prices_come_from_the_run_if_it_has_them(run):
    run = crossing_run(2000, 20)
    run.prices = lambda: prices_of(run)
    labels = [text.get_text() for text in plot(run).axes[0].get_legend().get_texts()]
    assert labels[0] == "price"


def test_without_prices_the_fills_are_joined(run):
    labels = [text.get_text() for text in plot(run).axes[0].get_legend().get_texts()]
    assert labels[0] == "own fills"


def test_the_benchmark_starts_where_equity_starts(run):
    doubled = run.equity.with_columns(pl.col("equity") * 2)
    lines = {line.get_label(): line for line in plot(run, benchmark=doubled).axes[1].get_lines()}
    assert lines["buy and hold"].get_ydata()[0] == lines["strategy"].get_ydata()[0]


def test_a_run_without_trades_or_equity_is_drawn_too(tmp_path):
    plot(FakeRun(), tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 0


def test_no_global_figure_is_left(run):
    plot(run)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_many_rows_become_few_points():
    figure = plot(crossing_run(300_000, 5000))
    assert max(len(line.get_xdata()) for axes in figure.axes for line in axes.get_lines()) <= 4000


def test_unknown_style_is_refused(run):
    with pytest.raises(ConfigError, match="allowed: light, dark"):
        plot(run, style="blue")


def test_of_equals_the_first_by_name_is_drawn():
    trades = pl.DataFrame({"exchange": ["b", "a"], "instrument": ["x_usd", "y_usd"]})
    assert most_traded(trades) == ("a", "y_usd")
    assert most_traded(trades.clear()) is None


def test_a_full_disk_leaves_the_older_picture(run, tmp_path, monkeypatch):
    """The newer one was cut when the disk was full."""
    plot(run, tmp_path / "a.png")
    older = (tmp_path / "a.png").read_bytes()

    def cut(self, path, **_):
        path.write_bytes(older[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", cut)
    with pytest.raises(EngineError, match="a.png could not be written and is left as it was"):
        plot(run, tmp_path / "a.png", style="dark")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [older]


def test_a_picture_without_an_ending_is_a_png(run, tmp_path):
    plot(run, tmp_path / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
