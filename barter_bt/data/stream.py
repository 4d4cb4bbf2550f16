"""A stream: one ordered sequence of market events of one kind, in pieces, chunks or as a lazy frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.data import facts
from barter_bt.data.canonical import ADJUSTED, Adjusted, Canon, Options, alike, canonical
from barter_bt.data.chunk import Chunk, to_chunk
from barter_bt.data.duration import duration_ns
from barter_bt.data.infer import settled
from barter_bt.data.messages import Numbering, whole_messages
from barter_bt.data.orders import levels_of, with_clears
from barter_bt.data.own import own_values
from barter_bt.data.piece import Piece
from barter_bt.data.repair import Repair, repaired
from barter_bt.data.schema import BOOKS, NUMBERS, SCHEMAS, TIME, TIME_NAMES, Kind
from barter_bt.data.source import FrameSource, Source
from barter_bt.data.validate import Guard, check
from barter_bt.errors import ConfigError, DataError

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
Part = tuple[Source, Canon]
Arrivals = Callable[[npt.NDArray[np.int64], int], npt.NDArray[np.int64]]
SeenBy = Literal["all", "strategy", "venue"]
SEEN_BY: tuple[SeenBy, ...] = ("all", "strategy", "venue")
_EARLIEST = -(1 << 63)


class Stream:
    """One ordered sequence of market events of one kind: cheap to make, read many times and by many readers.

    Made by :func:`~barter_bt.data.trades`, :func:`~barter_bt.data.quotes`, :func:`~barter_bt.data.candles`,
    :func:`~barter_bt.data.book` and :func:`~barter_bt.data.book_orders`.

    Parameters
    ----------
    sources
        The sources, read one after the other.
    options
        How their columns become canonical.
    repair
        What to mend; the stream is then held in memory.
    clock_offset
        Added to ``time_received``: nanoseconds, text such as ``"1.5s"``, or ``"auto"``.
    validate
        Whether a run checks the rows; nulls and unknown instruments are always refused.
    seen_by
        Who sees the rows: ``"all"``, the ``"strategy"`` (the engine) or the ``"venue"`` alone (rule 78).

    Attributes
    ----------
    notes
        For each source what was understood of it that nobody said: names, units, zone, length of candles.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        options: Options,
        repair: Repair | None = None,
        clock_offset: str | int | None = None,
        validate: bool = True,
        seen_by: SeenBy = "all",
    ) -> None:
        if seen_by not in SEEN_BY:
            raise ConfigError(f"seen_by is {seen_by!r}; allowed: {', '.join(SEEN_BY)}")
        if options.adjusted not in (None, *ADJUSTED):
            raise ConfigError(f"adjusted is {options.adjusted!r}; allowed: {', '.join(ADJUSTED)}, or None")
        self.seen_by = seen_by
        _number(sources)
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
        self.validate = validate
        self._options = options
        self._is_sound = False  # once a run has read all rows: sources do not change
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

    def __repr__(self) -> str:
        return f"Stream({self.kind}, {self.name!r})"

    @property
    def is_book(self) -> bool:
        """Whether its rows are of messages about order books, by price or by order."""
        return self.kind in BOOKS

    @property
    def is_in_memory(self) -> bool:
        """Whether its rows are frames, of which any part is at hand."""
        return all(isinstance(source, FrameSource) for source, _ in self.parts)

    @property
    def adjusted(self) -> Adjusted | None:
        """What its prices are adjusted for, as far as that was said."""
        return self._options.adjusted

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

    def chunks(
        self, codes: Mapping[str, int], *, validate: bool | None = None, extra: Sequence[str] = ()
    ) -> Iterator[Chunk]:
        """Chunks in order, at most 2^20 rows each (of files 2^17), checked as by :func:`~barter_bt.data.check`.

        Those of a book hold whole messages; a message may be longer. Orders have become levels (rule 93), of which an
        order that loses its place makes two.

        Parameters
        ----------
        codes
            Instrument name to code.
        validate
            Whether to check the rows; by default as the stream says. Rows that passed once are not checked again.
        extra
            Which of the columns :attr:`extra` to give as well, as numbers.

        Raises
        ------
        DataError
            For what a check calls an error; without checks, for a null (or a value without exact canonical form)
            and for an unknown instrument; for a value of an ``extra`` column that is no 64-bit float.

        Examples
        --------
        >>> from barter_bt.data import generate, trades
        >>> stream = trades(generate.trades(4, instruments=2))
        >>> [chunk.columns["instrument"].tolist() for chunk in stream.chunks({"walk0_usd": 7, "walk1_usd": 9})]
        [[7, 7, 7, 9]]
        """
        chunks = self._chunks(codes, self.validate if validate is None else validate, extra)
        if self.kind == "book_orders":
            return levels_of(whole_messages(with_clears(chunks), Numbering()), codes, self.rows)
        return whole_messages(chunks, Numbering()) if self.kind == "book" else chunks

    def given_chunks(self, codes: Mapping[str, int], extra: Sequence[str] = ()) -> Iterator[Chunk]:
        """Chunks of the rows as they are, unchecked: of a book no messages, and of one by order no levels."""
        return self._chunks(codes, False, extra)

    def _chunks(self, codes: Mapping[str, int], checked: bool, extra: Sequence[str]) -> Iterator[Chunk]:
        guard = Guard(self, codes) if checked and not self._is_sound else None
        for piece in self.pieces(extra):
            if any(series.null_count() for series in piece.canonical):
                check(self, codes).raise_if_errors()
            chunk = to_chunk(
                piece.canonical, self.kind, codes, self.instrument, source=piece.source, first_row=piece.first_row
            )
            if guard:
                guard.inspect(piece, chunk)
            if extra:
                chunk.own = own_values(piece, list(extra))
            yield chunk
        self._is_sound |= guard is not None

    def with_negative_prices(self, instruments: Collection[str]) -> Stream:
        """Give the same rows, in which prices of these instruments can be 0 or below (rule 76).

        A run does so for those that declare it.

        Examples
        --------
        >>> from barter_bt.data import check, generate, trades
        >>> stream = trades(generate.trades(3, instruments=1).with_columns(price=pl.Series([1.0, 0.0, -1.0])))
        >>> [each.code for each in check(stream).errors], check(stream.with_negative_prices(["walk0_usd"])).errors
        (['not_positive'], ())
        """
        found = copy(self)
        found.negative, found._is_sound = frozenset(instruments), False
        found.__dict__.pop("_repaired", None)  # what repairs drop depends on it
        return found

    @property
    def signed(self) -> pl.Expr:
        """Of a canonical frame, in which rows prices can be 0 or below."""
        if self.instrument is not None:
            return pl.lit(self.instrument in self.negative)
        return pl.col("instrument").cast(pl.String).is_in(sorted(self.negative))

    def _alike(self, clock_offset: str | int | None) -> Stream:
        """The same sources and options, with a clock offset."""
        sources = [source for source, _ in self.given]
        stream = Stream(sources, self._options, self.repair, clock_offset, self.validate, self.seen_by)
        stream.negative = self.negative
        return stream

    def with_clock_offset(self, clock_offset: str | int) -> Stream:
        """Give the same rows with another clock offset."""
        return self._alike(clock_offset)

    def with_arrivals(self, arrivals: Arrivals) -> Stream:
        """Give the same rows with arrival times, which they have not yet.

        Parameters
        ----------
        arrivals
            Of the venue times of rows that follow each other, and the last arrival before them, their arrivals.
        """
        stream = self._alike(None)
        stream._arrivals, stream.has_received = arrivals, True
        return stream

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

    def price_range(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest price of each instrument, ignoring what is no price; computed once."""
        return dict(self._price_range)

    def time_range(self) -> tuple[int, int]:
        """``time_exchange`` of the first and of the last row, nanoseconds UTC."""
        return self._time_range

    def longest_candle_ns(self) -> int:
        """Of candles: length in ns of the longest; computed once."""
        return self._longest_candle_ns

    def opens_in_order(self) -> bool:
        """Of candles: whether they open in the order of the rows; computed once."""
        return self._opens_in_order

    def is_gapless(self) -> bool:
        """Of candles: whether each certainly opens as the one before it of its instrument closes; computed once."""
        return self._is_gapless

    def fingerprint(self) -> dict[str, object]:
        """Describe the stream for a manifest: source, rows, times and SHA-256; computed once."""
        return dict(self._fingerprint)

    def own_sha256(self, name: str) -> str | None:
        """SHA-256 of one of the columns :attr:`extra`, as strategies read it; None without it."""
        return facts.own_sha256(self, name)

    @cached_property
    def _price_range(self) -> dict[str, tuple[float, float]]:
        return facts.price_range(self.parts, self.kind)

    @cached_property
    def _time_range(self) -> tuple[int, int]:
        return facts.time_range(self.parts, self.name)

    @cached_property
    def _longest_candle_ns(self) -> int:
        return facts.longest_candle_ns(self.parts)

    @cached_property
    def _opens_in_order(self) -> bool:
        # Of one instrument the checks refuse a candle that opens before the close of the one before it.
        return (self.validate and len(self.instruments) == 1) or facts.opens_in_order(self.parts)

    @cached_property
    def _is_gapless(self) -> bool:
        return facts.are_gapless(self.parts)

    @cached_property
    def _fingerprint(self) -> dict[str, object]:
        return facts.fingerprint(self)

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
