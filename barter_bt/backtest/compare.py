"""Runs side by side: figures, curves, correlation, a test of their Sharpe ratios, and where two of them part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.backtest import paired
from barter_bt.backtest.difference import Difference, difference
from barter_bt.backtest.run_directory import SavedRun, read
from barter_bt.errors import ConfigError
from barter_bt.statistic.against import returns_together
from barter_bt.statistic.figure import show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.ranges import figure_ranges
from barter_bt.statistic.summary import Summary, side_by_side, summarise
from barter_bt.statistic.tables import Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from barter_bt.report.canvas import Look

SIDE_BY_SIDE = 6
_SHOWN = 20
_COLUMNS = {"time", "time_start", "run"}
_KEY_FIGURES = ("total_return", "annual_return", "sharpe", "max_drawdown", "trades", "fees")


def compare(runs: Sequence[Tables | str | Path] | Mapping[str, Tables | str | Path]) -> Comparison:
    """Compare runs: results, saved runs, and run directories, in any mixture.

    Nothing but their figures is read at first; curves and tables are read when something is asked that needs them.

    Parameters
    ----------
    runs
        The runs, or runs by name. A directory is called by its name, a result by its strategies; where that is not
        enough to tell them apart, more of the path or a number is added.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        There are no runs, or a directory is not a run.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> slow, fast = (
    ...     bt.backtest(candles, btc, bt.strategy.builtin.SmaCross(*one), balances={"usd": 1_000}, interpret=True)
    ...     for one in ((20, 50), (5, 20))
    ... )
    >>> both = bt.compare({"slow": slow, "fast": fast})
    >>> both.figures["run"].to_list(), both.equity.columns
    (['slow', 'fast'], ['time', 'slow', 'fast'])
    >>> both.difference().same
    False
    """
    given = runs if isinstance(runs, Mapping) else dict(enumerate(_several(runs)))
    if not given:
        raise ConfigError("there are no runs to compare", "give results or run directories")
    for name in _COLUMNS & {str(name) for name in given}:
        raise ConfigError(f"a run cannot be called {name!r}: that is a column of the tables", "choose another name")
    for key, run in given.items():
        if not (isinstance(run, str | Path) or hasattr(run, "reporting")):
            raise ConfigError(f"run {key!r} is {run!r:.60}", "give results, saved runs, or run directories")
    opened = {name: read(run) if isinstance(run, str | Path) else run for name, run in given.items()}
    if isinstance(runs, Mapping):
        return Comparison({str(name): run for name, run in opened.items()})
    return Comparison(dict(zip(_names(list(opened.values())), opened.values(), strict=True)))


class Comparison:
    """Runs side by side; made by :func:`compare`.

    Parameters
    ----------
    runs
        By name, in order.
    """

    def __init__(self, runs: Mapping[str, Tables]) -> None:
        self.runs = dict(runs)

    @cached_property
    def summaries(self) -> dict[str, Summary]:
        """The figures of each run."""
        return {name: _summary(run) for name, run in self.runs.items()}

    @cached_property
    def figures(self) -> pl.DataFrame:
        """One row for each run: ``run``, then every figure that a summary has."""
        rows = [{"run": name, **one.to_dict()} for name, one in self.summaries.items()]
        return pl.DataFrame(rows, infer_schema_length=None)

    @cached_property
    def ranges(self) -> pl.DataFrame:
        """Between what each figure lies: see :func:`barter_bt.statistic.ranges.figure_ranges`."""
        return figure_ranges(self.summaries)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """All marks by ``time``, one column for each run; null where a run has no mark at a time."""
        return paired.joined(self._curves)

    @cached_property
    def returns(self) -> pl.DataFrame:
        """Returns of all runs between the same times; see :func:`barter_bt.statistic.against.returns_together`."""
        return returns_together(self._curves)

    @cached_property
    def correlation(self) -> pl.DataFrame:
        """Correlation of the returns: ``run`` and one column for each run."""
        return paired.correlation(self.returns)

    @cached_property
    def sharpe_tests(self) -> pl.DataFrame:
        """Each pair's difference in Sharpe ratio and its p-value, defined in :mod:`barter_bt.backtest.paired`."""
        return paired.sharpe_tests(self.returns)

    def difference(self) -> Difference:
        """Where the two runs part.

        Raises
        ------
        ConfigError
            There are not two runs.
        """
        if len(self.runs) != 2:
            raise ConfigError(
                f"there are {len(self.runs)} runs; a difference is that of two", "compare([a, b]).difference()"
            )
        (a, left), (b, right) = self.runs.items()
        return difference(left, right, (a, b))

    @property
    def _curves(self) -> dict[str, pl.DataFrame]:
        return {name: run.equity for name, run in self.runs.items()}

    def plot(self, ax: Axes | None = None, *, most: int = 12, style: Look = "light") -> Axes:
        """Draw the equity of all runs, each as a multiple of its start.

        Parameters
        ----------
        ax
            Where to draw; by default a new figure.
        most
            So many runs, those that end highest.
        style
            "light" or "dark".
        """
        from barter_bt.report.lines import plot_curves

        return plot_curves(self._curves, ax, most=most, style=style)

    def to_dict(self) -> dict[str, Any]:
        """Return everything for JSON; what needs the tables only for few runs, else None."""
        few = 1 < len(self.runs) <= SIDE_BY_SIDE
        return {
            "runs": [
                {"run": name, "directory": str(run.directory) if isinstance(run, SavedRun) else None}
                | {"digest": run.digest, "summary": self.summaries[name].to_dict()}
                for name, run in self.runs.items()
            ],
            "correlation": self.correlation.to_dicts() if few else None,
            "sharpe_tests": self.sharpe_tests.to_dicts() if few else None,
            "difference": self.difference().to_dict() if len(self.runs) == 2 else None,
        }

    def __repr__(self) -> str:
        if len(self.runs) <= SIDE_BY_SIDE:
            return f"{self._title}\n{side_by_side(self.summaries)}"
        rows = [["", *map(self._label, self._shown)]]
        rows += [[name, *self._cells(name)] for name in list(self.runs)[:_SHOWN]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows]
        rest = len(self.runs) - _SHOWN
        more = [f"  and {rest} more; all figures are in .figures"] if rest > 0 else []
        return "\n".join([self._title, *(f"  {'  '.join(line)}" for line in lines), *more])

    def _repr_html_(self) -> str:
        names = list(self.runs)[:_SHOWN]
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(
            f'<tr title="{escape(FIGURES[figure].definition)}">'
            f'<td style="text-align:left">{escape(self._label(figure))}</td>'
            + "".join(f"<td>{escape(self._show(name, figure))}</td>" for name in names)
            + "</tr>"
            for figure in FIGURES
            if any(getattr(self.summaries[name], figure, None) is not None for name in names)
        )
        title = f"<caption>{escape(self._title)}</caption>"
        return f"<table>{title}<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"

    @property
    def _title(self) -> str:
        assets = ", ".join(dict.fromkeys(run.reporting for run in self.runs.values()))
        return f"{len(self.runs)} run{'s' * (len(self.runs) > 1)} in {assets}"

    def _label(self, figure: str) -> str:
        return next(iter(self.summaries.values())).label(figure)

    @property
    def _shown(self) -> list[str]:
        return [name for name in _KEY_FIGURES if name in FIGURES]

    def _cells(self, run: str) -> list[str]:
        return [self._show(run, figure) for figure in self._shown]

    def _show(self, run: str, figure: str) -> str:
        return show(getattr(self.summaries[run], figure, None), FIGURES[figure].unit)


