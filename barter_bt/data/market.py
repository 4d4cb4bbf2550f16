"""Market data for a backtest: trades, quotes, candles and order books from frames and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from barter_bt.data.canonical import Adjusted, Options
from barter_bt.data.repair import Repair
from barter_bt.data.source import open_source
from barter_bt.data.stream import SeenBy, Stream
from barter_bt.errors import ConfigError


@dataclass(frozen=True)
class MarketData:
    """The streams of one backtest, in the order that decides between events at one time.

    Parameters
    ----------
    streams
        At least one stream.

    Examples
    --------
    >>> from barter_bt.data import generate
    >>> MarketData.of(trades(generate.trades(10)), quotes(generate.quotes(10))).instruments
    ('walk0_usd', 'walk1_usd', 'walk2_usd')
    """

    streams: tuple[Stream, ...]

    def __post_init__(self) -> None:
        streams = (self.streams,) if isinstance(self.streams, Stream) else tuple(self.streams)
        for stream in streams:
            if not isinstance(stream, Stream):
                raise ConfigError(
                    f"market data holds a {type(stream).__name__}, not a stream",
                    "wrap it: trades(...), quotes(...), candles(...), book(...) or book_orders(...)",
                )
        if not streams:
            raise ConfigError("market data holds no stream")
        object.__setattr__(self, "streams", streams)

    @classmethod
    def of(cls, *streams: Stream) -> MarketData:
        """Market data of one or several streams."""
        return cls(streams)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Distinct instrument names of all streams, sorted."""
        return tuple(sorted({name for stream in self.streams for name in stream.instruments}))


def on_one_clock(streams: Sequence[Stream]) -> list[Stream]:
    """Give streams with ``clock_offset="auto"`` one offset, the largest: one receiver's clock was behind in all.

    Examples
    --------
    >>> import polars as pl
    >>> times = {"time_exchange": [5], "time_received": [3], "price": [1.0], "amount": [1.0]}
    >>> behind = pl.DataFrame(times).with_columns(pl.col("^time.*$").cast(pl.Datetime("ns", "UTC")))
    >>> ahead = behind.with_columns(time_received=pl.col("time_exchange"))
    >>> both = [trades(one, instrument="a_usd", clock_offset="auto") for one in (behind, ahead)]
    >>> [stream.clock_offset_ns for stream in both], [stream.clock_offset_ns for stream in on_one_clock(both)]
    ([2, 0], [2, 2])
    """
    needed = max((stream.clock_offset_ns for stream in streams if stream.clock_offset == "auto"), default=0)
    return [
        stream.with_clock_offset(needed)
        if stream.clock_offset == "auto" and stream.clock_offset_ns != needed
        else stream
        for stream in streams
    ]


def shown(streams: Sequence[Stream]) -> list[Stream]:
    """What the engine sees, and with it the strategy (rule 78)."""
    return [stream for stream in streams if stream.seen_by != "venue"]


def dealt_on(streams: Sequence[Stream]) -> list[Stream]:
    """What orders meet at the venues (rule 78)."""
    return [stream for stream in streams if stream.seen_by != "strategy"]


