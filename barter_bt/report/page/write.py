"""From a run to the page's file, and to the same facts as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.report.canvas import Look, look_of
from barter_bt.report.page.html import writable, write_html
from barter_bt.report.page.tables import figures_table, tables_of
from barter_bt.statistic.benchmark import Benchmark
from barter_bt.statistic.curve import curve_of
from barter_bt.statistic.drawdown import drawdown_table
from barter_bt.statistic.figure import show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.flows import flows_by
from barter_bt.statistic.part import figures_by
from barter_bt.statistic.ranges import shown_ranges
from barter_bt.statistic.resampled import CONFIDENCE, CURVES, bootstrap
from barter_bt.statistic.season import returns_by
from barter_bt.statistic.sessions import NO_SESSIONS, by_session
from barter_bt.statistic.summary import Summary, summarise
from barter_bt.statistic.tables import Tables

_CARDS = (
    "total_return", "annual_return", "volatility", "sharpe", "sortino", "max_drawdown",
    "calmar", "trades", "win_rate", "profit_factor", "fees", "exposure",
)  # fmt: skip


def write_page(
    run: Tables,
    path: str | Path,
    *,
    title: str | None = None,
    benchmark: Benchmark | None = None,
    benchmark_name: str = "benchmark",
    window: int | None = None,
    style: Look = "light",
    manifest: Mapping[str, Any] | None = None,
    ranges: pl.DataFrame | None = None,
    **options: Any,
) -> Path:
    """Write one page that needs nothing else: no network, no other file.

    Parameters
    ----------
    run
        A finished run, or one read back from its directory.
    path
        The file to write, replaced if it is there.
    title
        Its heading.
    benchmark
        Another run, or marks in the reporting asset, as for :func:`~barter_bt.statistic.summary.summarise`.
    benchmark_name
        What the page calls it.
    window
        Returns in the window of the rolling Sharpe ratio.
    style
        "light" or "dark".
    manifest
        What stands below "Configuration"; by default the run's configuration.
    ranges
        Between what each figure lies on other paths of candles, as
        :attr:`barter_bt.backtest.compare.Comparison.ranges` says.
    options
        As for :func:`~barter_bt.statistic.summary.summarise`.

    Raises
    ------
    MissingPackageError
        Bokeh is not installed (the extra ``report``).
    ConfigError
        The file's directory does not exist.
    """
    target = writable(path)
    from barter_bt.report.page.interactive import Charts

    look = look_of(style)
    summary = summarise(run, benchmark=benchmark, **options)
    charts = Charts(run, benchmark, benchmark_name, window, style, options).all()
    told = dict(manifest or run.config)
    return write_html(
        target,
        "page.html",
        charts,
        title=title or " + ".join(getattr(run, "strategies", None) or ["Backtest"]),
        look=look,
        strategies=" + ".join(getattr(run, "strategies", None) or []),
        traded=_traded(run),
        summary=summary,
        cards=[(summary.label(n), show(summary[n], FIGURES[n].unit), FIGURES[n].definition) for n in _CARDS],
        sections=_sections(summary),
        tables=tables_of(run, options),
        intervals=_intervals(run, options),
        ranges=None if ranges is None else shown_ranges(ranges, every=True),
        curves=CURVES,
        confidence=CONFIDENCE,
        digest=run.digest,
        data=told.get("data") or [],
        warnings=told.get("warnings") or [],
        partial=bool(told.get("partial")),
        config=json.dumps(told, indent=2, ensure_ascii=False, default=str),
    )


def facts(
    run: Tables, *, benchmark: Benchmark | None = None, ranges: pl.DataFrame | None = None, **options: Any
) -> dict[str, Any]:
    """Tell what stands on the page as values for JSON: figures with definitions, parts, drawdowns, months."""
    summary = summarise(run, benchmark=benchmark, **options)
    return {
        "digest": run.digest,
        "summary": summary.to_dict(),
        "definitions": summary.explain().select("figure", "unit", "formula", "source", "counted", "sample").to_dicts(),
        "by_instrument": _rows(figures_by(run, "instrument", **options)),
        "by_strategy": _rows(figures_by(run, "strategy", **options)),
        "by_asset": _rows(figures_by(run, "asset", **options)),
        "cash_flows": _rows(flows_by(run)),
        "sessions": _sessions(run),
        "drawdowns": _rows(drawdown_table(curve_of(run.equity), 10)),
        "months": _rows(returns_by(run, "month", options.get("time_zone"))),
        "intervals": _rows(bootstrap(run, **options)),
        "ranges": None if ranges is None else _rows(ranges),
    }


def _sessions(run: Tables) -> list[dict[str, Any]]:
    """The account at the closes of sessions, by calendar."""
    given: pl.DataFrame = getattr(run, "sessions", pl.DataFrame(schema=NO_SESSIONS))
    names = given["calendar"].unique(maintain_order=True)
    return [{"calendar": name, **row} for name in names for row in _rows(by_session(run, name))]


def _traded(run: Tables) -> str:
    """What was traded, in words."""
    names = sorted(run.trades["instrument"].cast(pl.String).unique())
    few = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    fills = "1 fill" if run.trades.height == 1 else f"{run.trades.height:,} fills"
    return f"{fills} of {few}" if names else "nothing was traded"


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(frame.write_json())
    return found


def _sections(summary: Summary) -> dict[str, list[dict[str, Any]]]:
    names = dict.fromkeys(figure.section for figure in FIGURES.values())
    found = {name: figures_table(summary, name) for name in names}
    return {name: rows for name, rows in found.items() if rows}


def _intervals(run: Tables, options: Mapping[str, Any]) -> list[list[str]]:
    """Label, value, low and high of confidence intervals as text, where they are known."""
    table = bootstrap(run, **options).drop_nulls()
    return [
        [FIGURES[name].label.replace(" ({per})", ""), *(show(each, FIGURES[name].unit) for each in (value, low, high))]
        for name, value, low, high, _ in table.iter_rows()
    ]
