"""What the relations have in common: streams, settings, a fresh strategy for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from barter_bt.data import MarketData, Stream
from barter_bt.data.market import on_one_clock
from barter_bt.instrument import Instrument
from barter_bt.testing.tiny import cash

Data = Stream | MarketData | Sequence[Stream]
Instruments = Instrument | Sequence[Instrument]


def settings_of(instruments: Instruments, given: Mapping[str, Any]) -> dict[str, Any]:
    """Interpreted and with 10,000 of every money, unless said otherwise."""
    return {"balances": cash(instruments), "interpret": True} | dict(given)


def streams_of(data: Data) -> list[Stream]:
    """The streams of data in any form."""
    streams = data.streams if isinstance(data, MarketData) else data
    return on_one_clock([streams] if isinstance(streams, Stream) else list(streams))


def made(strategy: Any, data: Data, streams: list[Stream]) -> Any:
    """A fresh strategy: a copy, or what a function makes of the data, in the form in which that was given."""
    is_one = hasattr(strategy, "prepare") or hasattr(strategy, "generate_algo_orders")
    if not callable(strategy) or (is_one and not isinstance(strategy, type)):
        return deepcopy(strategy)
    if isinstance(data, Stream):
        return strategy(streams[0])
    return strategy(MarketData(tuple(streams)) if isinstance(data, MarketData) else streams)
