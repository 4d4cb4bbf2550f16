"""Symbols that change: the data of one instrument under one name, whatever it was called at the time."""

from __future__ import annotations

import polars as pl

from barter_bt.data.bare import typed
from barter_bt.data.schema import TIME
from barter_bt.data.source import open_source
from barter_bt.errors import DataError, refuse_unknown

_ROW, _AT, _SYMBOL, _OWNER = "_row", "_at", "symbol", "_owner"


def rename_symbols(
    data: pl.DataFrame, changes: object, *, time: str = "time_exchange", instrument: str = "instrument"
) -> pl.DataFrame:
    """Give each row the last symbol that its instrument ever had, so that one instrument has one history.

    Nothing is lost: a column ``symbol`` says what each row was called. From its time on a change holds, so that
    a row of that very time has the new symbol. Changes are followed as far as they go; a symbol that one instrument
    gives up may be another's later, or before. Prices are left as they are (see :func:`splits`).

    Parameters
    ----------
    data
        Market data, or anything else with a time and the name of an instrument in each row.
    changes
        A frame or file with ``time`` (Datetime with a zone), ``before`` and ``after``, the two symbols. That of another
        instrument that had ``after`` until then ends with a row of its own: what it is called from then on.
    time, instrument
        Columns of ``data``. Of candles the close counts.

    Returns
    -------
    polars.DataFrame
        The rows as they were, with new names, and ``symbol``.

    Raises
    ------
    DataError
        A column is missing or not of its type; two instruments would take, or give up, one symbol at one time; or rows
        of ``after`` lie before the change and belong to nobody.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> days = [datetime(2022, 6, day, tzinfo=timezone.utc) for day in (8, 9, 10)]
    >>> data = pl.DataFrame({"time_exchange": days, "instrument": ["fb_usd", "meta_usd", "meta_usd"]})
    >>> changes = pl.DataFrame({"time": days[1:2], "before": ["fb_usd"], "after": ["meta_usd"]})
    >>> rename_symbols(data, changes)["instrument"].unique().to_list()
    ['meta_usd']
    """
    given = _read(changes)
    for name in (time, instrument):
        if name not in data.columns:
            raise DataError(f"the data has no column {name!r}; it has {', '.join(data.columns)}")
    zone = data.schema[time]
    if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
        raise DataError(f"column {time!r} of the data is {zone}; it must be a Datetime with a time zone")
    if _SYMBOL in data.columns:
        raise DataError("the data has a column 'symbol' already", "rename it, or drop it: rows are renamed once")
    rows = data.select(
        pl.col(instrument).cast(pl.String).alias(_SYMBOL), pl.col(time).dt.cast_time_unit("ns").to_physical().alias(_AT)
    ).with_row_index(_ROW)
    spans, owners = _spans(given)
    named = _look_up(rows, spans, _SYMBOL, instrument)
    named = named.with_columns(pl.col(instrument).fill_null(pl.col(_SYMBOL)))
    _refuse_strangers(_look_up(named, owners, instrument, _OWNER))
    return data.with_columns(named.sort(_ROW).select(instrument, _SYMBOL))


def _read(changes: object) -> list[tuple[int, str, str]]:
    """The changes by time."""
    opened = typed(open_source(changes), {"time": TIME})
    for name in ("time", "before", "after"):
        if name not in opened.schema:
            raise DataError(f"{opened.label}: there is no column {name!r}; changes need time, before and after")
    refuse_unknown(opened.schema, ("time", "before", "after"), f"{opened.label}: changes", DataError, "leave it out")
    frame = opened.lazy().select("time", pl.col("before", "after").cast(pl.String)).collect()
    zone = frame.schema["time"]
    if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
        raise DataError(f"{opened.label}: column 'time' is {zone}; it must be a Datetime with a time zone")
    bad = frame.filter(pl.any_horizontal(pl.all().is_null()) | (pl.col("before") == pl.col("after")))
    if bad.height:
        raise DataError(f"{opened.label}: a change of a symbol has a null or changes nothing: {bad.row(0)}")
    for name, does in (("before", "is given up"), ("after", "is taken")):
        twice = frame.filter(pl.struct("time", name).is_duplicated())
        if twice.height:
            raise DataError(
                f"{opened.label}: {twice[name][0]!r} {does} twice at {twice['time'][0]}", "keep one of them"
            )
    times = frame["time"].dt.cast_time_unit("ns").to_physical().to_list()
    return sorted(zip(times, frame["before"].to_list(), frame["after"].to_list(), strict=True))


def _spans(changes: list[tuple[int, str, str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """For each symbol until when it led to which last one; and for each last one until when it was called what.

    Rows of both: a name, the first time at which it holds no longer, and the other name.
    """
    spans, owners = [], []
    for time, before, after in changes:
        last, since = after, time
        for later, gives, takes in changes:
            if gives == last and later > since:
                last, since = takes, later
        spans.append((before, time, last))
        owners.append((last, time, before))
    schema = {"name": pl.String, _AT: pl.Int64, "other": pl.String}
    found = pl.DataFrame(spans, schema, orient="row"), pl.DataFrame(owners, schema, orient="row")
    return found[0].sort(_AT, "name"), found[1].sort(_AT, "name")


def _look_up(rows: pl.DataFrame, spans: pl.DataFrame, by: str, to: str) -> pl.DataFrame:
    """The other name of the first span of each row's name that ends after its time, else null."""
    ends = spans.rename({"name": by, "other": to})
    return rows.sort(_AT).join_asof(
        ends, on=_AT, by=by, strategy="forward", allow_exact_matches=False, check_sortedness=False
    )


def _refuse_strangers(named: pl.DataFrame) -> None:
    """Refuse rows of a symbol before the instrument had it that they would become part of."""
    strange = named.filter(pl.col(_OWNER).is_not_null() & (pl.col(_OWNER) != pl.col(_SYMBOL)))
    if strange.height:
        row, symbol, owner = (strange[name].to_list()[0] for name in (_ROW, _SYMBOL, _OWNER))
        raise DataError(
            f"{strange.height:,} row(s) of {symbol!r}, first row {row}, lie before the change by "
            f"which what was {owner!r} got that symbol",
            f"they are another instrument's: add a change at that time from {symbol!r} to a name of its own",
        )
