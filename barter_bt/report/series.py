"""The numbers behind pictures and pages: what is drawn, not how."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.statistic.activity import Activity
from barter_bt.statistic.extremes import extremes
from barter_bt.statistic.holdings import holdings
from barter_bt.statistic.market import closed_trips
from barter_bt.statistic.part import By
from barter_bt.statistic.tables import Floats, Integers, Tables, codes, floats, nanoseconds


class Line(NamedTuple):
    """Values at times, int64 nanoseconds and float64."""

    times: Integers
    values: Floats


class Excursions(NamedTuple):
    """Closed positions: how long they were held, what they made, and how far the price went meanwhile.

    Attributes
    ----------
    held
        Nanoseconds.
    pnl
        Realised PnL, net of fees, in the quote asset.
    adverse, favourable
        Furthest move of the price against and for the position from its average entry, a fraction of it, at least 0;
        NaN where no price is known.
    """

    held: Integers
    pnl: Floats
    adverse: Floats
    favourable: Floats


def most_traded(trades: pl.DataFrame) -> tuple[str, str] | None:
    """Find exchange and name of the instrument with most fills; of equals the first by name.

    Examples
    --------
    >>> most_traded(pl.DataFrame({"exchange": ["x"] * 3, "instrument": ["a_usd", "b_usd", "b_usd"]}))
    ('x', 'b_usd')
    """
    counts = trades.select(pl.col("exchange", "instrument").cast(pl.String)).group_by("exchange", "instrument").len()
    rows = counts.sort(["len", "exchange", "instrument"], descending=[True, False, False]).rows()
    return (rows[0][0], rows[0][1]) if rows else None


def fills_of(run: Tables, instrument: str | None) -> tuple[str, str, pl.DataFrame] | None:
    """Exchange, name and fills of an instrument, by default the most traded; None if nothing was traded.

    Raises
    ------
    ConfigError
        The instrument was not traded.
    """
    chosen = most_traded(run.trades)
    if chosen is None:
        return None
    exchange, name = chosen
    if instrument is not None and instrument != name:
        mine = run.trades.filter(pl.col("instrument").cast(pl.String) == instrument)
        if not mine.height:
            traded = ", ".join(run.trades["instrument"].cast(pl.String).unique().sort())
            raise ConfigError(f"{instrument!r} was not traded", f"traded were {traded}")
        exchange, name = str(mine["exchange"][0]), instrument
    mine = run.trades.filter(
        (pl.col("instrument").cast(pl.String) == name) & (pl.col("exchange").cast(pl.String) == exchange)
    )
    return exchange, name, mine


def market_line(run: Tables, instrument: str, prices: pl.DataFrame | None = None) -> Line | None:
    """The market's prices of an instrument for a line: those given, else the run's own; None where there are none."""
    if prices is None:
        own: Any = getattr(run, "prices_to_draw", None) or getattr(run, "prices", None)
        prices = own() if own is not None else None
    if prices is None:
        return None
    mine = prices.filter(pl.col("instrument").cast(pl.String) == instrument)
    return Line(nanoseconds(mine["time"]), floats(mine["price"])) if mine.height else None


def market_between(
    run: Tables, instrument: str, span_ns: tuple[int, int], prices: pl.DataFrame | None = None
) -> Line | None:
    """Every price of an instrument in a span of time that the run has, or those given."""
    pieces = [line for _, line in _pieces(run, [instrument], span_ns, prices)]
    if not pieces:
        return None
    times, values = (np.concatenate(each) for each in zip(*pieces, strict=True))
    order = np.argsort(times, kind="stable")
    return Line(times[order], values[order])


def _pieces(
    run: Tables, instruments: Collection[str], span_ns: tuple[int, int], prices: pl.DataFrame | None
) -> Iterator[tuple[str, Line]]:
    """Name and prices of instruments in a span of time, piece by piece, so that memory does not grow with them."""
    if prices is None and hasattr(run, "price_pieces"):
        for name, times, values in run.price_pieces(instruments, span_ns):
            yield name, Line(times, values)
        return
    for name in instruments:
        line = market_line(run, name, prices)
        if line is not None:
            inside = slice(*np.searchsorted(line.times, (span_ns[0], span_ns[1] + 1)))
            if len(line.times[inside]):
                yield name, Line(line.times[inside], line.values[inside])


def exposures(run: Tables) -> dict[str, Line]:
    """Notional held of each instrument after each of its fills (and splits), at the fill's price, negative if short."""
    found, named = {}, holdings(run).with_columns(pl.col("instrument").cast(pl.String))
    for (name,), changes in sorted(named.partition_by("instrument", as_dict=True).items()):
        change = floats(changes["change"])
        held = np.cumsum(change)
        held[np.abs(held) < 1e-10 * np.cumsum(np.abs(change))] = 0.0  # the rounding of public floats
        found[str(name)] = Line(nanoseconds(changes["time_exchange"]), held * floats(changes["worth"]))
    return found


