"""Rows of market events: sources, mended where that is asked for, in canonical pieces or as a lazy frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import facts
from barter_bt.data.bare import typed_market
from barter_bt.data.canonical import Canon, Options, alike, canonical
from barter_bt.data.chunk import Chunk, to_chunk
from barter_bt.data.duration import duration_ns
from barter_bt.data.infer import settled
from barter_bt.data.messages import Numbering, whole_messages
from barter_bt.data.orders import levels_of, with_clears
from barter_bt.data.piece import Piece
from barter_bt.data.repair import Repair, repaired
from barter_bt.data.schema import BOOKS, NUMBERS, SCHEMAS, TIME, TIME_NAMES, Kind
from barter_bt.data.source import FrameSource, Source
from barter_bt.errors import ConfigError, DataError

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
Part = tuple[Source, Canon]
Arrivals = Callable[[npt.NDArray[np.int64], int], npt.NDArray[np.int64]]
_EARLIEST = -(1 << 63)


class Rows:
    """What :class:`~barter_bt.data.Stream` reads, and knows of it without a check.

    Parameters
    ----------
    sources, options, repair, clock_offset
        As of the stream.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        options: Options,
        repair: Repair | None = None,
        clock_offset: str | int | None = None,
    ) -> None:
        _number(sources)
        sources = [typed_market(source, options) for source in sources]
        told = [settled(source, options) for source in sources]
        self.given: list[Part] = [
            (source, canonical(source.schema, source.label, found))
            for source, (found, _) in zip(sources, told, strict=True)
        ]
        self.notes = {source.label: notes for source, (_, notes) in zip(sources, told, strict=True) if notes}
        self.kind: Kind = SCHEMAS[options.kind].kind
        self.instrument = options.instrument
        self._time_zone = options.time_zone
        self.repair = repair
        self._options = options
        self.clock_offset = clock_offset
        labels = [source.label for source in sources]
        self.name = labels[0] if len(labels) == 1 else f"{labels[0]} ... {labels[-1]} ({len(labels)} sources)"
        for name in ("time_received", *NUMBERS):
            there = [name in canon.expressions for _, canon in self.given]
            if any(there) != all(there):
                raise DataError(f"{labels[there.index(False)]}: has no {name}, other sources of this stream have")
        self.has_received = "time_received" in self.given[0][1].expressions
        if clock_offset is not None and not self.has_received:
            raise ConfigError(f"{self.name}: clock_offset is given, but there is no time_received", "leave it out")
        if clock_offset not in (None, "auto"):
            duration_ns(clock_offset, "clock_offset")
        self._arrivals: Arrivals | None = None
        self.negative: frozenset[str] = frozenset()

    @property
    def is_book(self) -> bool:
        """Whether its rows are of messages about order books, by price or by order."""
        return self.kind in BOOKS

    @property
    def has_volume(self) -> bool:
        """Whether a source of its candles has a volume; without one it is 0."""
        return any("volume" in canon.expressions for _, canon in self.given)

    @property
    def time_zone(self) -> str:
        """Zone that the times were given in: ``time_zone``, else that of their columns if all have the same; or UTC."""
        zones = set()
        for source, canon in self.given:
            times = [source.schema[canon.columns[name]] for name in TIME_NAMES if name in canon.columns]
            zones |= {self._time_zone or getattr(dtype, "time_zone", None) or "UTC" for dtype in times}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def rows(self) -> int:
        """Number of rows of all sources, after repair."""
        return sum(source.rows for source, _ in self.parts)

    @cached_property
    def instruments(self) -> tuple[str, ...]:
        """Distinct instrument names, sorted; from the instrument column alone."""
        return (self.instrument,) if self.instrument is not None else facts.instruments(self.parts)

    @cached_property
    def clock_offset_ns(self) -> int:
        """What is added to ``time_received``; for ``"auto"`` the smallest shift that leaves no negative latency."""
        if self.clock_offset is None:
            return 0
        if self.clock_offset == "auto":
            return max(0, -facts.latency_min_ns(self.given))
        return duration_ns(self.clock_offset, "clock_offset")

    @property
    def repairs(self) -> dict[str, int]:
        """How many rows each repair moved or dropped; empty without ``repair``."""
        return dict(self._repaired[1]) if self.repair is not None else {}

    @property
    def parts(self) -> list[Part]:
        """The sources that are read: the given ones, or the repaired frame."""
        return self._parts(())

    def _parts(self, extra: Sequence[str]) -> list[Part]:
        """The same with some of the user's own columns."""
        if self.repair is None:
            return self.given
        return self._mended(extra)[0] if extra else self._repaired[0]

    def pieces(self, extra: Sequence[str] = ()) -> Iterator[Piece]:
        """Pieces in order, as given and canonical; nulls are still in them, ``extra`` columns only among the given."""
        parts, last = self._parts(extra), _EARLIEST
        for source, canon in parts:
            there = [name for name in extra if name in source.schema and name not in canon.needed]
            for first_row, raw in source.pieces([*canon.needed, *there]):
                frame = self._shifted(canon.apply(raw), parts)
                if self._arrivals:
                    frame, last = _with_arrivals(frame, self._arrivals, last)
                yield Piece(source.label, first_row, raw, frame, canon)

    @property
    def signed(self) -> pl.Expr:
        """Of a canonical frame, in which rows prices can be 0 or below."""
        if self.instrument is not None:
            return pl.lit(self.instrument in self.negative)
        return pl.col("instrument").cast(pl.String).is_in(sorted(self.negative))

    @cached_property
    def extra(self) -> tuple[str, ...]:
        """Columns of the sources that are none of this kind's: signals and strategies can read them."""
        given = {name: None for source, canon in self.given for name in source.schema if name not in canon.needed}
        return tuple(given)

    def frame(self, extra: Sequence[str] = ()) -> pl.LazyFrame:
        """All rows with canonical columns: times ``Datetime[ns, UTC]``, the instrument as text or category.

        Parameters
        ----------
        extra
            Which of the columns :attr:`extra` to give as well, as they are; null where a source has none.

        Examples
        --------
        >>> from barter_bt.data import candles, generate
        >>> stream = candles(generate.candles(3).with_columns(surprise=pl.lit(0.5)))
        >>> stream.extra, stream.frame(["surprise"]).collect()["surprise"].to_list()
        (('surprise',), [0.5, 0.5, 0.5])
        """
        return self._whole(self._parts(extra), extra)

    def time_range(self) -> tuple[int, int]:
        """``time_exchange`` of the first and of the last row, nanoseconds UTC."""
        return self._time_range

    @cached_property
    def _time_range(self) -> tuple[int, int]:
        return facts.time_range(self.parts, self.name)

    @cached_property
    def _repaired(self) -> tuple[list[Part], dict[str, int]]:
        return self._mended(())

    def _mended(self, extra: Sequence[str]) -> tuple[list[Part], dict[str, int]]:
        """The repaired frame, in which ``extra`` columns follow their rows; and how many rows each repair touched."""
        assert self.repair is not None, "only asked for with a repair"
        frame, counts = repaired(self._whole(self.given, extra).collect(), self.kind, self.repair, extra, self.signed)
        source = FrameSource(frame.drop("instrument") if self.instrument else frame, self.name)
        return [(source, canonical(source.schema, source.label, Options(self.kind, self.instrument)))], counts

    def _whole(self, parts: list[Part], extra: Sequence[str] = ()) -> pl.LazyFrame:
        frames = []
        for source, canon in parts:
            there = [name for name in extra if name in source.schema and name not in canon.needed]
            frames.append(self._shifted(canon.lazy(source.lazy(), there), parts))
        whole = pl.concat(alike(frames, self.kind, extra), how="vertical_relaxed" if extra else "vertical")
        if self._arrivals is None or (self.repair is not None and parts is self.given):  # what is to be mended has none
            return whole
        arrivals = self._arrivals

        def arriving(times: pl.Series) -> pl.Series:
            return pl.Series(arrivals(times.to_physical().fill_null(0).to_numpy(), _EARLIEST)).cast(TIME)

        return whole.with_columns(time_received=pl.col("time_exchange").map_batches(arriving, TIME))

    def _shifted(self, frame: Frame, parts: list[Part]) -> Frame:
        """Add the clock offset; a repaired frame has it already."""
        if self.clock_offset is None or parts is not self.given:
            return frame
        shifted = pl.col("time_received").to_physical() + self.clock_offset_ns
        return frame.with_columns(shifted.cast(TIME).alias("time_received"))


