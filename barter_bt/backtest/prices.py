"""Prices of a run's market data: all of them, or as many as a picture needs, in memory that does not grow with them.

An instrument has one kind of price: closes of candles if it has candles, else prices of trades, else mids of quotes,
else mids of its book behind each message.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from barter_bt.data.books import best_quotes
from barter_bt.data.schema import BOOKS
from barter_bt.errors import DataError
from barter_bt.statistic.tables import Floats, Integers

Array = Any  # of one dimension, int64 or float64
Pick = Callable[[str, Mapping[str, Any]], tuple[Array, ...]]
SCHEMA: Final[dict[str, Any]] = {"time": pl.Datetime("ns", "UTC"), "instrument": pl.String, "price": pl.Float64}
PARTS: Final = 1_000
_FEW: Final = 4 * PARTS
_KINDS: Final = ("candles", "trades", "quotes", *BOOKS)
EVER: Final = (-(2**63), 2**63 - 1)


@dataclass(frozen=True)
class MarketPrices:
    """The prices of some streams.

    Parameters
    ----------
    market
        Streams.
    codes
        What data may call an instrument, to its number.
    names
        What tables call it, by number.
    """

    market: Sequence[Any]
    codes: Mapping[str, int]
    names: Sequence[str]

    def pieces(
        self, instruments: Collection[str], span_ns: tuple[int, int], pick: Pick
    ) -> Iterator[tuple[str, str, tuple[Array, ...]]]:
        """Name, kind and columns of some instruments, piece by piece; a piece is of one instrument.

        They are those of the venue times in ``span_ns``, both included, that ``pick`` makes of a chunk's kind and
        columns; rows whose last one is not finite are left out, as a quote with an empty side is.
        """
        wanted = np.array([name in instruments for name in self.names], bool)
        for kind, codes, picked in self._chunks(span_ns, pick):
            if codes[0] == codes[-1] and (codes == codes[0]).all():
                if wanted[codes[0]]:
                    yield self.names[codes[0]], kind, picked
                continue
            order = np.argsort(codes.astype(np.uint16) if len(self.names) < 1 << 16 else codes, kind="stable")
            sorted_codes = codes[order]
            starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
            for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
                if wanted[sorted_codes[start]]:
                    mine = order[start:end]
                    yield self.names[sorted_codes[start]], kind, tuple(each[mine] for each in picked)

    def _chunks(self, span_ns: tuple[int, int], pick: Pick) -> Iterator[tuple[str, Integers, tuple[Array, ...]]]:
        """Kind, instrument numbers and columns, chunk by chunk."""
        served: set[int] = set()
        for kind in _KINDS:
            streams = [stream for stream in self.market if stream.kind == kind]
            for stream in streams:
                for codes, picked in self._chunks_of(stream, served, span_ns, pick):
                    yield "quotes" if kind in BOOKS else kind, codes, picked
            served |= {self.codes[name] for stream in streams for name in stream.instruments}

    def _chunks_of(
        self, stream: Any, served: set[int], span_ns: tuple[int, int], pick: Pick
    ) -> Iterator[tuple[Integers, tuple[Array, ...]]]:
        if served.issuperset(self.codes[name] for name in stream.instruments):
            return
        is_book = stream.kind in BOOKS
        for chunk in best_quotes(stream, self.codes) if is_book else stream.chunks(self.codes):
            times = chunk.columns["time_exchange"]
            inside = slice(
                int(np.searchsorted(times, span_ns[0])), int(np.searchsorted(times, span_ns[1], side="right"))
            )
            codes = chunk.columns["instrument"][inside]
            picked = tuple(each[inside] for each in pick("quotes" if is_book else stream.kind, chunk.columns))
            good = np.isfinite(picked[-1])
            if served:
                good &= ~np.isin(codes, list(served))
            if good.all() and len(good):
                yield codes, picked
            elif good.any():
                yield codes[good], tuple(each[good] for each in picked)
            if chunk.rows and times[-1] > span_ns[1]:
                return

    def by_instrument(
        self, instruments: Collection[str], span_ns: tuple[int, int] = EVER
    ) -> Iterator[tuple[str, Integers, Floats]]:
        """Name, times and prices of some instruments, piece by piece; a piece is of one instrument."""
        for name, _, (times, price) in self.pieces(instruments, span_ns, _prices):
            yield name, times, price

    def frame(self) -> pl.DataFrame:
        """Every price: ``time``, ``instrument``, ``price``, by time."""
        names = pl.Series(self.names)
        frames = [
            pl.DataFrame({"time": times, "instrument": names.gather(pl.Series(codes)), "price": price})
            for _, codes, (times, price) in self._chunks(EVER, _prices)
        ]
        if not frames:
            return pl.DataFrame(schema=SCHEMA)
        found = pl.concat(frames).cast(pl.Schema(SCHEMA))
        return found if found["time"].is_sorted() else found.sort("time", maintain_order=True)

    def to_draw(
        self, instruments: Collection[str], span_ns: tuple[int, int], others: Collection[str] = ()
    ) -> pl.DataFrame:
        """All prices of instruments that have few; else first, lowest, highest and last of 1,000 parts of the time.

        Each stands at its own time, ``thinned`` says whether there are more; it is null of ``others``, of which there
        are the first and the last price alone. None if a file is no longer what the run read. One pass over the data,
        which ends at the end of the span.
        """
        length = (span_ns[1] - span_ns[0]) // PARTS + 1
        edges = np.array([span_ns[0] + k * length for k in range(PARTS) if k * length <= span_ns[1] - span_ns[0]])
        found: dict[str, _Thinning | _Ends] = {}
        try:
            for name, times, price in self.by_instrument({*instruments, *others}, span_ns):
                if name not in found:
                    found[name] = _Thinning(edges) if name in instruments else _Ends()
                found[name].add(times, price)
        except DataError:  # a file has changed since the run, which the manifest says
            found = {}
        frames = [found[name].frame(name) for name in sorted(found)]
        return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA | {"thinned": pl.Boolean})


@dataclass(frozen=True)
class DrawnPrices:
    """The prices that were kept for pictures, in place of a market that is not there any more.

    Parameters
    ----------
    kept
        What :meth:`MarketPrices.to_draw` gave.
    """

    kept: pl.DataFrame

    def frame(self) -> pl.DataFrame:
        """The prices by time: ``time``, ``instrument``, ``price``."""
        return self.kept.select(*SCHEMA).sort("time", maintain_order=True)

    def by_instrument(
        self, instruments: Collection[str], span_ns: tuple[int, int] = EVER
    ) -> Iterator[tuple[str, Integers, Floats]]:
        """Name, times and prices of some instruments in a span of time, both ends included."""
        for (name,), mine in self.kept.group_by("instrument", maintain_order=True):
            times = mine["time"].to_physical().to_numpy()
            inside = (times >= span_ns[0]) & (times <= span_ns[1])
            if name in instruments and inside.any():
                yield str(name), times[inside], mine["price"].to_numpy()[inside]

    @property
    def spacing_ns(self) -> int:
        """Nanoseconds of the parts of which there are four prices each; 0 where there are all."""
        some = self.kept.filter("thinned")["time"].to_physical()
        return (int(some.max()) - int(some.min())) // PARTS if len(some) else 0  # type: ignore[arg-type] # ints


class _Thinning:
    """The prices of one instrument so far, thinned as soon as they are more than a few."""

    def __init__(self, edges: Integers) -> None:
        self._edges = edges
        self._times: list[Integers] = []
        self._prices: list[Floats] = []
        self._held = 0
        self.thinned = False

    def add(self, times: Integers, prices: Floats) -> None:
        if len(times) > _FEW:
            times, prices = self._thin(times, prices)
        self._times.append(np.array(times))  # a view would keep the whole chunk
        self._prices.append(np.array(prices))
        self._held += len(times)
        if self._held > 2 * _FEW:
            self._merge()

    def _thin(self, times: Integers, prices: Floats) -> tuple[Integers, Floats]:
        from barter_bt.report.downsample import extremes_of_parts

        rows = extremes_of_parts(times, prices, self._edges)
        self.thinned |= len(rows) < len(times)
        return times[rows], prices[rows]

    def _merge(self) -> None:
        times, prices = np.concatenate(self._times), np.concatenate(self._prices)
        if (times[1:] < times[:-1]).any():  # of several streams
            order = np.argsort(times, kind="stable")
            times, prices = times[order], prices[order]
        if self.thinned or len(times) > _FEW:
            times, prices = self._thin(times, prices)
        self._times, self._prices, self._held = [times], [prices], len(times)

    def frame(self, name: str) -> pl.DataFrame:
        self._merge()
        columns = {"time": self._times[0], "instrument": [name] * self._held, "price": self._prices[0]}
        return pl.DataFrame(columns).cast(pl.Schema(SCHEMA)).with_columns(thinned=pl.lit(self.thinned))


class _Ends:
    """The first and the last price of one instrument so far."""

    def __init__(self) -> None:
        self._times, self._prices = np.empty(0, np.int64), np.empty(0)

    def add(self, times: Integers, prices: Floats) -> None:
        every, price = np.append(self._times, times[[0, -1]]), np.append(self._prices, prices[[0, -1]])
        rows = np.argsort(every, kind="stable")[[0, -1]]
        self._times, self._prices = every[rows], price[rows]

    def frame(self, name: str) -> pl.DataFrame:
        columns = {"time": self._times, "instrument": name, "price": self._prices, "thinned": None}
        return pl.DataFrame(columns).cast(pl.Schema(SCHEMA | {"thinned": pl.Boolean}))


def _prices(kind: str, columns: Mapping[str, Any]) -> tuple[Array, ...]:
    return columns["time_exchange"], columns["close"] if kind == "candles" else price_of(kind, columns)


def price_of(kind: str, columns: Mapping[str, Any]) -> Floats:
    """Prices of trades, mids of quotes; NaN where a side of a quote is empty."""
    if kind == "trades":
        price: Floats = columns["price"]
        return price
    there = (columns["bid_amount"] > 0) & (columns["ask_amount"] > 0)
    mid: Floats = np.where(there, (columns["bid_price"] + columns["ask_price"]) / 2, np.nan)
    return mid
