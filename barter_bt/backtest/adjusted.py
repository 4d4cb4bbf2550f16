"""Prices that are adjusted for splits and dividends: what would count twice is refused (rule 108)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from barter_bt.data import Stream
from barter_bt.data.canonical import Adjusted, adjusted_words
from barter_bt.data.flows import CashFlows
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments

_COUNTED: dict[str, tuple[Adjusted, ...]] = {
    "split": ("splits", "splits_and_dividends"),
    "dividend": ("splits_and_dividends",),
}


def refuse_adjusted(flows: Sequence[CashFlows], streams: Sequence[Stream], index: IndexedInstruments) -> None:
    """Refuse dividends and splits of prices that have them in, and streams of one instrument that differ in that.

    Raises
    ------
    ConfigError
        There are such.
    """
    seen: dict[int, Stream] = {}
    for i, stream in _streams(streams, index):
        first = seen.setdefault(i, stream)
        if first.adjusted != stream.adjusted:
            raise ConfigError(
                f"prices of {index.instruments[i].key!r} are {adjusted_words(first.adjusted)} in {first.name} and "
                f"{adjusted_words(stream.adjusted)} in {stream.name}",
                "orders and marks go by all of them: give prices of one kind, and others as columns of your own",
            )
    for one in flows:
        for time, name in one.frame.select("time", "instrument").rows() if one.kind in _COUNTED else ():
            stream_of = seen.get(index.instrument(name))
            if stream_of is not None and stream_of.adjusted in _COUNTED[one.kind]:
                raise ConfigError(
                    f"a {one.kind} of {name!r} at {time}, whose prices in {stream_of.name} are "
                    f"{adjusted_words(stream_of.adjusted)}: it would count twice",
                    f"leave the {one.kind}s of {name!r} out, or give prices that are not adjusted for them",
                )


def _streams(streams: Sequence[Stream], index: IndexedInstruments) -> Iterator[tuple[int, Stream]]:
    """Each instrument with each stream of it, as long as any stream is adjusted."""
    if any(stream.adjusted for stream in streams):
        yield from ((index.codes[name], one) for one in streams for name in one.instruments if name in index.codes)
