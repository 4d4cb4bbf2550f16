"""Hands chunks of market data to the kernel's cursors; memory holds only the chunks that some cursor is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.expired import Expiries
from barter_bt.backtest.openings import Openings
from barter_bt.data import Chunk, Stream
from barter_bt.data.market import shown
from barter_bt.data.moment import moment
from barter_bt.data.schema import BOOKS
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.feed import BOOK_ROWS, CANDLE_ROWS, QUOTE_ROWS, TRADE_ROWS, Cursors, advance
from barter_bt.errors import ConfigError, DataError

KINDS = {"trades": TRADE_ROWS, "quotes": QUOTE_ROWS, "candles": CANDLE_ROWS} | dict.fromkeys(BOOKS, BOOK_ROWS)
_VALUES = {
    "trades": ("price", "amount"),
    "quotes": ("bid_price", "bid_amount", "ask_price", "ask_amount"),
    "candles": ("open", "high", "low", "close", "volume"),
    "book": ("price", "amount"),
    "book_orders": ("price", "amount", "change", "place"),
}
_SLOTS = ("first", "second", "third", "fourth", "fifth")
VENUE, ENGINE, OPENS = 0, 1, 2


class _Window:
    """The chunks of one stream that are in use, by number."""

    def __init__(self, chunks: Iterable[Chunk], expiries: Expiries, start: int, end: int) -> None:
        self._expiries = expiries
        self._source: Iterator[Chunk] = iter(chunks)
        self._range = start, end
        self._chunks: dict[int, Chunk] = {}
        self._read = 0
        self.count: int | None = None  # of chunks, once known

    def _next(self) -> Chunk | None:
        for chunk in self._source:
            times = chunk.columns["time_exchange"]
            low, high = np.searchsorted(times, self._range[0]), np.searchsorted(times, self._range[1], side="right")
            if low == 0 and high == chunk.rows:
                return chunk
            if high > low:
                cut = {name: values[low:high] for name, values in chunk.columns.items()}
                own = None if chunk.own is None else chunk.own[low:high]
                flags = None if chunk.flags is None else chunk.flags[low:high]
                return Chunk(int(high - low), chunk.first_row + int(low), chunk.source, cut, own, flags, chunk.sound)
        return None

    def get(self, number: int) -> Chunk | None:
        """Chunk ``number``; one more is read ahead, so that the last is known to be the last."""
        while self.count is None and self._read <= number + 1:
            chunk = self._next()
            if chunk is None:
                self.count = self._read
            elif chunk.rows:
                self._chunks[self._read] = self._expiries.mark(chunk)
                self._read += 1
        return self._chunks.get(number)

    def read_on(self) -> None:
        """Read and forget what is left."""
        for _ in self._source:
            pass

    def is_last(self, number: int) -> bool:
        """Whether no chunk follows."""
        return self.count is not None and number + 1 >= self.count

    def place(self, number: int, row: int) -> tuple[str, int]:
        """Source and row of a row of a chunk."""
        chunk = self._chunks[number]
        return chunk.source, chunk.row_of(row)

    def forget(self, before: int) -> None:
        for number in [n for n in self._chunks if n < before]:
            del self._chunks[number]


class Feeder:
    """Feeds the cursors of a run.

    Parameters
    ----------
    streams
        In the order of rule 10.
    chunks
        Those of each stream.
    expiry
        When each instrument expires, in ns.
    feed_ns
        Feed latency of each stream; used where it has no ``time_received``.
    start, end
        First and last venue time in ns that take part.
    own
        Of each stream the numbers of the user's own columns in its chunks, where there are any.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        chunks: Sequence[Iterable[Chunk]],
        expiry: npt.NDArray[np.int64],
        feed_ns: Sequence[int],
        start: int,
        end: int,
        own: Sequence[npt.NDArray[np.int64]] = (),
    ) -> None:
        k = len(streams)
        candles = [s for s in range(k) if streams[s].kind == "candles"]
        self._roles = [(s, VENUE) for s in range(k)] + [(s, ENGINE) for s in range(k)] + [(s, OPENS) for s in candles]
        self._streams, self._feed_ns, self._own = streams, feed_ns, own
        self.expiries = Expiries(expiry)
        self._windows = [_Window(of_stream, self.expiries, start, end) for of_stream in chunks]
        self._openings: dict[int, Openings] = {}  # by cursor, where candles do not open in the order of rows
        for c, (s, role) in enumerate(self._roles):
            if role == OPENS:
                if not streams[s].opens_in_order():
                    self._openings[c] = Openings(self._windows[s].get, streams[s].longest_candle_ns())
        self.cursors = Cursors(len(self._roles))
        self._passed = [0] * len(self._roles)  # rows of the chunks before the present one
        self.total_rows = sum(stream.rows for stream in shown(streams))
        for c, (s, _) in enumerate(self._roles):
            self.cursors.kind[c] = KINDS[streams[s].kind]
            self._give(c, 0)
        self._first = min(self.cursors.due[c] for c in range(len(self.cursors)) if self.is_venue_time(c))
        for c, (s, role) in enumerate(self._roles):
            if streams[s].seen_by == ("venue" if role == ENGINE else "strategy"):
                self._close(c)
        if all(self.cursors.due[c] == NEVER for c, (_, role) in enumerate(self._roles) if role == ENGINE):
            self._first = NEVER

    def first_time(self) -> int:
        """The smallest venue time in the data; of candles, their opens."""
        if self._first == NEVER:
            spans = [one.time_range() for one in self._streams if one.rows]
            if not spans:
                names = ", ".join(one.name for one in self._streams)
                raise ConfigError(f"the market data has no rows: {names}")
            first, last = (moment(pick(ends)) for pick, ends in zip((min, max), zip(*spans, strict=True), strict=True))
            raise ConfigError(
                "the market data has no rows between start and end that the strategy sees",
                f"its rows are stamped from {first} to {last}",
            )
        return self._first

    def _close(self, c: int) -> None:
        """Nobody reads a stream by this cursor (rule 78)."""
        self._openings.pop(c, None)
        self.cursors.chunk[c], self.cursors.rows[c], self.cursors.last[c] = NEVER, 0, 1
        advance(self.cursors, c, 0)

    def read_on(self) -> None:
        """Read what no cursor has come to: rows that nobody needed are checked, too."""
        for s, stream in enumerate(self._streams):
            if stream.seen_by == "venue" and stream.validate:
                self._windows[s].read_on()

    def feed(self, c: int) -> None:
        """Give cursor ``c`` the chunk after its present one."""
        self._passed[c] += self.cursors.rows[c]
        self._give(c, self.cursors.chunk[c] + 1)
        stream = self._roles[c][0]
        self._windows[stream].forget(min(self._needs(k) for k, (s, _) in enumerate(self._roles) if s == stream))

    def _needs(self, c: int) -> int:
        """The first chunk of its stream that a cursor still reads."""
        return self._openings[c].needs if c in self._openings else self.cursors.chunk[c]

    def places(self) -> list[int]:
        """Rows that each cursor has passed, whatever the chunks."""
        return [self._passed[c] + self.cursors.row[c] for c in range(len(self.cursors))]

    def seek(self, places: Sequence[int]) -> None:
        """Move every cursor forward to its place, side by side, so that passed chunks can be let go."""
        f, going = self.cursors, list(range(len(places)))
        while going:
            going = [c for c in going if not f.last[c] and self._passed[c] + f.rows[c] <= places[c]]
            for c in going:
                self.feed(c)
        for c, place in enumerate(places):
            advance(f, c, place - self._passed[c])

    def place(self, c: int, row: int) -> tuple[str, dict[str, float]]:
        """Which row of which source a row of cursor ``c`` is, and its values."""
        source = self._openings.get(c) or self._windows[self._roles[c][0]]
        number = self.cursors.chunk[c]
        chunk = source.get(number)
        if chunk is None or row >= chunk.rows:
            return self.stream_of(c).name, {}
        name, at = source.place(number, row)
        return f"row {at} of {name}", {k: a[row].item() for k, a in chunk.columns.items() if not k.startswith("_")}

    def chunk_of(self, c: int) -> Chunk:
        """The chunk that cursor ``c`` is in; a row of it is ``cursors.row[c]``."""
        chunk = self._windows[self._roles[c][0]].get(self.cursors.chunk[c])
        assert chunk is not None, "a cursor that has moved is in a chunk"
        return chunk

    def stream_of(self, c: int) -> Stream:
        """The stream that cursor ``c`` reads."""
        return self._streams[self._roles[c][0]]

    def is_venue_time(self, c: int) -> bool:
        """Whether a cursor goes by the venue's clock."""
        return self._roles[c][1] != ENGINE

    def _give(self, c: int, number: int) -> None:
        f, (stream, role) = self.cursors, self._roles[c]
        window = self._openings.get(c) or self._windows[stream]
        chunk = window.get(number)
        f.chunk[c] = number
        f.rows[c] = chunk.rows if chunk else 0
        f.last[c] = int(window.is_last(number))
        if chunk:
            self._point(c, stream, role, chunk)
        advance(f, c, 0)

    def _check_opens(self, stream: int, chunk: Chunk) -> None:
        late = np.flatnonzero(chunk.columns["time_open"] >= chunk.columns["time_exchange"])
        if len(late):
            raise DataError(
                f"{self._streams[stream].name}: {len(late)} candle(s) open at or after their close, "
                f"first row {chunk.first_row + int(late[0])}",
                "time_exchange is the time of the close; the columns may be the wrong way round",
            )

    def _point(self, c: int, stream: int, role: int, chunk: Chunk) -> None:
        f, columns = self.cursors, chunk.columns
        f.point("instrument", c, columns["instrument"])
        if role == OPENS:
            f.point("time", c, columns["time_open"])
            f.point("first", c, columns["open"])
            return
        received = columns.get("time_received")
        time = exchange = columns["time_exchange"]
        if role == VENUE and "time_open" in columns and not self._streams[stream].validate:  # else it is checked
            self._check_opens(stream, chunk)
        if role == ENGINE:
            time = exchange if received is None else received
            f.shift[c] = self._feed_ns[stream] if received is None else 0
        if int(time[-1]) + f.shift[c] >= NEVER:
            name = self._streams[stream].name
            raise DataError(f"{name}: {int(time[-1])} ns and a latency of {f.shift[c]} ns end after 2262-04-11")
        f.same_clock[c], f.sound[c] = int(time is exchange), int(chunk.sound)
        f.point("time", c, time)
        f.point("time_exchange", c, exchange)
        if "time_open" in columns:
            f.point("time_open", c, columns["time_open"])
        flags = columns.get("side") if chunk.flags is None else chunk.flags
        if flags is not None:
            f.point("flags", c, flags)
        if role == ENGINE and chunk.own is not None:
            f.own_width[c] = chunk.own.shape[1]
            f.point("own", c, chunk.own.reshape(-1))
            f.point("own_number", c, self._own[stream])
        for slot, name in zip(_SLOTS, _VALUES[self._streams[stream].kind], strict=False):
            f.point(slot, c, columns[name])
