"""The figures of a run in one frozen record that prints itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import numpy as np

from barter_bt.statistic.activity import count_status, held_ns, outcome, quote_asset
from barter_bt.statistic.curve import INTERVALS_NS, annual, max_drawdown, ratio, risk, sample_rows, sampling_interval
from barter_bt.statistic.definitions import FIGURES, Unit
from barter_bt.statistic.tables import Floats, Integers, Tables, floats, nanoseconds, total

Value = str | int | float | datetime | timedelta | None


@dataclass(frozen=True, repr=False)
class Summary:
    """The figures of one run; ``None`` where a figure is not defined.

    Every figure is defined in :data:`barter_bt.statistic.DEFINITIONS` under its name here. Fractions are
    fractions (0.05 is 5 %). ``start`` and ``end`` are cut to microseconds.

    Examples
    --------
    >>> Summary("usd", equity_start=100.0, equity_end=125.0, total_return=0.25, trades=2)
    Summary in usd
      Equity at start   100.00
      Equity at end     125.00
      Total return     25.00 %
      Orders                 0
      Orders filled          0
      Orders rejected        0
      Trades                 2
      Closed positions       0
    """

    reporting: str
    start: datetime | None = None
    end: datetime | None = None
    duration: timedelta | None = None
    sampling: str | None = None
    samples: int | None = None
    periods_per_year: float | None = None
    equity_start: float | None = None
    equity_end: float | None = None
    total_return: float | None = None
    annual_return: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    max_drawdown: float | None = None
    max_drawdown_duration: timedelta | None = None
    calmar: float | None = None
    orders: int = 0
    orders_filled: int = 0
    orders_rejected: int = 0
    trades: int = 0
    positions: int = 0
    win_rate: float | None = None
    profit_factor: float | None = None
    expectancy: float | None = None
    fees: float | None = None
    turnover: float | None = None
    exposure: float | None = None

    def to_dict(self) -> dict[str, str | int | float | None]:
        """Return the figures for JSON: times as ISO 8601 in UTC, durations in seconds.

        Examples
        --------
        >>> Summary("usd", duration=timedelta(minutes=1)).to_dict()["duration"]
        60.0
        """
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> Summary:
        """Make a summary from what :meth:`to_dict` returned.

        Examples
        --------
        >>> figures = Summary("usd", duration=timedelta(minutes=1))
        >>> Summary.from_dict(figures.to_dict()) == figures
        True
        """
        values: dict[str, Any] = {each.name: figures.get(each.name) for each in fields(cls)}
        for name, figure in FIGURES.items():
            if figure.unit == "time" and values[name] is not None:
                values[name] = datetime.fromisoformat(values[name])
            elif figure.unit == "duration" and values[name] is not None:
                values[name] = timedelta(seconds=values[name])
        return cls(**values)

    def __repr__(self) -> str:
        return f"Summary in {self.reporting}\n{compare({'': self})}"

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr title="{escape(figure.definition)}"><td style="text-align:left">{escape(figure.label)}</td>'
            f'<td style="text-align:right">{escape(show(value, figure.unit))}</td></tr>'
            for name, figure in FIGURES.items()
            if name != "reporting" and (value := getattr(self, name)) is not None
        )
        return f"<table><caption>Summary in {escape(self.reporting)}</caption><tbody>{body}</tbody></table>"


def compare(summaries: Mapping[str, Summary]) -> str:
    """Write summaries side by side as a table of text, one column each; figures that none has are left out.

    Parameters
    ----------
    summaries
        By the heading of their column.

    Examples
    --------
    >>> print(compare({"mine": Summary("usd", sharpe=1.5), "other": Summary("usd", trades=1)}))
                             mine other
      Sharpe ratio (annual) 1.500     -
      Orders                    0     0
      Orders filled             0     0
      Orders rejected           0     0
      Trades                    0     1
      Closed positions          0     0
    """
    rows = [["", *summaries]] if any(summaries) else []
    for name, figure in FIGURES.items():
        values = [getattr(each, name) for each in summaries.values()]
        if name != "reporting" and any(value is not None for value in values):
            rows.append([figure.label, *(show(value, figure.unit) for value in values)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(summaries) + 1)]
    return "\n".join(
        "  " + " ".join([row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:]))]).rstrip() for row in rows
    )


def summarise(run: Tables) -> Summary:
    """Compute all figures of a run, from its tables alone.

    Parameters
    ----------
    run
        A finished run, or one read back from its directory.

    Returns
    -------
    Summary
        See :data:`barter_bt.statistic.DEFINITIONS` for each figure.
    """
    equity = run.equity
    if equity["equity"].null_count():
        equity = equity.drop_nulls("equity")
    figures: dict[str, Any] = {"trades": run.trades.height, "positions": run.positions.height}
    mean: float | None = None
    if equity.height:
        times, values = nanoseconds(equity["time"]), floats(equity["equity"])
        mean = _of_curve(times, values, figures)
        figures["exposure"] = ratio(held_ns(run, int(times[0]), int(times[-1])), float(times[-1] - times[0]))
    figures["orders"] = run.orders.height
    figures["orders_filled"] = count_status(run.orders, "filled")
    figures["orders_rejected"] = count_status(run.orders, "rejected")
    _of_money(run, mean, figures)
    return Summary(run.reporting, **figures)


def _of_curve(times: Integers, values: Floats, figures: dict[str, Any]) -> float:
    """Put in the figures of the equity curve; returns the mean of its samples."""
    first, last = float(values[0]), float(values[-1])
    span_ns = int(times[-1] - times[0])
    sampling = sampling_interval(span_ns)
    samples = values[sample_rows(times, INTERVALS_NS[sampling])]
    growth = ratio(last, first) if first > 0 else None
    yearly = None if growth is None else annual(growth, span_ns)
    figures |= risk(samples, span_ns)._asdict()
    figures |= {
        "start": _moment(times[0]),
        "end": _moment(times[-1]),
        "duration": _length(span_ns),
        "sampling": sampling,
        "equity_start": first,
        "equity_end": last,
        "total_return": None if growth is None else growth - 1.0,
        "annual_return": yearly,
    }
    fall = max_drawdown(values)
    if fall is not None:
        figures["max_drawdown"] = fall.depth
        figures["max_drawdown_duration"] = _length(int(times[fall.row_end] - times[fall.row_peak]))
        figures["calmar"] = None if yearly is None else ratio(yearly, fall.depth)
    return total(samples) / len(samples)


def _of_money(run: Tables, equity_mean: float | None, figures: dict[str, Any]) -> None:
    """Put in the figures that add amounts of money, where they are amounts of one asset."""
    result = outcome(run.positions)
    figures["win_rate"] = result.win_rate
    quote = quote_asset(run)
    if quote is None:
        figures["fees"] = None if run.trades.height else 0.0
        return
    figures["profit_factor"], figures["expectancy"] = result.profit_factor, result.expectancy
    figures["fees"] = total(floats(run.trades["fees"]))
    if quote == run.reporting and equity_mean is not None and equity_mean > 0:
        figures["turnover"] = ratio(total(floats(run.trades["notional"])), equity_mean)


def show(value: Value, unit: Unit) -> str:
    """Write a figure as text for people.

    Examples
    --------
    >>> show(0.1234, "fraction"), show(1234.5, "money"), show(2, "count")
    ('12.34 %', '1,234.50', '2')
    """
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, timedelta):
        return str(value - timedelta(microseconds=value.microseconds)) if value >= timedelta(seconds=1) else str(value)
    if isinstance(value, float):
        match unit:
            case "fraction":
                return f"{value * 100:,.2f} %"
            case "money" if value and abs(value) < 1:
                return f"{value:.6g}"
            case "money":
                return f"{value:,.2f}"
            case _:
                return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _moment(time_ns: np.int64) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(time_ns) // 1000)


def _length(span_ns: int) -> timedelta:
    return timedelta(microseconds=span_ns // 1000)


def _plain(value: Value) -> str | int | float | None:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else value
