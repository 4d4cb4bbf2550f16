"""One look over all rows of market data: what is odd, where, how often, how bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import polars as pl

from barter_bt.data.inspection.by_book import MESSAGES, ORDERS, by_book, by_order
from barter_bt.data.inspection.by_price import by_price
from barter_bt.data.inspection.by_rule import by_rule
from barter_bt.data.inspection.by_time import by_time
from barter_bt.data.inspection.limits import Limits
from barter_bt.data.inspection.looks import LOOKS
from barter_bt.data.inspection.open_time import ALWAYS, Calendar, name_of, open_time
from barter_bt.data.inspection.overview import instruments, looks_at, times_of
from barter_bt.data.inspection.rows import FOUND, rows_of
from barter_bt.data.market import MarketData
from barter_bt.data.schema import BOOKS
from barter_bt.data.validate import check
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.data.stream import Stream

_KEYS = ("kind", "check", "column", "instrument")


@dataclass(frozen=True)
class Quality:
    """What :func:`quality` found. Nothing was mended.

    Attributes
    ----------
    frame
        A row for each check, column and instrument that something was found of: ``kind``, ``check``, ``column``,
        ``instrument``, ``count`` of rows, ``share`` of the instrument's rows, ``source``, ``row`` (from 0, in its
        source) and ``time`` of the first, and ``worst``, the value that is largest in size, in the check's ``unit``.
    rows
        Every row that a check found: ``kind``, ``check``, ``column``, ``instrument``, ``source``, ``row``, ``time``
        and ``value``.
    looks
        What was looked for: ``kind``, ``check``, ``count`` (null: it was not looked for), ``unit``, and ``what`` with
        its formula.
    instruments
        For each kind and instrument: ``rows``, ``time_first``, ``time_last``, and of its latency in seconds (arrival
        less exchange time; null without arrivals) ``latency_min``, ``latency_median`` and ``latency_max``.
    limits
        By which it was looked: the arguments of :func:`quality`, the calendar by name.
    repairs
        How many rows a repair of each kind mended before this look, where a stream has one.
    """

    rows: pl.DataFrame
    looks: pl.DataFrame
    instruments: pl.DataFrame
    limits: Mapping[str, str | float]
    repairs: Mapping[str, int]

    @property
    def frame(self) -> pl.DataFrame:
        """The table of findings."""
        order = {name: place for place, name in enumerate(LOOKS)}
        units = {name: look.unit for name, look in LOOKS.items()}
        worst = pl.col("value").sort_by(pl.col("value").abs(), nulls_last=False).last()
        place = pl.col("source", "row", "time").first()
        table = self.rows.group_by(_KEYS, maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("count"), place, worst.alias("worst")
        )
        heights = self.instruments.select("kind", "instrument", height="rows")
        table = table.join(heights, on=["kind", "instrument"], how="left", maintain_order="left", nulls_equal=True)
        table = table.with_columns(
            share=pl.col("count") / pl.col("height"),
            unit=pl.col("check").replace_strict(units, return_dtype=pl.String),
            _order=pl.col("check").replace_strict(order, return_dtype=pl.Int64),
        ).sort("kind", "_order", "column", "instrument")
        return table.select(*_KEYS, "count", "share", "source", "row", "time", "worst", "unit")

    def __str__(self) -> str:
        told = [f"{name}: {rows} row(s) repaired before this look" for name, rows in self.repairs.items()]
        for one in self.frame.iter_rows(named=True):
            worst = "" if one["worst"] is None else f", worst {one['worst']:.6g} {one['unit']}".rstrip()
            told.append(
                f"{one['kind']} of {one['instrument']}: {one['check']} ({one['column']}) in {one['count']:,} row(s), "
                f"{one['share']:.3%}, first in row {one['row']} of {one['source']} at {one['time']}{worst}"
            )
        return "\n".join(told) or f"nothing odd in {self.instruments['rows'].sum():,} rows"


def quality(
    data: Stream | MarketData | Sequence[Stream],
    *,
    calendar: Calendar | Mapping[str, Calendar] = ALWAYS,
    max_gap: str = "1h",
    outlier: float = 20.0,
    stale: str = "1h",
    stale_rows: int = 10,
    max_latency: str = "1m",
) -> Quality:
    """Look over all rows of market data, and tell what is odd about them; nothing is repaired.

    Beside what :func:`check` calls wrong, it looks for gaps, outliers, prices that stand still, candles and quotes
    without volume, crossed and locked quotes and books, equal rows, times out of order and clocks that disagree.
    Many findings are real events: a market that halts has gaps, one that crashes has outliers.

    Parameters
    ----------
    data
        A stream, several, or market data. Its rows are held in memory.
    calendar
        When the market is open: ``"24/7"``, the name of a calendar (:func:`exchange_sessions`), :class:`Sessions`, or
        one of these for each instrument; instruments that are not named never close.
    max_gap
        Open time without a row of an instrument that is no gap yet. Candles have none: each follows on from the last.
    outlier
        How many times the typical step a price may go at once, or a wick be long. The typical step is 1.4826 times the
        median size of ln(p / p before), of steps that are not 0: the standard deviation, if steps were normal.
    stale, stale_rows
        For how much open time, and in how many rows, prices may stay what they are.
    max_latency
        How long a row may be under way.

    Returns
    -------
    Quality
        The findings as frames; :func:`barter_bt.report.plot_quality` draws them, and
        :func:`barter_bt.report.write_quality` writes a page.

    Raises
    ------
    ConfigError
        What is given is no stream; a limit is out of its range; there is no such calendar.

    Notes
    -----
    Known limits: steps are compared with all others of the instrument, so that a quiet night and a wild day share one
    scale. The first row of an instrument is taken as right. A level that lasts is one outlier, where it begins.
    Books are looked at only where :func:`check` finds no errors in them. Rows that a book by order does not allow
    are all told, each as if those before it were not there: of an order that was not added, every row is one.

    Examples
    --------
    >>> from barter_bt.data import candles, generate
    >>> rows = generate.candles(500)
    >>> quality(candles(rows)).frame.height
    0
    >>> print(quality(candles(rows.filter(pl.int_range(500).is_between(100, 199).not_()))))
    candles of walk_usd: gap (time_open) in 1 row(s), 0.250%, first in row 100 of <frame> at \
