"""Market data of a catalog that is from another exchange than its instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from barter_bt.data.stream import Stream
from barter_bt.instrument import IndexedInstruments


def elsewhere(streams: Sequence[Stream], index: IndexedInstruments) -> Iterator[str]:
    """Tell of streams that orders meet, and that another exchange's data is in; others may well be from elsewhere."""
    for stream in streams:
        if stream.seen_by == "strategy":
            continue
        for source, _ in stream.given:
            exchange, name = getattr(source, "exchange", None), getattr(source, "instrument", None)
            if exchange is None or name not in index.codes:
                continue
            own = index.instruments[index.codes[name]].exchange
            if own != exchange:
                yield (
                    f"{stream.name} are those of {exchange}, and {name!r} is an instrument of {own}: its orders meet "
                    "prices of another exchange"
                )
