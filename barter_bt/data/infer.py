"""What the user did not say and the rows tell: names, units, days, the length of candles. Each is told, none is hidden.

Only what cannot make a decision know more than it should is inferred. A date without a zone is a day of UTC, which ends
when the day is over in every market that closes before midnight; a time of day without a zone may be off by hours, and
stays an error. The length of candles is taken only where the shortest distance of each instrument's candles is the
usual one too: one that is too short would let a close be known before its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

import polars as pl

from barter_bt.data.canonical import Options
from barter_bt.data.convert import time
from barter_bt.data.duration import NANOSECONDS
from barter_bt.data.resolve import INSTRUMENT, resolve
from barter_bt.data.schema import ALIASES, TIME_NAMES
from barter_bt.data.source import PIECE_ROWS, Source
from barter_bt.errors import DataError

_LARGEST = {"s": 10**11, "ms": 10**14, "us": 10**17, "ns": 2**63}
_DAY = NANOSECONDS["d"]


def settled(source: Source, options: Options) -> tuple[Options, tuple[str, ...]]:
    """Options with what the rows of a source tell, and what that is, in words.

    Raises
    ------
    ConfigError, DataError
        For columns that are missing or ambiguous, and integer times that count no unit since 1970.

    Examples
    --------
    >>> from barter_bt.data.source import FrameSource
    >>> days = pl.DataFrame({"Date": ["2024-01-02", "2024-01-03"]}).with_columns(pl.col("Date").str.to_date())
    >>> days = days.with_columns(pl.lit(1.0).alias(name) for name in ("Open", "High", "Low", "Close"))
    >>> found, notes = settled(FrameSource(days), Options("candles", instrument="a_usd"))
    >>> found.time_zone, found.interval
    ('UTC', '1d')
    >>> notes
    ("'Date' is read as time_open", 'its days are read as those of UTC', "interval='1d', the usual distance")
    """
    columns = resolve(source.schema, source.label, options.kind, options.columns, options.instrument)
    notes = [*getattr(source, "notes", ()), *_names(columns, options)]
    _refuse_symbols(source, columns, options)
    times = {name: columns[name] for name in TIME_NAMES if name in columns}
    if options.time_unit is None:
        unit = _unit(source, times)
        options = options._replace(time_unit=unit)
        notes += [f"its integer times are read as {unit} since 1970, by their size"] if unit else []
    if options.time_zone is None and options.kind == "candles" and _are_days(source, times):
        options = options._replace(time_zone="UTC")
        notes.append("its days are read as those of UTC")
    if options.kind == "candles" and options.interval is None and not {"time_open", "time_exchange"} <= set(times):
        interval = _interval(source, columns, options)
        options = options._replace(interval=interval)
        notes += [f"interval={interval!r}, the usual distance"] if interval else []
    return options, tuple(notes)


def _names(columns: Mapping[str, str], options: Options) -> list[str]:
    """Which columns go by names that are not ours and that the user did not rename."""
    aliases, said = ALIASES.get(options.kind, {}), set(options.columns or {})
    other = {name: source for name, source in columns.items() if source not in said}
    return [
        f"{source!r} is read as {name}"
        for name, source in other.items()
        if source.lower() != name and aliases.get(source.lower()) != name
    ]


def _refuse_symbols(source: Source, columns: Mapping[str, str], options: Options) -> None:
    """Refuse one name for rows of several symbols, as far as the first of them tell."""
    if options.instrument is None:
        return
    for name in source.schema:
        if name.lower() not in INSTRUMENT or name in columns.values():
            continue
        symbols = next((piece[name].unique() for _, piece in source.pieces([name])), pl.Series())
        if len(symbols) > 1:
            shown = ", ".join(map(repr, sorted(map(str, symbols))[:3]))
            raise DataError(
                f"{source.label}: instrument={options.instrument!r} is given, but column {name!r} holds {len(symbols)} "
                f"symbols: {shown}, ...",
                "leave instrument out, and the symbols are the names; or filter the rows of one first",
            )


def _unit(source: Source, times: Mapping[str, str]) -> str | None:
    """What integer times count, by the size of the first and of the last of them; None if there are none."""
    found = {}
    names = [name for name in times.values() if source.schema[name].is_integer()]
    for name in names if names and source.rows else []:
        for edge in source.edges([name]):
            value = edge.item()
            if value is None:
                return None
            unit = next((unit for unit, largest in _LARGEST.items() if 0 <= value < largest), None)
            if unit is None or (unit == "s" and value < 10**8):
                raise DataError(
                    f"{source.label}: column {name!r} holds integers without a unit, such as {value}",
                    'say what they count since 1970 UTC: time_unit="ns", "us", "ms" or "s"',
                )
            found[unit] = (name, value)
    if len(found) > 1:
        (one, first), (other, second) = list(found.values())[:2]
        raise DataError(
            f"{source.label}: integer times count different units: {first} in {one!r}, {second} in {other!r}",
            "convert the rows or the column of one unit first; a Datetime column knows its own unit",
        )
    return next(iter(found), None)


def _are_days(source: Source, times: Mapping[str, str]) -> bool:
    """Whether all times are dates, or midnight without a zone."""
    types = [source.schema[name] for name in times.values()]
    if not all(dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None) for dtype in types):
        return False
    naive = [name for name, dtype in zip(times.values(), types, strict=True) if dtype != pl.Date]
    if not naive:
        return True
    midnight = pl.all_horizontal(pl.col(name).dt.time() == pl.time(0) for name in naive)
    return source.rows > 0 and all(piece.select(midnight.all()).item() for _, piece in source.pieces(naive))


def _interval(source: Source, columns: Mapping[str, str], options: Options) -> str | None:
    """The distance of candles, where the shortest is the usual one and the same for all instruments; None if not."""
    name = columns["time_open" if "time_open" in columns else "time_exchange"]
    dtype = source.schema[name]
    at = time(pl.col(name), dtype, f"{source.label}: column {name!r}", options.time_zone, options.time_unit)
    zone = getattr(dtype, "time_zone", None) or options.time_zone or "UTC"
    who = pl.col(columns["instrument"]) if "instrument" in columns else pl.lit("")
    names = [name, *([columns["instrument"]] if "instrument" in columns else [])]
    if source.schema[name].is_integer() and options.time_unit is None:
        return None  # of no row, or of one that says why it is no time
    pieces = [piece for _, piece in takewhile(lambda one: one[0] < PIECE_ROWS, source.pieces(names))]
    if not pieces:
        raise DataError(
            f"{source.label}: has no rows, which would tell how long its candles are",
            'give interval="1m" (the length of one candle), or leave the source out',
        )
    piece = pl.concat(pieces)
    rows = piece.select(at=at, who=who).drop_nulls().unique().sort("who", "at")
    local = rows["at"].dt.convert_time_zone(zone).dt.replace_time_zone(None)
    days = bool((local.dt.time() == pl.Series([0]).cast(pl.Time)).all())
    rows = rows.with_columns(at=local if days else pl.col("at"))
    apart = rows.select("who", apart=pl.col("at").to_physical().diff().over("who"))
    apart = apart.group_by("who").agg(least=pl.col("apart").min(), usual=pl.col("apart").drop_nulls().mode().min())
    lengths = set(apart["least"].to_list()) | set(apart["usual"].to_list())
    if len(lengths) != 1 or None in lengths:
        return None
    return _text(lengths.pop(), days=days)


def _text(length_ns: int, *, days: bool) -> str:
    """A length of time in its largest whole unit."""
    if days and length_ns % _DAY == 0:
        return f"{length_ns // _DAY}d"
    unit = next(unit for unit in ("h", "m", "s", "ms", "us", "ns") if length_ns % NANOSECONDS[unit] == 0)
    return f"{length_ns // NANOSECONDS[unit]}{unit}"