def chunk_of(stream: Rows, piece: Piece, codes: Mapping[str, int]) -> Chunk:
    """A piece without nulls as the engine reads it."""
    return to_chunk(
        piece.canonical, stream.kind, codes, stream.instrument, source=piece.source, first_row=piece.first_row
    )


def in_messages(stream: Rows, chunks: Iterable[Chunk], codes: Mapping[str, int]) -> Iterator[Chunk]:
    """Chunks of whole messages, of a book; of one by order they hold levels (rule 93). Others as they are."""
    if stream.kind == "book_orders":
        return levels_of(whole_messages(with_clears(chunks), Numbering()), codes, stream.rows)
    return whole_messages(chunks, Numbering()) if stream.kind == "book" else iter(chunks)


def _number(sources: Sequence[Source]) -> None:
    """Give frames, and files of one name in several directories, labels of their own."""
    seen = Counter(source.label for source in sources)
    for number, source in enumerate(sources):
        if seen[source.label] > 1:
            source.label = f"{source.label} [{number}]"


def _with_arrivals(frame: pl.DataFrame, arrivals: Arrivals, last: int) -> tuple[pl.DataFrame, int]:
    """A piece with arrival times, and the last of them."""
    found = arrivals(frame["time_exchange"].to_physical().fill_null(0).to_numpy(), last)
    return frame.with_columns(time_received=pl.Series(found).cast(TIME)), int(found[-1]) if len(found) else last