def _several(runs: Sequence[Tables | str | Path]) -> list[Tables | str | Path]:
    if isinstance(runs, str | Path) or hasattr(runs, "equity"):
        raise ConfigError("compare takes a list of runs, and this is one", "compare([a, b])")
    if not isinstance(runs, Iterable):
        raise ConfigError(f"runs is {runs!r:.60}", "compare([a, b]) or compare({name: run})")
    return list(runs)


def _summary(run: Any) -> Summary:
    """A saved run has its figures; a result makes them."""
    if isinstance(run, SavedRun):
        return run.figures
    return summarise(run)


def _names(runs: Sequence[Tables]) -> list[str]:
    """A name for each, all different: as short as they can be."""
    found: list[str] = []
    for depth in range(1, 4):
        found = [_name(run, depth) for run in runs]
        if len(set(found)) == len(found) and not _COLUMNS & set(found):
            return found
    numbers = {name: count(1) for name in found}
    often = Counter(found)
    return [f"{name} ({next(numbers[name])})" if often[name] > 1 or name in _COLUMNS else name for name in found]


def _name(run: Any, depth: int) -> str:
    if isinstance(run, SavedRun):
        return "/".join(run.directory.resolve().parts[-depth:])
    return " + ".join(getattr(run, "strategies", None) or ["run"])
