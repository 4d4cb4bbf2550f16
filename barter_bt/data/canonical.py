"""From a user's columns to canonical ones, as Polars expressions: one definition for pieces and for lazy frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, NamedTuple

import polars as pl

from barter_bt.data import convert
from barter_bt.data.duration import duration_ns, whole_days
from barter_bt.data.resolve import resolve
from barter_bt.data.schema import BOOKS, NUMBERS, SCHEMAS, TIME_NAMES
from barter_bt.errors import ConfigError

_TIME_UNITS = ("ns", "us", "ms", "s")


Adjusted = Literal["splits", "splits_and_dividends"]
ADJUSTED: Final = ("splits", "splits_and_dividends")
"""What prices can be adjusted for (rule 108)."""


def adjusted_words(adjusted: Adjusted | None) -> str:
    """How messages say what prices are adjusted for.

    Examples
    --------
    >>> adjusted_words("splits_and_dividends"), adjusted_words(None)
    ('adjusted for splits and dividends', 'not adjusted')
    """
    return "not adjusted" if adjusted is None else f"adjusted for {adjusted.replace('_', ' ')}"


class Options(NamedTuple):
    """What the user said about one stream; see :func:`barter_bt.data.trades`."""

    kind: str
    instrument: str | None = None
    columns: Mapping[str, str] | None = None
    time_zone: str | None = None
    time_unit: str | None = None
    interval: str | int | None = None
    adjusted: Adjusted | None = None


@dataclass(frozen=True)
class Canon:
    """How one source becomes canonical.

    Parameters
    ----------
    expressions
        Canonical name to expression over the source's columns; without ``instrument`` if that is given.
    columns
        Canonical name to the name in the source, for messages (derived columns are not in it).
    needed
        The source columns that the expressions read.
    instrument
        The single instrument, or None if there is a column.
    zone
        The zone of the times, where it is known.
    opens_by_days
        Whether the open of each candle was made from its close, whole days before.
    """

    expressions: dict[str, pl.Expr]
    columns: dict[str, str]
    needed: tuple[str, ...]
    instrument: str | None
    zone: str | None = None
    opens_by_days: bool = False

    def only(self, names: Sequence[str]) -> Canon:
        """The same for a few of the canonical columns: what the others need is not read."""
        few = {name: self.expressions[name] for name in names if name in self.expressions}
        roots = {root for column in few.values() for root in column.meta.root_names()}
        return replace(self, expressions=few, needed=tuple(sorted(roots)))

    def apply(self, piece: pl.DataFrame) -> pl.DataFrame:
        """Make the canonical columns of a piece; buffers are shared where no cast is needed."""
        sources = self._sources
        if sources is None:
            return piece.select(**self.expressions)
        return pl.DataFrame([piece.get_column(source).alias(name) for name, source in sources.items()])

    @cached_property
    def _sources(self) -> dict[str, str] | None:
        """Canonical name to source column where all of them are that alone: then no query is needed."""
        if not all(one.meta.is_column() for one in self.expressions.values()):
            return None
        return {name: one.meta.output_name() for name, one in self.expressions.items()}

    def lazy(self, frame: pl.LazyFrame, extra: Sequence[str] = ()) -> pl.LazyFrame:
        """Make the canonical columns of a lazy frame, with ``instrument``; ``extra`` columns follow as they are."""
        frame = frame.select(*extra, **self.expressions)
        names = list(self.expressions)
        if self.instrument is None:
            return frame.select(*names, *extra) if extra else frame
        place = 2 if "time_received" in names else 1
        column = pl.lit(self.instrument, dtype=pl.Enum([self.instrument])).alias("instrument")
        return frame.with_columns(column).select(*names[:place], "instrument", *names[place:], *extra)


def canonical(schema: pl.Schema, label: str, options: Options) -> Canon:
    """Check names and types of a source and build its expressions.

    Raises
    ------
    ConfigError, DataError
        For an option that is wrong or does nothing, a missing column, a type that cannot be read.
    """
    columns = resolve(schema, label, options.kind, options.columns, options.instrument)
    _check_options(schema, columns, options, label)
    expressions: dict[str, pl.Expr] = {}
    for name in SCHEMAS[options.kind].names:
        if name not in columns:
            continue
        source = columns[name]
        column, dtype = pl.col(source), schema[source]
        if name in TIME_NAMES:
            expressions[name] = convert.time(
                column, dtype, f"{label}: column {source!r}", options.time_zone, options.time_unit
            )
        elif name == "instrument":
            expressions[name] = convert.instrument(column, dtype, f"{label}: column {source!r}")
        elif name == "side":
            names = ("bid", "ask") if options.kind in BOOKS else ("buy", "sell")
            expressions[name] = convert.side(column, dtype, f"{label}: column {source!r}", names)
        elif name in NUMBERS:
            expressions[name] = convert.whole(column, dtype, f"{label}: column {source!r}")
        elif name == "order_id":
            expressions[name] = convert.order_id(column, dtype, f"{label}: column {source!r}")
        elif name == "action":
            expressions[name] = convert.action(column, dtype, f"{label}: column {source!r}")
        elif name == "snapshot":
            expressions[name] = convert.truth(column, dtype, f"{label}: column {source!r}")
        else:
            expressions[name] = convert.number(column, dtype, f"{label}: column {source!r}")
    zone = _zone(schema, columns, options)
    opens_by_days = "time_open" not in expressions and whole_days(options.interval) > 0
    if options.kind == "candles":
        expressions = _both_times(expressions, options, label, schema, columns)
    return Canon(expressions, columns, tuple(columns.values()), options.instrument, zone, opens_by_days)


def _zone(schema: pl.Schema, columns: Mapping[str, str], options: Options) -> str | None:
    """The zone in which days are counted: that of the column, or the given one."""
    dtype = schema[columns["time_open" if "time_open" in columns else "time_exchange"]]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return dtype.time_zone
    return None if dtype.is_numeric() else options.time_zone


def _both_times(
    expressions: dict[str, pl.Expr], options: Options, label: str, schema: pl.Schema, columns: Mapping[str, str]
) -> dict[str, pl.Expr]:
    """Candles have an open and a close time; the interval makes the one that is missing."""
    missing = [name for name in ("time_exchange", "time_open") if name not in expressions]
    if not missing:
        if options.interval is not None:
            raise ConfigError(
                f"{label}: interval={options.interval!r} is given, but the candles have both times",
                "leave interval out, or rename or drop one of the time columns",
            )
        return expressions
    if options.interval is None:
        raise ConfigError(
            f"{label}: candles need the time of their open and of their close, {missing[0]} is missing",
            'give interval="1m" (the length of one candle) or a second time column; the distances of the rows do not '
            "tell it for each instrument",
        )
    length = duration_ns(options.interval, "interval")
    if length <= 0:
        raise ConfigError(f"interval is {options.interval!r}; it must be positive")
    known, sign = ("time_open", 1) if missing[0] == "time_exchange" else ("time_exchange", -1)
    days, zone = whole_days(options.interval), _zone(schema, columns, options)
    if days and zone is not None:  # days of the zone, of 23 or 25 hours where clocks change
        given = columns[known]
        made = {missing[0]: convert.days_later(pl.col(given), schema[given], sign * days, zone)}
    else:
        made = {missing[0]: expressions[known] + pl.duration(nanoseconds=sign * length, time_unit="ns")}
    order = SCHEMAS["candles"].names
    return {name: {**expressions, **made}[name] for name in order if name in expressions or name in made}


def _check_options(schema: pl.Schema, columns: Mapping[str, str], options: Options, label: str) -> None:
    times = [schema[columns[name]] for name in TIME_NAMES if name in columns]
    naive = any(dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None) for dtype in times)
    if options.time_zone is not None:
        if not naive:
            is_text = any(dtype == pl.String for dtype in times)
            raise ConfigError(
                f"{label}: time_zone={options.time_zone!r} is given, but no time column is without a zone",
                "its text is no ISO time: make it one first, for example .str.to_datetime('%d/%m/%Y %H:%M')"
                if is_text
                else "leave time_zone out; integer times are UTC by definition",
            )
        check_zone(options.time_zone)
    if options.time_unit is not None:
        if options.time_unit not in _TIME_UNITS:
            raise ConfigError(f"time_unit is {options.time_unit!r}; allowed: {', '.join(_TIME_UNITS)}")
        if not any(dtype.is_numeric() for dtype in times):
            raise ConfigError(
                f"{label}: time_unit={options.time_unit!r} is given, but no time column holds integers",
                "leave time_unit out; a Datetime column knows its own unit",
            )
    if options.interval is not None and options.kind != "candles":
        raise ConfigError(f"interval is for candles, not for {options.kind}")


def check_zone(name: str) -> None:
    """Refuse a zone that is not known.

    Raises
    ------
    ConfigError
        It is not.
    """
    try:
        pl.Series([None], dtype=pl.Datetime("ns")).dt.replace_time_zone(name)
    except pl.exceptions.PolarsError:
        raise ConfigError(f"time_zone {name!r} is not known", 'write for example "UTC" or "America/New_York"') from None


def alike(frames: list[pl.LazyFrame], kind: str, extra: Sequence[str] = ()) -> list[pl.LazyFrame]:
    """Canonical frames with the same columns: optional ones that only some have are zeros, instruments text.

    ``extra`` columns that only some have are null in the others.
    """
    schemas = [frame.collect_schema() for frame in frames]
    if all(schema == schemas[0] for schema in schemas):
        return frames
    names = [name for name in SCHEMAS[kind].names if any(name in schema for schema in schemas)]
    zeros = {"side": pl.lit(0, pl.Int8), "volume": pl.lit(0.0, pl.Float64), "snapshot": pl.lit(0, pl.Int8)}
    same = []
    for frame, schema in zip(frames, schemas, strict=True):
        text = pl.col("instrument").cast(pl.String)
        absent = [zeros[name].alias(name) for name in names if name not in schema]
        absent += [pl.lit(None).alias(name) for name in extra if name not in schema]
        same.append(frame.with_columns(text, *absent).select(*names, *extra))
    return same
