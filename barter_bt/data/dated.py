"""What happens to instruments, made of checked rows: cash flows, sessions, changes of symbols, delistings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import polars as pl

from barter_bt.data.bare import typed
from barter_bt.data.dividends import dividends
from barter_bt.data.flows import CashFlows, funding, settlement_prices
from barter_bt.data.schema import TIME
from barter_bt.data.sessions import Sessions, sessions
from barter_bt.data.source import open_source
from barter_bt.data.splits import splits
from barter_bt.errors import ConfigError, DataError, refuse_unknown
from barter_bt.instrument.instrument import Instrument

Dated: TypeAlias = CashFlows | Sessions | pl.DataFrame
_FLOWS: Mapping[str, Callable[[object], CashFlows]] = {
    "funding": funding,
    "dividend": dividends,
    "split": splits,
    "settlement": settlement_prices,
}


def make_dated(kind: str, rows: pl.DataFrame) -> Dated:
    """Make what rows of a kind are; their columns are those of importers.

    Raises
    ------
    DataError
        As the functions that are called say; rows of several calendars.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> first = datetime(2024, 6, 10, tzinfo=timezone.utc)
    >>> make_dated("split", pl.DataFrame({"time": [first], "instrument": ["nvda_usd"], "ratio": ["10:1"]}))
    CashFlows(1 split)
    """
    if kind in _FLOWS:
        return _FLOWS[kind](rows)
    if kind == "sessions":
        calendars = rows["instrument"].unique(maintain_order=True).to_list()
        if len(calendars) > 1:
            raise DataError(
                f"there are sessions of {len(calendars)} calendars: {', '.join(map(str, calendars[:5]))}",
                f"say which: instrument={{{calendars[0]!r}: {calendars[0]!r}}}",
            )
        found = sessions(rows.drop("instrument"))
        return replace(found, name=str(calendars[0])) if calendars else found
    return _checked(kind, rows)


def _checked(kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of symbols or delistings: nothing is missing but a price."""
    texts = [pl.col(name).cast(pl.String) for name in ("instrument", "before", "after") if name in rows.columns]
    found = rows.with_columns(pl.col("time").cast(TIME), *texts)
    if kind == "delisting":
        price = pl.col("price").cast(pl.Float64) if "price" in rows.columns else pl.lit(None, pl.Float64)
        found = found.select("time", "instrument", price.alias("price"))
        wrong = pl.col("price") < 0
        once = pl.col("instrument").is_first_distinct()
    else:
        found = found.select("time", "before", "after")
        wrong = pl.col("before") == pl.col("after")
        once = pl.struct("time", "before").is_first_distinct()
    there = [name for name in found.columns if name != "price"]
    for what, bad in (
        ("has a null", pl.any_horizontal(pl.col(there).is_null())),
        ("has a price below 0" if kind == "delisting" else "changes nothing", wrong),
        ("comes a second time", ~once),
    ):
        rows = found.with_row_index("row").filter(bad)
        if rows.height:
            raise DataError(f"row {rows['row'][0]} of the {kind} {what}: {rows.drop('row').row(0)}", "mend or drop it")
    return found.sort("time", maintain_order=True)


def delisted(instruments: Instrument | Sequence[Instrument], delistings: object) -> list[Instrument]:
    """Give instruments their ends: from its time on a delisted one does not trade, and what is held is paid for.

    Parameters
    ----------
    instruments
        Those of a run; those that are not delisted stay as they are.
    delistings
        A frame or file with ``time`` (Datetime with a zone), ``instrument``, and perhaps ``price``, what is paid for
        a unit; null is the last price that the venue has seen. Rows of other instruments have no effect.

    Returns
    -------
    list[Instrument]
        The same, with ``expiry`` and ``settlement_price`` (rules 46, 64 and 65).

    Raises
    ------
    DataError
        A column is missing, a cell null, or an instrument is delisted twice.
    ConfigError
        One has another expiry already.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> end = datetime(2023, 3, 28, tzinfo=timezone.utc)
    >>> rows = pl.DataFrame({"time": [end], "instrument": ["sivb_usd"], "price": [0.0]})
    >>> bank, other = delisted([Instrument("xnas", "sivb_usd"), Instrument("xnas", "aapl_usd")], rows)
    >>> bank.expiry, bank.settlement_price, other.expiry
    (1679961600000000000, 0.0, None)
    """
    opened = typed(open_source(delistings), {"time": TIME, "price": pl.Float64()})
    for name in ("time", "instrument"):
        if name not in opened.schema:
            raise DataError(f"{opened.label}: there is no column {name!r}; it has {', '.join(opened.schema)}")
    if getattr(opened.schema["time"], "time_zone", None) is None:
        kind = opened.schema["time"]
        raise DataError(f"{opened.label}: column 'time' is {kind}; it must be a Datetime with a time zone")
    refuse_unknown(
        opened.schema, ("time", "instrument", "price"), f"{opened.label}: delistings", DataError, "leave it out"
    )
    rows = _checked("delisting", opened.lazy().collect())
    ends = {name: (time, price) for time, name, price in rows.with_columns(pl.col("time").to_physical()).iter_rows()}
    found = []
    for one in [instruments] if isinstance(instruments, Instrument) else instruments:
        time, price = ends.get(one.name, (one.expiry, one.settlement_price))
        if one.expiry not in (None, time):
            raise ConfigError(
                f"{one.name!r} is delisted at {time} and expires at {one.expiry}", "leave one of them out"
            )
        found.append(replace(one, expiry=time, settlement_price=price))
    return found
