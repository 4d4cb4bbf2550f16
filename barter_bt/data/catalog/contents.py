"""What a catalog gives: streams of market data, and what happens to instruments."""

from __future__ import annotations

from typing import cast

import polars as pl

from barter_bt.data.canonical import Adjusted, Options, adjusted_words
from barter_bt.data.catalog.kinds import layout_of
from barter_bt.data.catalog.manifest import Entry, Manifest
from barter_bt.data.catalog.moments import Moment, less_than_asked, span, within
from barter_bt.data.catalog.places import Place
from barter_bt.data.catalog.reading import CatalogSource
from barter_bt.data.dated import Dated, make_dated
from barter_bt.data.flows import CashFlows
from barter_bt.data.sessions import Sessions
from barter_bt.data.stream import SeenBy, Stream
from barter_bt.errors import ConfigError, nearest


class Contents:
    """The part of a catalog that reads."""

    place: Place

    def trades(
        self, instrument: str, start: Moment = None, end: Moment = None, *,
        exchange: str | None = None, seen_by: SeenBy = "all", adjusted: Adjusted | None = None,
    ) -> Stream:  # fmt: skip
        """Trades of an instrument, as a stream whose files are opened when their rows are read.

        Parameters
        ----------
        instrument
            Its name in the catalog.
        start, end
            The first time, and the first time after it: datetimes with a zone, or ISO texts (without a zone UTC).
        exchange
            Where; needed if the catalog has the instrument of several. A run tells if the instrument is at another.
        seen_by
            As for :func:`~barter_bt.data.trades`.
        adjusted
            As for :func:`~barter_bt.data.trades`; what was said when the rows came in need not be said again.

        Raises
        ------
        ConfigError
            There is no such data, none between these times, or that of several exchanges; or it was said to be adjusted
            otherwise.
        """
        return self._stream("trades", instrument, start, end, exchange, seen_by, adjusted)

    def quotes(
        self, instrument: str, start: Moment = None, end: Moment = None, *,
        exchange: str | None = None, seen_by: SeenBy = "all", adjusted: Adjusted | None = None,
    ) -> Stream:  # fmt: skip
        """Best quotes of an instrument, as :meth:`trades`."""
        return self._stream("quotes", instrument, start, end, exchange, seen_by, adjusted)

    def candles(
        self, instrument: str, start: Moment = None, end: Moment = None, *,
        exchange: str | None = None, seen_by: SeenBy = "all", adjusted: Adjusted | None = None,
    ) -> Stream:  # fmt: skip
        """Candles of an instrument, as :meth:`trades`: the times at which they close count."""
        return self._stream("candles", instrument, start, end, exchange, seen_by, adjusted)

    def book(self, instrument: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None) -> Stream:
        """Messages of an instrument's order book, as :meth:`trades`; it is unknown until the first snapshot in them."""
        return self._stream("book", instrument, start, end, exchange, "all")

    def book_orders(
        self, instrument: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> Stream:
        """Messages of an instrument's book by order (:func:`~barter_bt.data.book_orders`), as :meth:`book`."""
        return self._stream("book_orders", instrument, start, end, exchange, "all")

    def funding(
        self, instrument: str | None = None, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> CashFlows:
        """Rates of funding of an instrument, or of all; parameters as for :meth:`trades`."""
        return cast("CashFlows", self._dated("funding", instrument, start, end, exchange))

    def dividends(
        self, instrument: str | None = None, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> CashFlows:
        """Cash dividends of an instrument, or of all."""
        return cast("CashFlows", self._dated("dividend", instrument, start, end, exchange))

    def splits(
        self, instrument: str | None = None, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> CashFlows:
        """Splits of an instrument, or of all."""
        return cast("CashFlows", self._dated("split", instrument, start, end, exchange))

    def settlement_prices(
        self, instrument: str | None = None, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> CashFlows:
        """Prices of settlement of an instrument, or of all."""
        return cast("CashFlows", self._dated("settlement", instrument, start, end, exchange))

    def sessions(
        self, calendar: str, start: Moment = None, end: Moment = None, *, exchange: str | None = None
    ) -> Sessions:
        """Sessions of a calendar, which open between these times."""
        return cast("Sessions", self._dated("sessions", calendar, start, end, exchange))

    def symbol_changes(self, *, exchange: str | None = None) -> pl.DataFrame:
        """Give all changes of symbols, as :func:`~barter_bt.data.rename_symbols` takes them."""
        return cast("pl.DataFrame", self._dated("symbol", None, None, None, exchange))

    def delistings(self, *, exchange: str | None = None) -> pl.DataFrame:
        """Give all delistings, as :func:`~barter_bt.data.delisted` takes them."""
        return cast("pl.DataFrame", self._dated("delisting", None, None, None, exchange))

    def _manifest(self) -> Manifest:
        return self.place.manifest()

    def _stream(
        self, kind: str, instrument: str, start: Moment, end: Moment, exchange: str | None, seen_by: SeenBy,
        adjusted: Adjusted | None = None,
    ) -> Stream:  # fmt: skip
        given: object = instrument
        if not isinstance(given, str):
            raise ConfigError(
                f"{kind} of a catalog are those of one instrument, and {given!r:.60} is no name",
                f"several are streams beside each other: [catalog.{kind}(name) for name in names]",
            )
        first, after = span(start, end)
        entries = within(self._entries(kind, instrument, exchange), first, after)
        label = f"{kind} of {instrument} in {self.place.name}"
        doubts = less_than_asked(label, entries, first, after)
        source = CatalogSource(self.place, entries, first, after, label, doubts)
        said = entries[0].adjusted  # all of a kind, exchange and instrument are adjusted alike
        if None not in (said, adjusted) and said != adjusted:
            raise ConfigError(
                f"{label} are to be {adjusted_words(adjusted)}, and were {adjusted_words(said)} when they came in",
                "leave adjusted out: the catalog says it",
            )
        return Stream([source], Options(kind, instrument=instrument, adjusted=said or adjusted), seen_by=seen_by)

    def _dated(
        self, kind: str, instrument: str | None, start: Moment, end: Moment, exchange: str | None
    ) -> Dated:  # fmt: skip
        first, after = span(start, end)
        entries = within(self._entries(kind, instrument, exchange), first, after)
        frames = [
            pl.read_parquet(self.place.checked(one), hive_partitioning=False).with_columns(
                instrument=pl.lit(one.instrument)
            )
            for one in entries
        ]
        at = pl.col(layout_of(kind).at)
        rows = pl.concat(frames).sort(at, maintain_order=True)
        if first is not None:
            rows = rows.filter(at.to_physical() >= first)
        if after is not None:
            rows = rows.filter(at.to_physical() < after)
        return make_dated(kind, rows.rename({"instrument": "before"}) if kind == "symbol" else rows)

    def _entries(self, kind: str, instrument: str | None, exchange: str | None) -> list[Entry]:
        everything = self._manifest().files
        files = [one for one in everything if one.kind == kind]
        found = [one for one in files if instrument in (None, one.instrument) and exchange in (None, one.exchange)]
        exchanges = sorted({one.exchange for one in found})
        of = "" if instrument is None else f" of {instrument!r}"
        if not found:
            there = sorted({f"{one.instrument} at {one.exchange}" for one in files})
            where = "" if exchange is None else f" at {exchange}"
            others = sorted({one.kind for one in everything if one.instrument == instrument} - {kind})
            there_are = (
                f"there are those of {', '.join(there) or 'nothing'}" if everything else "nothing was imported there"
            )
            hint = f"of {instrument!r} it has {', '.join(others)}" if others else _guess(instrument, exchange, files)
            raise ConfigError(f"{self!r} has no {kind}{of}{where}; {there_are}", hint)
        if len(exchanges) > 1:
            raise ConfigError(
                f"{self!r} has {kind}{of} at {', '.join(exchanges)}", f"say which: exchange={exchanges[0]!r}"
            )
        return found


def _guess(instrument: str | None, exchange: str | None, files: list[Entry]) -> str | None:
    """A name that may have been meant, of the instrument or the exchange."""
    for given, names in (
        (instrument, {one.instrument.lower(): one.instrument for one in files}),
        (exchange, {one.exchange.lower(): one.exchange for one in files if one.instrument == instrument}),
    ):
        guess = nearest((given or "").lower(), names)
        if guess and names[guess] != given:
            return f"did you mean {names[guess]!r}?"
    return None
