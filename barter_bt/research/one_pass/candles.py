"""The candles of one pass: as whole numbers, by the time of their close, then by instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from barter_bt.engine.terms import Terms
from barter_bt.research.one_pass.targets import SharedColumns

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup

Integers = npt.NDArray[np.int64]
_MOST_STEPS = 4.6e18


def sorted_candles(setup: Setup, prices: tuple[str, ...] = ("open", "close")) -> dict[str, Integers]:
    """Times, instruments and some of the prices of the candles.

    Raises
    ------
    ValueError
        They are not sound.
    """
    chunks = [chunk.columns for chunk in setup.streams[0].chunks(setup.index.codes)]
    times = ("time_exchange", "time_open", "instrument")
    close, opened, instrument, *of_prices = (
        np.concatenate([each[name] for each in chunks]) for name in (*times, *prices)
    )
    instrument = instrument.astype(np.int64)
    order = order_of(close, instrument)
    if order is not None:
        close, opened, instrument = close[order], opened[order], instrument[order]
        of_prices = [each[order] for each in of_prices]
    if not _follow_each_other(opened, close, instrument):
        raise ValueError("candles overlap")
    ticks = {name: _ticks(setup.state.terms, instrument, each) for name, each in zip(prices, of_prices, strict=True)}
    return {"time": close, "time_open": opened, "instrument": instrument, **ticks}


def order_of(close: Integers, instrument: Integers) -> Integers | None:
    """Rows by time, then instrument; None if they are in it."""
    later = close[1:] > close[:-1]
    if (later | ((close[1:] == close[:-1]) & (instrument[1:] > instrument[:-1]))).all():
        return None
    return np.lexsort((instrument, close))


def _follow_each_other(opened: Integers, close: Integers, instrument: Integers) -> bool:
    """Whether each candle of an instrument opens where the one before has closed, or later."""
    rows = np.argsort(instrument, kind="stable")
    same = instrument[rows][1:] == instrument[rows][:-1]
    return bool((opened < close).all() and (~same | (opened[rows][1:] >= close[rows][:-1])).all())


def following(instrument: Integers) -> Integers:
    """The next row of each row's instrument; -1 for the last."""
    rows = np.argsort(instrument, kind="stable")
    found = np.full(len(instrument), -1)
    same = instrument[rows][1:] == instrument[rows][:-1]
    found[rows[:-1][same]] = rows[1:][same]
    return found


def columns_of(setup: Setup) -> SharedColumns:
    """Columns over the candles of a simulation."""
    chunks = [chunk.columns for chunk in setup.streams[0].chunks(setup.index.codes)]
    close, instrument = (np.concatenate([each[name] for each in chunks]) for name in ("time_exchange", "instrument"))
    return SharedColumns(setup.streams[0], order_of(close, instrument))


def within(closes: Integers, first: int, last: int) -> tuple[int, int]:
    """Rows of candles that close from one time to another."""
    low, high = np.searchsorted(closes, first), np.searchsorted(closes, last, side="right")
    if low == high:
        raise ValueError("no candle")
    return int(low), int(high)


def _ticks(terms: Terms, instrument: Integers, prices: npt.NDArray[np.float64]) -> Integers:
    """Prices as ticks (rule 20)."""
    scaled = prices * terms.array("ticks_per_unit")[instrument]
    nearest = np.floor(scaled + 0.5)
    noise = terms.array("tick_noise")[instrument] + scaled * 4e-16
    if not ((scaled >= 0.0) & (scaled < _MOST_STEPS) & (np.abs(scaled - nearest) <= noise) & (nearest > 0.0)).all():
        raise ValueError("a price off the grid")
    ticks: Integers = nearest.astype(np.int64)
    return ticks
