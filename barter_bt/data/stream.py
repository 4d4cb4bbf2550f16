"""A stream: one ordered sequence of market events of one kind, in pieces, chunks or as a lazy frame."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Literal

from barter_bt.data import facts
from barter_bt.data.canonical import ADJUSTED, Adjusted, Options
from barter_bt.data.chunk import Chunk
from barter_bt.data.repair import Repair
from barter_bt.data.rows import Arrivals, Rows, in_messages
from barter_bt.data.source import FrameSource, Source
from barter_bt.data.validate import Guard, chunks_of
from barter_bt.errors import ConfigError

SeenBy = Literal["all", "strategy", "venue"]
SEEN_BY: tuple[SeenBy, ...] = ("all", "strategy", "venue")


class Stream(Rows):
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
        Whether a run checks the rows; nulls and unknown instruments are always refused. Candles that are not checked
        are looked at one by one in the loop, which takes as long.
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
        super().__init__(sources, options, repair, clock_offset)
        self.seen_by, self.validate = seen_by, validate
        self._is_checked = False  # once a run has read all rows: sources do not change
        self._is_sound = False  # whether all its chunks are

    def __repr__(self) -> str:
        return f"Stream({self.kind}, {self.name!r})"

    @property
    def is_in_memory(self) -> bool:
        """Whether its rows are frames, of which any part is at hand."""
        return all(isinstance(source, FrameSource) for source, _ in self.parts)

    @property
    def adjusted(self) -> Adjusted | None:
        """What its prices are adjusted for, as far as that was said."""
        return self._options.adjusted

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
        checked = self.validate if validate is None else validate
        chunks = self._checked(codes, extra) if checked else self.given_chunks(codes, extra)
        return in_messages(self, chunks, codes)

    def given_chunks(self, codes: Mapping[str, int], extra: Sequence[str] = ()) -> Iterator[Chunk]:
        """Chunks of the rows as they are, unchecked: of a book no messages, and of one by order no levels."""
        return chunks_of(self, codes, extra)

    def _checked(self, codes: Mapping[str, int], extra: Sequence[str]) -> Iterator[Chunk]:
        if self._is_checked:
            for chunk in self.given_chunks(codes, extra):
                chunk.sound = self._is_sound
                yield chunk
            return
        guard = Guard(self, codes)
        yield from chunks_of(self, codes, extra, guard)
        self._is_checked, self._is_sound = True, guard.vouches
        if guard.vouches_for_no_gaps:  # which need not be looked for once more
            self._is_gapless = True

    def with_negative_prices(self, instruments: Collection[str]) -> Stream:
        """Give the same rows, in which prices of these instruments can be 0 or below (rule 76).

        A run does so for those that declare it.

        Examples
        --------
        >>> import polars as pl
        >>> from barter_bt.data import check, generate, trades
        >>> stream = trades(generate.trades(3, instruments=1).with_columns(price=pl.Series([1.0, 0.0, -1.0])))
        >>> [each.code for each in check(stream).errors], check(stream.with_negative_prices(["walk0_usd"])).errors
        (['not_positive'], ())
        """
        found = copy(self)
        found.negative, found._is_checked = frozenset(instruments), False
        found.__dict__.pop("_repaired", None)  # what repairs drop depends on it
        return found

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

    def price_range(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest price of each instrument, ignoring what is no price; computed once."""
        return dict(self._price_range)

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
        from barter_bt.data.fingerprint import own_sha256

        return own_sha256(self, name)

    @cached_property
    def _price_range(self) -> dict[str, tuple[float, float]]:
        return facts.price_range(self.parts, self.kind)

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
        from barter_bt.data.fingerprint import fingerprint

        return fingerprint(self)
