"""Parts of a run, each a run of its own: by instrument, strategy, exchange or asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.activity import Activity, plain
from barter_bt.statistic.curve import curve_of_run
from barter_bt.statistic.sessions import NO_SESSIONS
from barter_bt.statistic.summary import summarise
from barter_bt.statistic.tables import Tables

By = Literal["instrument", "strategy", "exchange", "asset"]
_EQUITY: Final[dict[str, Any]] = {"time": pl.Datetime("ns", "UTC"), "equity": pl.Float64}


@dataclass(frozen=True)
class Part:
    """A part of a run, with the same tables; see :func:`parts`."""

    orders: pl.DataFrame
    trades: pl.DataFrame
    positions: pl.DataFrame
    balances: pl.DataFrame
    equity: pl.DataFrame
    reporting: str
    config: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    splits: pl.DataFrame = field(default_factory=pl.DataFrame)
    sessions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NO_SESSIONS))


def parts(run: Tables, by: By, sampling: str | None = None, time_zone: str | None = None) -> dict[str, Part]:
    """Cut a run into parts.

    The equity of an instrument, a strategy or an exchange is that of an account that holds what the run held at its
    start, and whose positions are only those of the part: it moves by the realised PnL, net of fees, when a position
    is closed. It is empty where the quote asset is not the reporting asset. What is still open is not in it. A position
    is that of the strategy that opened it; the equity of strategies that traded the same instrument is empty, since
    what one made there cannot be told from what another did.

    The equity of an asset is the total of its balance, in that asset; it has no orders.

    All have marks at the samples of the run's own curve too, so that their returns are of the same times.

    Parameters
    ----------
    run
        The run.
    by
        "instrument", "strategy", "exchange" or "asset".
    sampling, time_zone
        Length between the samples, and whose days, as for :func:`~barter_bt.statistic.summary.summarise`.

    Raises
    ------
    ConfigError
        ``by`` is none of the four.
    """
    samples = _samples(run, sampling, time_zone)
    if by == "asset":
        return dict(_assets(run, samples))
    if by not in ("instrument", "strategy", "exchange"):
        raise ConfigError(f"by is {by!r}; allowed: instrument, strategy, exchange, asset")
    column = pl.col(by).cast(pl.String)
    names = pl.concat(one.select(column) for one in (run.orders, run.trades, run.positions)).unique().sort(by)
    tables = [
        {name: table for (name,), table in one.with_columns(column).partition_by(by, as_dict=True).items()}
        for one in (run.orders, run.trades, run.positions)
    ]
    empty = run.orders.clear(), run.trades.clear(), run.positions.clear()
    found = {}
    for name in names[by]:
        orders, trades, closed = (each.get(name, none) for each, none in zip(tables, empty, strict=True))
        part = Part(
            orders, trades, closed, run.balances.clear(), pl.DataFrame(schema=_EQUITY), run.reporting, run.config
        )
        part = replace(part, splits=_splits_of(run, trades), sessions=_sessions_of(run))
        found[name] = _with_equity(part, run, samples)
    return {name: _without_equity(part) for name, part in found.items()} if by == "strategy" and _shared(run) else found


def figures_by(run: Tables, by: By, **options: Any) -> pl.DataFrame:
    """Figures of each part of a run, one row each.

    Parameters
    ----------
    run
        The run.
    by
        "instrument", "strategy", "exchange" or "asset"; see :func:`parts`.
    options
        As for :func:`~barter_bt.statistic.summary.summarise`.
    """
    rows = [
        {by: name, **summarise(part, **options).to_dict()}
        for name, part in parts(run, by, options.get("sampling"), options.get("time_zone")).items()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _with_equity(part: Part, run: Tables, samples: pl.DataFrame) -> Part:
    marks = run.equity.drop_nulls("equity")
    if not marks.height or marks["equity"][0] <= 0 or Activity(part).quote not in (None, plain(run.reporting)):
        return part
    if part.trades.height and Activity(part).quote is None:
        return part
    start, end = marks["time"][0], marks["time"][-1]
    closed = part.positions.select(time=pl.col("time_exit").cast(_EQUITY["time"]), equity=pl.col("pnl_realised"))
    edges = pl.DataFrame({"time": [start], "equity": [float(marks["equity"][0])]}, schema=_EQUITY)
    last = pl.DataFrame({"time": [end], "equity": [0.0]}, schema=_EQUITY)
    closed = closed.with_columns(pl.col("time").clip(start, end))
    between = pl.concat([closed, samples.with_columns(equity=0.0)]).sort("time", maintain_order=True)
    curve = pl.concat([edges, between, last]).with_columns(pl.col("equity").cum_sum())
    return Part(**{**part.__dict__, "equity": curve})


def _splits_of(run: Tables, trades: pl.DataFrame) -> pl.DataFrame:
    """The splits of what a part traded."""
    splits: pl.DataFrame | None = getattr(run, "splits", None)
    if splits is None or not splits.height:
        return pl.DataFrame()
    names = [pl.col(name).cast(pl.String) for name in ("exchange", "instrument")]
    return splits.with_columns(names).join(trades.select(names).unique(), on=["exchange", "instrument"], how="semi")


def _sessions_of(run: Tables) -> pl.DataFrame:
    found: pl.DataFrame = getattr(run, "sessions", pl.DataFrame(schema=NO_SESSIONS))
    return found


def _without_equity(part: Part) -> Part:
    return Part(**{**part.__dict__, "equity": pl.DataFrame(schema=_EQUITY)})


def _shared(run: Tables) -> bool:
    """Whether two strategies traded one instrument."""
    pairs = run.trades.select("exchange", "instrument", "strategy").unique()
    return pairs.height > pairs.select("exchange", "instrument").unique().height


def _samples(run: Tables, sampling: str | None, time_zone: str | None) -> pl.DataFrame:
    """The times of the samples of the run's curve."""
    curve = curve_of_run(run, sampling=sampling, time_zone=time_zone)
    times = pl.Series("time", [] if curve is None else curve.times[curve.rows], pl.Int64)
    return pl.DataFrame({"time": times.cast(_EQUITY["time"])})


def _assets(run: Tables, samples: pl.DataFrame) -> Iterator[tuple[str, Part]]:
    names = run.balances.select(pl.col("exchange", "asset").cast(pl.String)).unique().sort("exchange", "asset").rows()
    once = len({asset for _, asset in names}) == len(names)
    for exchange, asset in names:
        mine = (pl.col("exchange").cast(pl.String) == exchange) & (pl.col("asset").cast(pl.String) == asset)
        rows = run.balances.filter(mine)
        equity = rows.select(time=pl.col("time_exchange").cast(_EQUITY["time"]), equity=pl.col("total"))
        known = samples.filter(pl.col("time") >= equity["time"].min()).join_asof(equity.sort("time"), on="time")
        equity = pl.concat([equity, known]).sort("time", maintain_order=True)
        none = run.orders.clear(), run.trades.clear(), run.positions.clear()
        yield (
            asset if once else f"{exchange}.{asset}",
            Part(*none, rows, equity, asset, run.config, sessions=_sessions_of(run)),
        )