def until_end(line: Line, run: Tables) -> Line:
    """The line with its last value until the end of the run: what was bought once and held is there to be seen."""
    if not run.equity.height or not len(line.times):
        return line
    end = max(nanoseconds(run.equity["time"])[-1], line.times[-1])
    return Line(np.append(line.times, end), np.append(line.values, line.values[-1]))


def pnl_by(run: Tables, by: By = "instrument") -> pl.DataFrame:
    """Sum of realised PnL, net of fees, by part: ``instrument`` (or ``by``), ``pnl``, ``positions``, the best first.

    Parts that hold money of several assets have none: amounts of different assets are not added.
    """
    if by != "instrument" and Activity(run).quote is None:
        return pl.DataFrame(schema={by: pl.String, "pnl": pl.Float64, "positions": pl.UInt32})
    closed = run.positions.group_by(pl.col(by).cast(pl.String)).agg(
        pnl=pl.col("pnl_realised").sum(), positions=pl.len()
    )
    return closed.sort("pnl", by, descending=[True, False])


def excursions(run: Tables, prices: pl.DataFrame | None = None) -> Excursions:
    """Measure closed positions against the prices given, else as the run's table of round trips does.

    A run without that table is measured against its own prices.
    Where these are only some of the market's prices, as those of a saved run, positions that were held for less than
    twenty times their spacing are left unknown.
    """
    trips = closed_trips(run) if prices is None else None
    if trips is not None:
        mae, mfe = (floats(trips[name]) for name in ("mae", "mfe"))
        return Excursions(trips["duration"].to_physical().to_numpy(), floats(trips["pnl"]), np.abs(mae), mfe)
    least = 20 * getattr(run, "prices_spacing_ns", 0) if prices is None else 0
    closed = run.positions
    enter, leave = nanoseconds(closed["time_enter"]), nanoseconds(closed["time_exit"])
    adverse, favourable = np.full(closed.height, np.nan), np.full(closed.height, np.nan)
    side, sides = codes(closed["side"])
    long = side == sides.index("buy") if "buy" in sides else np.zeros(len(side), bool)
    name, names = codes(closed["instrument"])
    known = leave - enter >= least
    if "price_entry_average" in closed.columns and known.any():
        low, high = np.full(closed.height, np.nan), np.full(closed.height, np.nan)
        of = {names[code]: np.flatnonzero((name == code) & known) for code in np.unique(name[known])}
        span_ns = int(enter[known].min()), int(leave[known].max())
        for piece, line in _pieces(run, list(of), span_ns, prices):
            mine = of[piece]
            mine = mine[(enter[mine] <= line.times[-1]) & (leave[mine] >= line.times[0])]
            below, above = extremes(line.times, line.times, line.values, line.values, enter[mine], leave[mine])
            low[mine], high[mine] = np.fmin(low[mine], below), np.fmax(high[mine], above)
        entry = floats(closed["price_entry_average"])
        down, up = 1.0 - low / entry, high / entry - 1.0
        adverse = np.maximum(np.where(long, down, up), 0.0)
        favourable = np.maximum(np.where(long, up, down), 0.0)
    return Excursions(leave - enter, floats(closed["pnl_realised"]), adverse, favourable)
