"""Futures one after the other as one series, by a rule that knows nothing of the future, for signals.

Orders go to the contracts themselves: what a series was made of stands in its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl

from barter_bt.data.front import AT, contract_rows, expiries_of, front_contracts
from barter_bt.errors import DataError
from barter_bt.instrument.instrument import Instrument

Adjust = Literal["none", "difference", "ratio"]
Anchor = Literal["first", "last"]
_PRICES = ("open", "high", "low", "close")
_ADJUST, _ANCHOR = ("none", "difference", "ratio"), ("first", "last")


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
    rows = contract_rows(candles, list(expiries_of(contracts)), [*_PRICES, "volume"])
    front = front_contracts(candles, contracts, roll).with_columns(pl.col("time").to_physical().alias(AT))
    series = front.select(AT, instrument="contract").join(
        rows, on=[AT, "instrument"], how="inner", maintain_order="left"
    )
    steps = _steps(series, rows, adjust)
    total = np.cumsum(steps) if adjust != "ratio" else np.cumprod(steps)
    if anchor == "last" and len(total):
        total = total - total[-1] if adjust != "ratio" else total / total[-1]
    moved, prices = pl.Series(total, dtype=pl.Float64), pl.col(_PRICES)
    if adjust != "none":
        prices = prices + moved if adjust == "difference" else prices * moved
    return series.with_columns(prices, adjustment=moved).rename({"instrument": "contract"}).drop(AT)


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


def _steps(series: pl.DataFrame, rows: pl.DataFrame, adjust: Adjust) -> np.ndarray:
    """What each row adds to the adjustment, or multiplies it by: something only where the contract changes."""
    steps = np.full(series.height, 1.0 if adjust == "ratio" else 0.0)
    if adjust == "none" or not series.height:
        return steps
    closes = {
        name: part
        for (name,), part in rows.select("instrument", AT, "close").partition_by("instrument", as_dict=True).items()
    }
    names, times = series["instrument"].to_list(), series[AT].to_list()
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
    row = int(np.searchsorted(rows[AT].to_numpy(), before, "left")) - 1
    return float(rows["close"][row]) if row >= 0 else None
