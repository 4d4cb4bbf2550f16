"""Which future is in front when, by a rule that knows nothing of the future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError
from barter_bt.instrument.contract import expiry_ns
from barter_bt.instrument.instrument import Instrument

AT = "_at"  # the time of a close in ns
_DAY = 86_400_000_000_000


def front_contracts(
    candles: pl.DataFrame, contracts: Sequence[Instrument] | Mapping[str, datetime | str | int], roll: str = "5d"
) -> pl.DataFrame:
    """Which contract is in front at each time at which a candle closes.

    Contracts follow one another by expiry, and the front never goes back. What decides is known before the candle: the
    calendar, or what was traded until the day before.

    Parameters
    ----------
    candles
        ``time_exchange`` (the close, a Datetime with a zone), ``instrument``, and for a roll by volume ``volume``.
        Rows of other instruments are left out.
    contracts
        Futures with an expiry, or expiries by name.
    roll
        How long before its expiry a contract is in front no more, such as ``"5d"`` or ``"0d"``; or ``"volume"``: from
        the first day (UTC, of closes; one at midnight belongs to the day before) on after one on which the next
        contract was traded more, and at its expiry at the latest.

    Returns
    -------
    polars.DataFrame
        ``time`` and ``contract``, a row for each distinct time that has a contract in front, by time.

    Raises
    ------
    DataError
        There are no such contracts, two expire at one time, or a column is missing or not of its type.

    Examples
    --------
    >>> from barter_bt.data.generate import candles
    >>> early = candles(48, instrument="h").cast({"instrument": pl.String})
    >>> both = pl.concat([early, early.with_columns(instrument=pl.lit("m"))])
    >>> ends = {"h": early["time_exchange"][30], "m": early["time_exchange"][40]}
    >>> front = front_contracts(both, ends, roll="6m")
    >>> front["contract"].value_counts(sort=True).rows()
    [('h', 24), ('m', 10)]
    """
    expiries = expiries_of(contracts)
    rows = contract_rows(candles, list(expiries), ["volume"] if roll == "volume" else [])
    times = rows.select(pl.col(AT).unique().sort()).to_series()
    ends = np.array(list(expiries.values()), np.int64)
    if roll == "volume":
        fronts = np.maximum(_by_volume(rows, list(expiries), times.to_numpy()), np.searchsorted(ends, times, "right"))
        fronts = np.maximum.accumulate(fronts)
    else:
        before = duration_ns(roll, "roll")
        fronts = np.searchsorted(ends - before, times.to_numpy(), "right")
    names = [*expiries, None]
    chosen = [names[min(front, len(ends))] for front in fronts.tolist()]
    found = pl.DataFrame({"time": times.cast(TIME), "contract": pl.Series(chosen, dtype=pl.String)})
    return found.drop_nulls("contract")


def expiries_of(contracts: Sequence[Instrument] | Mapping[str, datetime | str | int]) -> dict[str, int]:
    """When each contract ends, by name, in order of that."""
    given: dict[str, datetime | str | int | None] = {}
    if isinstance(contracts, Mapping):
        given |= contracts
    else:
        given |= {one.name: one.expiry for one in contracts}
    if not given or None in given.values():
        without = [name for name, expiry in given.items() if expiry is None]
        raise DataError(
            f"contracts without an expiry: {', '.join(map(repr, without))}" if without else "there are no contracts",
            "give futures with an expiry, or expiries by name",
        )
    found = {name: expiry_ns(expiry, name) for name, expiry in given.items()}
    ordered = dict(sorted(found.items(), key=lambda pair: pair[1]))
    if len(set(ordered.values())) < len(ordered):
        raise DataError("two contracts expire at one time", "a series is made of those of one underlying")
    return ordered


def contract_rows(candles: pl.DataFrame, names: Sequence[str], needs: Sequence[str]) -> pl.DataFrame:
    """Rows of the contracts, with the time of their close in ns, by time."""
    for name in ("time_exchange", "instrument", *needs):
        if name not in candles.columns:
            raise DataError(f"the candles have no column {name!r}; they have {', '.join(candles.columns)}")
    zone = candles.schema["time_exchange"]
    if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
        raise DataError(f"column 'time_exchange' of the candles is {zone}; it must be a Datetime with a time zone")
    named = candles.with_columns(
        pl.col("instrument").cast(pl.String), pl.col("time_exchange").dt.cast_time_unit("ns").to_physical().alias(AT)
    )
    rows = named.filter(pl.col("instrument").is_in(list(names)), pl.col(AT).is_not_null()).sort(AT, maintain_order=True)
    twice = rows.filter(pl.struct(AT, "instrument").is_duplicated())
    if twice.height:
        raise DataError(f"{twice['instrument'][0]!r} has two candles that close at {twice['time_exchange'][0]}")
    return rows


def _by_volume(rows: pl.DataFrame, names: Sequence[str], times: np.ndarray) -> np.ndarray:
    """The contract in front at each time: number in order of expiry, by what was traded on days before that time's."""
    daily = rows.group_by(((pl.col(AT) - 1) // _DAY).alias("day"), "instrument").agg(pl.col("volume").sum())
    wide = {(day, name): volume for day, name, volume in daily.iter_rows()}
    days = sorted({day for day, _ in wide})
    front, after = 0, {}
    for day in days:
        after[day] = front  # what was known when it began
        while front + 1 < len(names) and wide.get((day, names[front + 1]), 0.0) > wide.get((day, names[front]), 0.0):
            front += 1
    return np.array([after[day] for day in ((times - 1) // _DAY).tolist()], np.int64)
