"""Futures one after the other as one series, by a rule that knows nothing of the future, for signals.

Orders go to the contracts themselves: what a series was made of stands in its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError
from barter_bt.instrument.contract import expiry_ns
from barter_bt.instrument.instrument import Instrument

Adjust = Literal["none", "difference", "ratio"]
Anchor = Literal["first", "last"]
_PRICES = ("open", "high", "low", "close")
_ADJUST, _ANCHOR = ("none", "difference", "ratio"), ("first", "last")
_DAY = 86_400_000_000_000
_AT = "_at"


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
    expiries = _expiries(contracts)
    rows = _rows(candles, list(expiries), ["volume"] if roll == "volume" else [])
    times = rows.select(pl.col(_AT).unique().sort()).to_series()
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


def continuous(
    candles: pl.DataFrame,
    contracts: Sequence[Instrument] | Mapping[str, datetime | str | int],
    roll: str = "5d",
    *,
    adjust: Adjust = "none",
    anchor: Anchor = "first",
) -> pl.DataFrame:
    """Candles of the contract in front, one after the other, without the jumps between contracts if asked for.

    Where the contract changes, the gap between the two is that of their last closes before the first candle of the new
    one. ``"difference"`` adds gaps up, which keeps what prices change by; ``"ratio"`` multiplies, which keeps returns.

    Parameters
    ----------
    candles
        Candles of all contracts: ``time_exchange``, ``instrument``, ``open``, ``high``, ``low``, ``close`` and
        ``volume``; further columns are kept.
    contracts, roll
        As of :func:`front_contracts`.
    adjust
        ``"none"``, ``"difference"`` or ``"ratio"``.
    anchor
        Whose prices stay as they are. ``"first"``: the first contract's, so that no price depends on what came later.
        ``"last"``: the last one's, which is back-adjustment: levels of the past know of later gaps, and signals may use
        only what prices change by, or returns.

    Returns
    -------
    polars.DataFrame
        The candles by time, ``instrument`` as ``contract``, and ``adjustment``: what was added to prices, or what they
        were multiplied by.

    Raises
    ------
    DataError
        As for :func:`front_contracts`; or a contract comes in front without a close of both before.

    Examples
    --------
    >>> from barter_bt.data.generate import candles
    >>> early = candles(48, instrument="h").cast({"instrument": pl.String})
    >>> late = early.with_columns(pl.col("open", "high", "low", "close") + 2, instrument=pl.lit("m"))
    >>> ends = {"h": early["time_exchange"][30], "m": early["time_exchange"][40]}
    >>> series = continuous(pl.concat([early, late]), ends, "6m", adjust="difference")
    >>> (series["close"] - early["close"][: len(series)]).abs().max() < 1e-9
    True
    >>> series["adjustment"].round(9).unique().sort().to_list()
    [-2.0, 0.0]
    """
    for name, value, allowed in (("adjust", adjust, _ADJUST), ("anchor", anchor, _ANCHOR)):
        if value not in allowed:
            raise DataError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")
    rows = _rows(candles, list(_expiries(contracts)), [*_PRICES, "volume"])
    front = front_contracts(candles, contracts, roll).with_columns(pl.col("time").to_physical().alias(_AT))
    series = front.select(_AT, instrument="contract").join(
        rows, on=[_AT, "instrument"], how="inner", maintain_order="left"
    )
    steps = _steps(series, rows, adjust)
    total = np.cumsum(steps) if adjust != "ratio" else np.cumprod(steps)
    if anchor == "last" and len(total):
        total = total - total[-1] if adjust != "ratio" else total / total[-1]
    moved, prices = pl.Series(total, dtype=pl.Float64), pl.col(_PRICES)
    if adjust != "none":
        prices = prices + moved if adjust == "difference" else prices * moved
    return series.with_columns(prices, adjustment=moved).rename({"instrument": "contract"}).drop(_AT)


def contract_targets(targets: pl.DataFrame) -> pl.DataFrame:
    """Targets of the contract in front as those of contracts: the one before gets 0 where the front changes.

    Parameters
    ----------
    targets
        ``time_exchange``, ``contract`` and ``target``, by time, such as rows of :func:`continuous` with a target.

    Returns
    -------
    polars.DataFrame
        ``time``, ``instrument`` and ``target``, for :class:`~barter_bt.Schedule`.

    Raises
    ------
    DataError
        A column is missing.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> days = [datetime(2024, 3, day, tzinfo=timezone.utc) for day in (14, 15)]
    >>> held = pl.DataFrame({"time_exchange": days, "contract": ["h", "m"], "target": [2.0, 2.0]})
    >>> contract_targets(held).rows()[1:]
    [(datetime.datetime(2024, 3, 15, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 'h', 0.0), \
(datetime.datetime(2024, 3, 15, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')), 'm', 2.0)]
    """
    for name in ("time_exchange", "contract", "target"):
        if name not in targets.columns:
            raise DataError(f"the targets have no column {name!r}; they have {', '.join(targets.columns)}")
    named = targets.select(time="time_exchange", instrument="contract", target=pl.col("target").cast(pl.Float64))
    before = pl.col("instrument").shift()
    left = named.with_columns(instrument=before, target=0.0).filter(named["instrument"] != named["instrument"].shift())
    return pl.concat([left, named]).sort("time", maintain_order=True)


def _expiries(contracts: Sequence[Instrument] | Mapping[str, datetime | str | int]) -> dict[str, int]:
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


def _rows(candles: pl.DataFrame, names: Sequence[str], needs: Sequence[str]) -> pl.DataFrame:
    """Rows of the contracts, with the time of their close in ns, by time."""
    for name in ("time_exchange", "instrument", *needs):
        if name not in candles.columns:
            raise DataError(f"the candles have no column {name!r}; they have {', '.join(candles.columns)}")
    zone = candles.schema["time_exchange"]
    if not isinstance(zone, pl.Datetime) or zone.time_zone is None:
        raise DataError(f"column 'time_exchange' of the candles is {zone}; it must be a Datetime with a time zone")
    named = candles.with_columns(
        pl.col("instrument").cast(pl.String), pl.col("time_exchange").dt.cast_time_unit("ns").to_physical().alias(_AT)
    )
    rows = named.filter(pl.col("instrument").is_in(list(names)), pl.col(_AT).is_not_null()).sort(
        _AT, maintain_order=True
    )
    twice = rows.filter(pl.struct(_AT, "instrument").is_duplicated())
    if twice.height:
        raise DataError(f"{twice['instrument'][0]!r} has two candles that close at {twice['time_exchange'][0]}")
    return rows


def _by_volume(rows: pl.DataFrame, names: Sequence[str], times: np.ndarray) -> np.ndarray:
    """The contract in front at each time: number in order of expiry, by what was traded on days before that time's."""
    daily = rows.group_by(((pl.col(_AT) - 1) // _DAY).alias("day"), "instrument").agg(pl.col("volume").sum())
    wide = {(day, name): volume for day, name, volume in daily.iter_rows()}
    days = sorted({day for day, _ in wide})
    front, after = 0, {}
    for day in days:
        after[day] = front  # what was known when it began
        while front + 1 < len(names) and wide.get((day, names[front + 1]), 0.0) > wide.get((day, names[front]), 0.0):
            front += 1
    return np.array([after[day] for day in ((times - 1) // _DAY).tolist()], np.int64)


def _steps(series: pl.DataFrame, rows: pl.DataFrame, adjust: Adjust) -> np.ndarray:
    """What each row adds to the adjustment, or multiplies it by: something only where the contract changes."""
    steps = np.full(series.height, 1.0 if adjust == "ratio" else 0.0)
    if adjust == "none" or not series.height:
        return steps
    closes = {
        name: part
        for (name,), part in rows.select("instrument", _AT, "close").partition_by("instrument", as_dict=True).items()
    }
    names, times = series["instrument"].to_list(), series[_AT].to_list()
    for row in range(1, series.height):
        old, new = names[row - 1], names[row]
        if old != new:
            old_close, new_close = (_last_close(closes[name], times[row]) for name in (old, new))
            if old_close is None or new_close is None:
                raise DataError(
                    f"{new!r} follows {old!r} at {series['time_exchange'][row]} without a close of both before",
                    'begin its candles earlier, or roll later; adjust="none" needs none',
                )
            steps[row] = old_close / new_close if adjust == "ratio" else old_close - new_close
    return steps


def _last_close(rows: pl.DataFrame, before: int) -> float | None:
    row = int(np.searchsorted(rows[_AT].to_numpy(), before, "left")) - 1
    return float(rows["close"][row]) if row >= 0 else None
