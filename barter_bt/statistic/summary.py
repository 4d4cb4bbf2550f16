"""The figures of a run in one record that prints itself and says what each figure means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html import escape
from numbers import Real
from typing import Any

import polars as pl

from barter_bt.errors import ConfigError, nearest
from barter_bt.statistic.benchmark import Benchmark, marks_of
from barter_bt.statistic.calendar import zone_of
from barter_bt.statistic.facts import Facts
from barter_bt.statistic.figure import Figure, Value, show
from barter_bt.statistic.figures import ALIASES, FIGURES, find
from barter_bt.statistic.interval import ACTUAL, interval_ns, per, sampling_ns
from barter_bt.statistic.sessions import closes_of
from barter_bt.statistic.tables import Tables
from barter_bt.statistic.undefined import first_return_undefined, why_undefined

_SHORT = timedelta(days=90)


class Summary(Mapping[str, Value]):
    """The figures of one run, by name and as attributes; ``None`` where a figure is not defined.

    Each is computed when it is first asked for. Fractions are fractions (0.05 is 5 %); times are cut to
    microseconds. :meth:`explain` says what a figure means; all definitions stand in ``docs/metrics.md``.

    Parameters
    ----------
    reporting
        The asset that money is in.
    figures
        Values by name.
    facts
        What other figures are computed from; without it they are undefined.

    Examples
    --------
    >>> figures = Summary("usd", {"equity_start": 100.0, "equity_end": 125.0, "total_return": 0.25, "trades": 2})
    >>> figures
    Summary in usd
      Equity at start  100.00
      Equity at end    125.00
      Total return    25.00 %
      Trades (fills)        2
    >>> figures.total_return
    0.25
    """

    def __init__(self, reporting: str, figures: Mapping[str, Value] | None = None, facts: Facts | None = None) -> None:
        self.reporting = reporting
        self._values = dict(figures or {})
        self._facts = facts

    def __getitem__(self, name: str) -> Value:
        if name not in self._values:
            figure = _figure(name)
            name = figure.name
            if name not in self._values:
                self._values[name] = None if self._facts is None else self._facts.value(figure)
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or find(name) is None:
            raise AttributeError(f"a summary has no figure {name!r}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(FIGURES)

    def __len__(self) -> int:
        return len(FIGURES)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *FIGURES]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # figures are made on demand

    def __getstate__(self) -> dict[str, Any]:
        return {"reporting": self.reporting, "_values": dict(self), "_facts": None}

    def label(self, name: str) -> str:
        """What a figure is called, with the interval that it is stated for."""
        return _figure(name).label.format(per=per(str(self["interval"] or ACTUAL)))

    def sample(self, name: str) -> int | None:
        """How many marks, returns, days, trades, positions or instruments a figure is computed from."""
        counted = _figure(name).sample
        if counted == "marks":
            return len(self._facts.curve.times) if self._facts and self._facts.curve else None
        if counted == "days":
            return len(self._facts.curve.days) if self._facts and self._facts.curve else None
        if counted == "instruments":
            return len(self._facts.market.held) if self._facts else None
        value = self["samples" if counted == "returns" else counted] if counted else None
        return value if isinstance(value, int) else None

    def why(self, name: str) -> str | None:
        """Why a figure is not defined; None where it has a value, and of figures without their run.

        Examples
        --------
        >>> import barter_bt as bt
        >>> prices = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
        >>> btc, never = bt.Instrument("x", "btc_usd"), bt.Signals(pl.lit(0.0))
        >>> run = bt.backtest(prices, btc, never, balances={"usd": 1_000}, interpret=True)
        >>> run.summary().why("win_rate"), run.summary().why("beta")
        ('no position was closed', 'there is no benchmark')
        """
        figure = _figure(name)
        return why_undefined(figure, self._facts) if self._facts is not None and self[figure.name] is None else None

    def explain(self, name: str | None = None) -> pl.DataFrame:
        """Say what figures mean: formula, source, period and sample, of one figure or of all.

        ``undefined`` says why one has no value.

        Examples
        --------
        >>> Summary("usd", {"sharpe": 1.5}).explain("sharpe")["source"].item()
        'Sharpe (1994)'
        """
        rows = [self._explained(FIGURES[each]) for each in ([_figure(name).name] if name else FIGURES)]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _explained(self, figure: Figure) -> dict[str, Any]:
        start, end = self["start"], self["end"]
        return {
            "figure": figure.name,
            "label": self.label(figure.name),
            "value": show(self[figure.name], figure.unit),
            "undefined": self.why(figure.name),
            "unit": self.reporting if figure.unit == "money" else figure.unit,
            "formula": figure.definition,
            "source": figure.source or None,
            "period": f"{show(start, 'time')} to {show(end, 'time')}" if start and end else None,
            "counted": figure.sample or None,
            "sample": self.sample(figure.name),
        }

    def to_dict(self) -> dict[str, str | int | float | None]:
        """Return the figures for JSON: times as ISO 8601 in UTC, durations in seconds.

        Examples
        --------
        >>> Summary("usd", {"duration": timedelta(minutes=1)}).to_dict()["duration"]
        60.0
        """
        return {"reporting": self.reporting, **{name: _plain(self[name]) for name in FIGURES}}

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> Summary:
        """Make a summary from what :meth:`to_dict` returned.

        Examples
        --------
        >>> figures = Summary("usd", {"duration": timedelta(minutes=1)})
        >>> Summary.from_dict(figures.to_dict()) == figures
        True
        """
        values: dict[str, Value] = {}
        for name in FIGURES.keys() & figures.keys():
            value, unit = figures[name], FIGURES[name].unit
            if value is not None and unit == "time":
                value = datetime.fromisoformat(value)
            elif value is not None and unit == "duration":
                value = timedelta(seconds=value)
            values[name] = value
        return cls(str(figures["reporting"]), values)

    def __repr__(self) -> str:
        return f"Summary in {self.reporting}\n{side_by_side({'': self})}{self._caution()}{self._terms()}"

    def _caution(self) -> str:
        """Lines under figures: that some are stated for much more time than there was, or need returns that are not."""
        lasted, lines = self["duration"], []
        if isinstance(lasted, timedelta) and per(str(self["interval"] or ACTUAL)) == "annual" and lasted < _SHORT:
            lines.append(f"(annual) figures are made of {show(lasted, 'duration')}: they say little about a year")
        curve = None if self._facts is None else self._facts.curve
        if curve is not None and (ruin := first_return_undefined(curve)) is not None:
            lines.append(f"{ruin}: figures that need every return are not defined")
        return "".join(f"\n  {line}" for line in lines)

    def _terms(self) -> str:
        """Lines under figures: the terms of margin that were in force, where anything is margined."""
        return "".join(f"\n  {line}" for line in ([] if self._facts is None else self._facts.margins))

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr title="{escape(figure.definition)}"><td style="text-align:left">{escape(self.label(name))}</td>'
            f'<td style="text-align:right">{escape(show(value, figure.unit))}</td></tr>'
            for name, figure in FIGURES.items()
            if figure.key and (value := self[name]) is not None
        )
        return f"<table><caption>Summary in {escape(self.reporting)}</caption><tbody>{body}</tbody></table>"


def side_by_side(summaries: Mapping[str, Summary], *, every: bool = False) -> str:
    """Write summaries side by side as a table of text, one column each; figures that none has are left out.

    Parameters
    ----------
    summaries
        By the heading of their column.
    every
        Every figure, under headings, not only those that are read first.

    Examples
    --------
    >>> print(side_by_side({"mine": Summary("usd", {"sharpe": 1.5}), "other": Summary("usd", {"trades": 1})}))
                             mine other
      Sharpe ratio (annual) 1.500     -
      Trades (fills)            -     1
    """
    rows: list[list[str]] = [["", *summaries]] if any(summaries) else []
    section = ""
    for name, figure in FIGURES.items():
        if not (figure.key or every):
            continue
        values = [each[name] for each in summaries.values()]
        if all(value is None for value in values):
            continue
        if every and section != figure.section:
            section = figure.section
            rows.append([section, *[""] * len(summaries)])
        label = next(iter(summaries.values())).label(name)
        rows.append(["  " * every + label, *(show(value, figure.unit) for value in values)])
    if not rows:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  " + " ".join([row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:]))]).rstrip() for row in rows
    )


def summarise(
    run: Tables,
    *,
    benchmark: Benchmark | None = None,
    sampling: str | None = None,
    interval: str = ACTUAL,
    risk_free: float = 0.0,
    time_zone: str | None = None,
) -> Summary:
    """Make the figures of a run, from its tables alone.

    Parameters
    ----------
    run
        A finished run, or one read back from its directory.
    benchmark
        Another run, a table with ``time`` and ``equity``, or a pandas Series with a ``DatetimeIndex`` (see
        :func:`~barter_bt.statistic.benchmark.marks_of`): alpha, beta and the like are against it.
    sampling
        Length between the samples that returns are made of, such as "1d" or "4h"; by default the longest of 1d, 1h,
        1m, 1s of which the run holds at least two. "session": at the closes of the run's trading sessions, and
        "session:XNYS" of one calendar, where it has several.
    interval
        What figures are stated for: "actual" (a year, with as many returns as were really there), "annual_252",
        "annual_365", "daily", or a length such as "30d".
    risk_free
        Rate of return without risk, per year, a fraction.
    time_zone
        Whose midnights days end at, such as "America/New_York"; by default that of the data if all of it declares the
        same, else UTC.

    Raises
    ------
    ConfigError
        ``sampling`` or ``interval`` is not a length of time, ``risk_free`` is not above -1, or there is no such zone.
    """
    yearly: Any = risk_free
    if not isinstance(yearly, Real) or not float(yearly) > -1:
        raise ConfigError(f"risk_free is {yearly!r}; it must be a number above -1", "a yearly rate of 3 % is 0.03")
    interval_ns(interval)
    if sampling is not None:
        sampling_ns(sampling)
        closes_of(run, sampling)
    if time_zone is not None:
        zone_of(run, time_zone)
    other = None if benchmark is None else marks_of(benchmark, zone_of(run, time_zone))
    options: dict[str, Any] = {"sampling": sampling, "interval": interval, "risk_free": risk_free}
    return Summary(run.reporting, facts=Facts(run, other, time_zone=time_zone, **options))


def _figure(name: str) -> Figure:
    figure = find(name)
    if figure is None:
        guess = nearest(name, [*FIGURES, *ALIASES])
        raise ConfigError(f"there is no figure {name!r}", f"did you mean {guess!r}?" if guess else None)
    return figure


def _plain(value: Value) -> str | int | float | None:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else value