def trades(
    source: object,
    *,
    instrument: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    validate: bool = True,
    seen_by: SeenBy = "all",
    adjusted: Adjusted | None = None,
) -> Stream:
    """Make a stream of public trades: ``time_exchange``, ``price``, ``amount``, optionally ``side``.

    Parameters
    ----------
    source
        A Polars or pandas frame, anything that speaks Arrow (a pyarrow table, a DuckDB relation), a path to
        ``.parquet``, ``.csv`` (also ``.gz``, ``.zst``) or a ``.zip`` of one CSV file, or a list of them, read one
        after the other. Parquet is streamed; nothing else is read in pieces.
    instrument
        Name of the only instrument; without it there is a column ``instrument`` (text, category or integer).
    columns
        Your column names to canonical ones, such as ``{"ts": "time_exchange"}``. Usual names (``Date``, ``timestamp``,
        ``qty``, ``bid_size``, ...) are known; what was understood stands in ``stream.notes`` and in a run's warnings.
    time_zone
        Zone of times that have none, such as ``"UTC"``. A time that a clock change skipped or
        repeated is an error.
    time_unit
        ``"ns"``, ``"us"``, ``"ms"`` or ``"s"``: what integer times count since 1970 UTC. By default their size tells.
    repair
        What to mend, see :class:`~barter_bt.data.Repair`; by default nothing.
    clock_offset
        Added to ``time_received`` where the receiver's clock was behind: nanoseconds, text such as
        ``"1.5s"``, or ``"auto"`` for the smallest shift that leaves no negative latency, the same in all streams
        of a run that say so.
    validate
        Whether a run checks the rows; nulls and unknown instruments are always refused.
    seen_by
        ``"strategy"``: it decides by this stream, and no order meets it; ``"venue"``: orders meet it, and the strategy
        knows nothing of it (rule 78). So hours are decided by, and minutes, trades or quotes dealt on. By default
        ``"all"`` see it.
    adjusted
        ``"splits"`` or ``"splits_and_dividends"``: what the prices are adjusted for. A run refuses a split, or a
        dividend, of such an instrument, which would count twice, and streams of it that are adjusted otherwise (rule
        108).

    Raises
    ------
    ConfigError, DataError
        For wrong options, columns and types. Rows are checked by :func:`~barter_bt.data.check` and by a run.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"ms": [1_700_000_000_000], "price": [100.0], "amount": [2.0]})
    >>> trades(frame, instrument="btc_usdt", columns={"ms": "time_exchange"}, time_unit="ms").time_range()
    (1700000000000000000, 1700000000000000000)
    """
    options = Options("trades", instrument, columns, time_zone, time_unit, adjusted=adjusted)
    return _stream(source, options, repair, clock_offset, validate, seen_by)


def quotes(
    source: object,
    *,
    instrument: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    validate: bool = True,
    seen_by: SeenBy = "all",
    adjusted: Adjusted | None = None,
) -> Stream:
    """Make a stream of best quotes: ``time_exchange``, ``bid_price``, ``bid_amount``, ``ask_price``, ``ask_amount``.

    An empty side has amount 0; its price is ignored. Parameters as for :func:`trades`.

    Examples
    --------
    >>> from barter_bt.data import generate
    >>> quotes(generate.quotes(5, instruments=1)).instruments
    ('walk0_usd',)
    """
    options = Options("quotes", instrument, columns, time_zone, time_unit, adjusted=adjusted)
    return _stream(source, options, repair, clock_offset, validate, seen_by)


def candles(
    source: object,
    *,
    instrument: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    interval: str | int | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    validate: bool = True,
    seen_by: SeenBy = "all",
    adjusted: Adjusted | None = None,
) -> Stream:
    """Make a stream of candles: their times of open and close, ``open``, ``high``, ``low``, ``close``.

    Further parameters as for :func:`trades`. ``volume`` is optional.

    Parameters
    ----------
    interval
        Length of a candle, such as ``"1m"``, where the data has only the time of its open or of its
        close (``time_exchange``, which may be called ``time_close``). A date is the time of the open. By default the
        shortest distance of candles, if it is the usual one as well; dates without a zone are days of UTC.
        ``"1d"`` is a day of the zone that the times are in, of 23 or 25 hours where clocks change; ``"24h"`` is not.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import datetime, timezone
    >>> day = {"time_open": [datetime(2024, 1, 1, tzinfo=timezone.utc)], "open": [1.0], "high": [3.0]}
    >>> stream = candles(pl.DataFrame(day | {"low": [1.0], "close": [2.0]}), instrument="a_usd", interval="1d")
    >>> stream.frame().collect()["time_exchange"].item().day
    2
    """
    options = Options("candles", instrument, columns, time_zone, time_unit, interval, adjusted)
    return _stream(source, options, repair, clock_offset, validate, seen_by)


