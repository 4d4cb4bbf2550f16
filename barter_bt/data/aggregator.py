"""The state of making candles of rows that come piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from barter_bt.data import bars
from barter_bt.data.duration import duration_ns, whole_days
from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError, DataError

_MEASURES = {"ticks": bars.count, "volume": bars.volume, "value": bars.value, "price_range": bars.span}


class Aggregator:
    """Makes candles of rows that come piece by piece; however they are cut, the candles are the same.

    Parameters
    ----------
    kind
        ``"trades"``, ``"quotes"`` or ``"candles"``: what the rows are.
    every, ticks, volume, value, price_range, time_zone
        As for :func:`aggregate`.

    Examples
    --------
    >>> from barter_bt.data import generate
    >>> rows = generate.trades(1000, instruments=1)
    >>> pieces = Aggregator("trades", ticks=100)
    >>> made = [pieces.push(rows.slice(start, 150)) for start in range(0, 1000, 150)]
    >>> sum(candles.height for candles in made)
    9
    """

    def __init__(
        self,
        kind: str,
        *,
        every: str | None = None,
        ticks: int | None = None,
        volume: float | None = None,
        value: float | None = None,
        price_range: float | None = None,
        time_zone: str | None = None,
    ) -> None:
        self._kind, self._every, self._zone = kind, every, time_zone
        given = {"ticks": ticks, "volume": volume, "value": value, "price_range": price_range}
        sizes = {name: size for name, size in given.items() if size is not None}
        if len(sizes) + (every is not None) != 1:
            raise ConfigError(
                f"aggregate has {', '.join([*sizes, *(['every'] if every else [])]) or 'no rule'}; it takes one of "
                "every, ticks, volume, value, price_range"
            )
        self._size = 0.0
        for name, size in sizes.items():
            if not size > 0:
                raise ConfigError(f"aggregate: {name} is {size}; it must be positive")
            if kind == "candles":
                raise ConfigError(
                    f"aggregate: candles do not tell where within them {name} is reached", 'give every="1h"'
                )
            if kind == "quotes" and name in ("volume", "value"):
                raise ConfigError(f"aggregate: quotes have no {name}: nothing is traded", "give trades")
            self._measure, self._size = _MEASURES[name], float(size)
        if every is not None and duration_ns(every, "every") <= 0:
            raise ConfigError(f"aggregate: every is {every!r}; it must be positive")
        if time_zone is not None and not whole_days(every):
            raise ConfigError(f"aggregate: time_zone has no effect on every={every!r}", 'it is for days: every="1d"')
        self._open: dict[str, pl.DataFrame] = {}

    def push(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Take more rows, canonical and in order of time; give the candles that are over, by instrument."""
        if self._kind == "quotes":
            rows = rows.filter((pl.col("bid_amount") > 0) & (pl.col("ask_amount") > 0))
        return self._made(rows.with_columns(pl.col("instrument").cast(pl.String)), is_last=False)

    def finish(self) -> pl.DataFrame:
        """Give the candles of windows of time that have begun; bars that have not reached their size do not end."""
        return self._made(None, is_last=True)

    def _made(self, rows: pl.DataFrame | None, *, is_last: bool) -> pl.DataFrame:
        parts: dict[Any, pl.DataFrame] = {}
        if rows is not None:
            parts = {name: part for (name,), part in rows.partition_by("instrument", as_dict=True).items()}
        made = []
        for name in [*self._open] if is_last else [*parts]:
            new = parts.get(name)
            frame = pl.concat([one for one in (self._open.pop(name, None), new) if one is not None])
            found, used = self._candles(frame, is_last=is_last)
            if used < frame.height:
                self._open[name] = frame.slice(used)
            if found.height:
                made.append(found.with_columns(instrument=pl.lit(name)))
        return pl.concat(made) if made else pl.DataFrame(schema=SCHEMA)

    def _candles(self, frame: pl.DataFrame, *, is_last: bool) -> tuple[pl.DataFrame, int]:
        """The candles of one instrument that are over, and how many rows they took."""
        rows = _rows(frame, self._kind)
        if self._every is not None:
            return self._by_time(frame, rows, is_last=is_last)
        ends = bars.ends_by_measure(rows, self._measure, self._size)
        if not ends:
            return pl.DataFrame(), 0
        starts = np.array([0, *ends[:-1]])
        closed = rows.time[np.array(ends) - 1]
        opened = np.minimum(rows.time[starts], closed - 1)
        return _frame(bars.bars(rows.part(0, ends[-1]), starts, opened, closed)), ends[-1]

    def _by_time(self, frame: pl.DataFrame, rows: bars.Rows, *, is_last: bool) -> tuple[pl.DataFrame, int]:
        assert self._every is not None, "the rule is the clock"
        name = "time_open" if self._kind == "candles" else "time_exchange"
        opened, closed = _windows(frame[name], self._every, self._zone)
        if self._kind == "candles" and (late := np.flatnonzero(rows.time > closed)).size:
            raise DataError(
                f"aggregate: the candle that closes at {frame['time_exchange'][int(late[0])]} lies in two windows of "
                f"{self._every!r}",
                "windows must be whole multiples of the candles, and begin with one",
            )
        starts = np.flatnonzero(np.append(True, opened[1:] != opened[:-1]))
        used = len(rows) if is_last else int(starts[-1])  # more of the last window may come
        starts = starts[starts < used]
        if not len(starts):
            return pl.DataFrame(), 0
        return _frame(bars.bars(rows.part(0, used), starts, opened[starts], closed[starts])), used


SCHEMA: dict[str, Any] = {"time_exchange": TIME, "time_open": TIME, "instrument": pl.String}
SCHEMA |= dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)


def _rows(frame: pl.DataFrame, kind: str) -> bars.Rows:
    """The rows as arrays; quotes at their mid."""
    prices = ("open", "high", "low", "close")
    columns = {name: pl.col("price") for name in prices} | {"volume": pl.col("amount")}
    if kind == "quotes":
        mid = (pl.col("bid_price") + pl.col("ask_price")) / 2
        columns = dict.fromkeys(prices, mid) | {"volume": pl.lit(0.0)}
    elif kind == "candles":
        traded = pl.col("volume") if "volume" in frame.columns else pl.lit(0.0)
        columns = {name: pl.col(name) for name in prices} | {"volume": traded}
    found = frame.select(**columns)
    received = frame["time_received"].to_physical().to_numpy() if "time_received" in frame.columns else None
    opened, high, low, close, volume = (found[name].to_numpy() for name in (*prices, "volume"))
    return bars.Rows(frame["time_exchange"].to_physical().to_numpy(), opened, high, low, close, volume, received)


def _windows(times: pl.Series, every: str, zone: str | None) -> tuple[bars.Times, bars.Times]:
    """Start and end of the window of each time."""
    days = whole_days(every)
    if not days:
        length = duration_ns(every, "every")
        at = times.to_physical().to_numpy()
        start = at - at % length
        return start, start + length
    unit = f"{days // 7}w" if every.strip().endswith("w") else f"{days}d"
    local = times.dt.convert_time_zone(zone or "UTC")
    begin = local.dt.truncate(unit)
    end = begin.dt.offset_by(unit)
    return tuple(one.dt.convert_time_zone("UTC").cast(TIME).to_physical().to_numpy() for one in (begin, end))  # type: ignore[return-value]


def _frame(columns: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    return frame.with_columns(pl.col("^time_.*$").cast(TIME))