2020-01-01 03:21:00+00:00, worst 6000 s
    """
    limits = Limits(max_gap, outlier, stale, stale_rows, max_latency)
    streams = _streams(data)
    parts, times, repairs, skipped = [pl.DataFrame(schema=FOUND)], [], Counter[str](), set[tuple[str, str]]()
    for stream in streams:
        rows = rows_of(stream)
        parts += _looked_at(stream, rows, calendar, limits)
        if stream.kind in BOOKS:
            books, left_out = _of_books(stream, rows.height)
            parts += books
            skipped |= {(stream.kind, name) for name in left_out}
        times.append(times_of(stream.kind, rows))
        repairs.update(stream.repairs)
    found = pl.concat(parts)
    looks = looks_at({stream.kind for stream in streams}, found, skipped)
    return Quality(found, looks, instruments(times), {"calendar": name_of(calendar), **asdict(limits)}, repairs)


def _streams(data: object) -> tuple[Stream, ...]:
    given = data if isinstance(data, (MarketData, Sequence)) else [data]
    streams = given.streams if isinstance(given, MarketData) else tuple(given)
    for one in streams:
        if not hasattr(one, "pieces"):
            raise ConfigError(
                f"data.quality takes streams, and this is a {type(one).__name__}",
                "say what its rows are: data.quality(data.trades(...)), or data.quotes, data.candles, data.book",
            )
    return streams


def _of_books(stream: Stream, rows: int) -> tuple[list[pl.DataFrame], frozenset[str]]:
    """What books and orders tell, and what was not looked for: a book is known where all of its rows are right."""
    errors = {one.code for one in check(stream).errors}
    orders = ORDERS if stream.kind == "book_orders" else frozenset[str]()
    if not rows or errors - orders:
        return [], MESSAGES | orders
    if errors:
        return list(by_order(stream)), MESSAGES
    return list(by_book(stream)), frozenset()


def _looked_at(
    stream: Stream, rows: pl.DataFrame, calendar: Calendar | Mapping[str, Calendar], limits: Limits
) -> Iterator[pl.DataFrame]:
    if not rows.height:
        return
    yield from by_rule(stream, rows)
    times = ["time_exchange", *(name for name in ("time_open", "time_received") if name in rows.columns)]
    timed = rows.drop_nulls([*times, "instrument"])
    if not timed.height:
        return
    first, last = (getattr(timed["time_exchange"].to_physical(), which)() for which in ("min", "max"))
    for (name,), own in timed.partition_by("instrument", as_dict=True, maintain_order=True).items():
        yield from by_time(stream.kind, own, open_time(calendar, str(name), first, last), limits)
        yield from by_price(stream.kind, own, limits.outlier)