def book(
    source: object,
    *,
    instrument: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    validate: bool = True,
) -> Stream:
    """Make a stream of order books by price (L2): ``time_exchange``, ``side``, ``price``, ``amount``.

    Each row says what stands at one price of one side (``bid`` or ``ask``, ``buy`` or ``sell``, +1 or -1) from then on:
    the amount, 0 for none. Rows that follow each other with the same instrument, times and numbers are one message,
    which is applied whole (rule 87). Further parameters as for :func:`trades`.

    Optional columns: ``snapshot`` (true: the message replaces the book), ``sequence`` (the number of the message, or of
    the last change in it) and ``previous_sequence`` (the number of what it follows: Binance's ``pu``, or ``U`` - 1).
    With both, a message that is missing is noticed. A book is empty until its first snapshot. A row with side 0 stands
    for a message without levels; its price and amount are 0.

    Examples
    --------
    >>> import polars as pl
    >>> rows = [(1, "bid", 99.0, 5.0, True), (1, "ask", 101.0, 4.0, True), (2, "ask", 100.0, 1.0, False)]
    >>> names = ("time_exchange", "side", "price", "amount", "snapshot")
    >>> frame = pl.DataFrame(rows, dict.fromkeys(names), orient="row")
    >>> book(frame, instrument="btc_usdt", time_unit="s").frame().collect()["side"].to_list()
    [1, -1, -1]
    """
    options = Options("book", instrument, columns, time_zone, time_unit)
    return _stream(source, options, repair, clock_offset, validate, "all")


def book_orders(
    source: object,
    *,
    instrument: str | None = None,
    columns: Mapping[str, str] | None = None,
    time_zone: str | None = None,
    time_unit: str | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    validate: bool = True,
) -> Stream:
    """Make a stream of order books by order (L3, market by order), a row for what happens to one order.

    Columns are ``time_exchange``, ``action``, ``order_id``, ``side``, ``price`` and ``amount``; of actions (rule 93):

    - ``add``: a new order, behind all others of its price;
    - ``modify``: the order has this ``amount`` left, at this ``price``, 0 for the one that it has; if it moves or
      grows, it stands behind all others afterwards;
    - ``cancel``: so much of the order leaves, 0 for all of it;
    - ``execute``: so much of it is traded;
    - ``clear``: the book is empty from now on; the rest of the row says nothing.

    ``side`` and ``price`` of the last two may be 0, else they are the order's. Ids are integers, one for each order
    of an instrument as long as it stands. ``snapshot``, ``sequence`` and ``previous_sequence`` are as for :func:`book`;
    rows of a snapshot add all orders, each price's in the order of its queue. Further parameters as for
    :func:`trades`. A row that its book does not allow, such as of an order that is not there, is an error.

    In a run it is a book by price as well, and :class:`~barter_bt.Venue` may say ``queue="fifo"`` (rule 94).

    Examples
    --------
    >>> import polars as pl
    >>> rows = [
    ...     (1, "clear", 0, 0, 0.0, 0.0),
    ...     (2, "add", 7, 1, 99.0, 5.0),
    ...     (3, "add", 8, 1, 99.0, 2.0),
    ...     (4, "execute", 7, 1, 99.0, 4.0),
    ... ]
    >>> names = ("time_exchange", "action", "order_id", "side", "price", "amount")
    >>> frame = pl.DataFrame(rows, dict.fromkeys(names), orient="row")
    >>> from barter_bt.data import rebuild_books
    >>> rebuild_books(book_orders(frame, instrument="btc_usdt", time_unit="s"))["bid_amount_1"].to_list()
    [None, 5.0, 7.0, 3.0]
    """
    options = Options("book_orders", instrument, columns, time_zone, time_unit)
    return _stream(source, options, repair, clock_offset, validate, "all")


def _stream(
    source: object,
    options: Options,
    repair: Repair | None,
    clock_offset: str | int | None,
    validate: bool,
    seen_by: SeenBy,
) -> Stream:
    given = list(source) if isinstance(source, (list, tuple)) else [source]
    if not given:
        raise ConfigError(f"{options.kind}: the list of sources is empty")
    if repair is not None and not isinstance(repair, Repair):
        raise ConfigError(f"repair is {repair!r}", "write for example repair=Repair(sort=True)")
    sources = [open_source(one, options.instrument) for one in given]
    return Stream(sources, options, repair, clock_offset, validate, seen_by)
