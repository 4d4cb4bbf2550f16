"""What goes by the volume of candles, where these have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from barter_bt.backtest.term_warnings import Bools, names_of
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.state import CANDLES, VenueState


def volume_warnings(s: EngineState, v: VenueState, index: IndexedInstruments, streams: Sequence[Any]) -> Iterator[str]:
    """Terms that look at the volume of candles without one (rules 38 and 39)."""
    f, without = v.fill_terms, _without_volume(index, streams)
    if not without.any():
        return
    takes, makes = f.array("taker_fills_on") == CANDLES, f.array("maker_fills_on") == CANDLES
    asked = np.bincount(s.orders.array("instrument"), minlength=len(index)) > 0
    if (nothing := without & asked & (takes | makes) & (f.array("participation") > 0)).any():
        yield (
            f"participation gives orders of {names_of(index, nothing)} nothing at candles, which have no volume: give "
            "them a column 'volume', or leave it out"
        )
    traded = np.bincount(s.trades.array("instrument"), minlength=len(index)) > 0
    by_volume = (f.array("volume_share") > 0) | (f.array("impact") > 0)
    if (all_of_it := without & traded & takes & by_volume).any():
        yield (
            f"slippage by volume_share and impact counts each order of {names_of(index, all_of_it)} as all of a "
            "candle's volume: the candles have none"
        )


def _without_volume(index: IndexedInstruments, streams: Sequence[Any]) -> Bools:
    """Instruments of whose candles at the venue none has a volume."""
    has, lacks = np.zeros(len(index), bool), np.zeros(len(index), bool)
    for stream in streams:
        if stream.kind == "candles" and stream.seen_by != "strategy":
            codes = [index.codes[name] for name in stream.instruments if name in index.codes]
            (has if stream.has_volume else lacks)[codes] = True
    return lacks & ~has
