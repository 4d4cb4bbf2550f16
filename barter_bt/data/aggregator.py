"""The state of making candles of rows that come piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data import bars
from barter_bt.data.chunk import look_up
from barter_bt.data.duration import duration_ns, whole_days
from barter_bt.data.imbalance import SPAN, Imbalance
from barter_bt.data.renko import Renko
from barter_bt.data.schema import TIME
from barter_bt.data.sound import in_order
from barter_bt.errors import ConfigError, DataError

_MEASURES = {"ticks": bars.count, "volume": bars.volume, "value": bars.value, "price_range": bars.span}
_FEW_NAMES = 12
Made = tuple[str, dict[str, np.ndarray[Any, Any]]]  # an instrument and columns of its candles, all but the name
_PRICES = ("open", "high", "low", "close")


class Aggregator:
    """Makes candles of rows that come piece by piece; however they are cut, the candles are the same.

    Parameters
    ----------
    kind
        ``"trades"``, ``"quotes"`` or ``"candles"``: what the rows are.
    every, ticks, volume, value, price_range, renko, tick_imbalance, volume_imbalance, span, time_zone
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
        renko: float | None = None,
        tick_imbalance: float | None = None,
        volume_imbalance: float | None = None,
        span: int | None = None,
        time_zone: str | None = None,
    ) -> None:
        self._kind, self._every, self._zone = kind, every, time_zone
        given = {"ticks": ticks, "volume": volume, "value": value, "price_range": price_range, "renko": renko}
        given |= {"tick_imbalance": tick_imbalance, "volume_imbalance": volume_imbalance}
        sizes = {name: size for name, size in given.items() if size is not None}
        if len(sizes) + (every is not None) != 1:
            raise ConfigError(
                f"aggregate has {', '.join([*sizes, *(['every'] if every else [])]) or 'no rule'}; it takes one of "
                f"every, {', '.join(given)}"
            )
        self._rule, self._size = next(((name, _size(kind, name, size)) for name, size in sizes.items()), ("every", 0.0))
        self._span = _span(self._rule, span)
        if every is not None and duration_ns(every, "every") <= 0:
            raise ConfigError(f"aggregate: every is {every!r}; it must be positive")
        if time_zone is not None and not whole_days(every):
            raise ConfigError(f"aggregate: time_zone has no effect on every={every!r}", 'it is for days: every="1d"')
        self._open: dict[str, bars.Rows] = {}
        self._states: dict[str, Renko | Imbalance] = {}

    def push(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Take more rows, canonical and in order of time; give the candles that are over, by instrument.

        Raises
        ------
        DataError
            Times go back, or a candle lies in two windows.
        """
        columns = {name: rows[name].to_physical().to_numpy() for name in rows.columns if name != "instrument"}
        text = rows["instrument"].cast(pl.String)
        names = [str(name) for name in text.unique(maintain_order=True)]
        codes = look_up(text, {name: i for i, name in enumerate(names)})
        return frame_of(self.push_columns(names, columns | {"instrument": codes}))

    def push_columns(
        self, names: Sequence[str], columns: Mapping[str, np.ndarray[Any, Any]], *, checked: bool = False
    ) -> list[Made]:
        """The same with the columns of a chunk and of candles as arrays; instruments are numbers of ``names``.

        ``checked`` says that times do not go back, which was seen already.
        """
        rows = _rows(columns, self._kind)
        both = (columns["bid_amount"] > 0) & (columns["ask_amount"] > 0) if self._kind == "quotes" else None
        if len(names) == 1:
            groups = [(names[0], rows if both is None or both.all() else rows.part(pl.Series(both)))]
        else:
            groups = list(zip(names, _by_instrument(rows, columns["instrument"], len(names), both), strict=True))
        return [made for name, mine in groups if len(mine) for made in self._pushed(name, mine, checked)]

    def finish(self) -> pl.DataFrame:
        """Give the candles of windows of time that have begun; bars that have not reached their size do not end."""
        return frame_of(self.finish_columns())

    def finish_columns(self) -> list[Made]:
        """The same as arrays."""
        return [made for name in list(self._open) for made in self._made(name, self._open.pop(name), is_last=True)]

    def _pushed(self, name: str, rows: bars.Rows, checked: bool) -> list[Made]:
        """The bars that are over with more rows of an instrument."""
        begun = self._open.pop(name, None)
        if not checked and not in_order(rows.time, None if begun is None else int(begun.time[-1])):
            raise DataError(f"aggregate: rows of {name!r} go back in time", "repair=Repair(sort=True) sorts a stream")
        if begun is None:
            return self._made(name, rows, is_last=False)
        if self._every is None:
            return self._made(name, bars.Rows.joined([begun, rows]), is_last=False)
        # Only what belongs to the window that has begun is put to its rows: the others stay where they are.
        end = bars.edges(int(begun.at[0]), int(begun.at[0]), self._every, self._zone)[1]
        cut = int(np.searchsorted(rows.at, end))
        first = bars.Rows.joined([begun, rows.part(slice(0, cut))])
        if cut == len(rows):
            return self._made(name, first, is_last=False)
        rest = rows.part(slice(cut, None))
        return self._made(name, first, is_last=True) + self._made(name, rest, is_last=False)

    def _made(self, name: str, rows: bars.Rows, *, is_last: bool) -> list[Made]:
        used, candles = self._by_time(rows, is_last=is_last) if self._every else self._by_rule(name, rows)
        if used < len(rows):
            self._open[name] = rows.part(slice(used, None))
        return [(name, candles)] if candles else []

    def _by_rule(self, name: str, rows: bars.Rows) -> tuple[int, dict[str, Any]]:
        """How many rows make bars that are over, and these bars."""
        if self._rule in _MEASURES:
            ends = bars.ends_by_measure(rows, _MEASURES[self._rule], self._size)
            return bars.bars_to(rows, ends)
        if name not in self._states:
            is_renko, by_volume = self._rule == "renko", self._rule == "volume_imbalance"
            self._states[name] = (
                Renko(self._size) if is_renko else Imbalance(self._size, self._span, by_volume=by_volume)
            )
        return self._states[name].bars(rows)

    def _by_time(self, rows: bars.Rows, *, is_last: bool) -> tuple[int, dict[str, Any]]:
        """The same of windows of time."""
        assert self._every is not None, "the rule is the clock"
        edges = bars.edges(int(rows.at[0]), int(rows.at[-1]), self._every, self._zone)
        places = np.searchsorted(rows.at, edges)
        filled = np.flatnonzero(places[1:] > places[:-1])
        starts, opened, closed = places[filled], edges[filled], edges[filled + 1]
        late = rows.time[np.append(starts[1:], len(rows)) - 1] > closed
        if self._kind == "candles" and late.any():
            end = pl.Series([int(closed[late][0])]).cast(TIME)[0]
            raise DataError(
                f"aggregate: a candle lies on both sides of {end}, where a window of {self._every!r} ends",
                "windows must be whole multiples of the candles, and begin with one",
            )
        used = len(rows) if is_last else int(starts[-1])  # more of the last window may come
        over = starts < used
        if not over.any():
            return 0, {}
        return used, bars.bars(rows.part(slice(0, used)), starts[over], opened[over], closed[over])


def _by_instrument(
    rows: bars.Rows, codes: np.ndarray[Any, Any], count: int, chosen: np.ndarray[Any, Any] | None
) -> Iterator[bars.Rows]:
    """The chosen rows of each instrument, in order."""
    if count <= _FEW_NAMES:  # a pass for each is faster than a sort
        small = pl.Series(codes.astype(np.uint8))
        for i in range(count):
            yield rows.part(small == i if chosen is None else (small == i) & pl.Series(chosen))
        return
    order = np.argsort(codes, kind="stable")
    order = order if chosen is None else order[chosen[order]]
    ends = np.searchsorted(codes[order], np.arange(count + 1))
    rows = rows.part(order)
    yield from (rows.part(slice(ends[i], ends[i + 1])) for i in range(count))


def _span(rule: str, span: int | None) -> int:
    """Over how many bars the averages of imbalance bars go."""
    if span is None:
        return SPAN
    if not rule.endswith("imbalance"):
        raise ConfigError(f"aggregate: span has no effect on {rule}", "it is for tick_imbalance and volume_imbalance")
    if span < 1:
        raise ConfigError(f"aggregate: span is {span}; it must be at least 1")
    return span


def _size(kind: str, name: str, size: float) -> float:
    """The size of a bar, if rows of this kind have it."""
    if not size > 0:
        raise ConfigError(f"aggregate: {name} is {size}; it must be positive")
    if kind == "candles":
        raise ConfigError(f"aggregate: candles do not tell where within them {name} is reached", 'give every="1h"')
    if kind == "quotes" and name in ("volume", "value", "volume_imbalance"):
        raise ConfigError(f"aggregate: quotes have no {name}: nothing is traded", "give trades")
    return float(size)


SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("time_exchange", "time_received", "time_open"), TIME),
    "instrument": pl.String,
}
SCHEMA |= dict.fromkeys((*_PRICES, "volume"), pl.Float64)


def frame_of(made: Sequence[Made]) -> pl.DataFrame:
    """Candles as one frame."""
    if not made:
        return pl.DataFrame(schema=SCHEMA)
    names = pl.Series([name for name, _ in made], dtype=pl.String)
    counts = [len(candles["open"]) for _, candles in made]
    columns = {each: np.concatenate([candles[each] for _, candles in made]) for each in SCHEMA if each != "instrument"}
    return pl.DataFrame(
        {**columns, "instrument": names.gather(np.repeat(np.arange(len(made)), counts))}, schema_overrides=SCHEMA
    ).select(*SCHEMA)


def _rows(columns: Mapping[str, Any], kind: str) -> bars.Rows:
    """Canonical columns as rows; quotes at their mid."""
    if kind == "quotes":
        prices = [(columns["bid_price"] + columns["ask_price"]) / 2] * 4
    else:
        prices = [columns[name if kind == "candles" else "price"] for name in _PRICES]
    time = columns["time_exchange"]
    opened, high, low, close = prices
    name = "amount" if kind == "trades" else "volume"
    traded = columns[name] if name in columns else np.zeros(len(time))
    begin, received = columns.get("time_open", time), columns.get("time_received", time)
    return bars.Rows(begin, time, received, opened, high, low, close, traded)
