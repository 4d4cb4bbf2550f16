"""Ghosts: small limit orders that were never sent, drawn at random where a maker would stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.queue_models.lobster import Day, Ints

HORIZON_S = 60
LARGEST = 100
"""Shares: a round lot of American stocks."""
MARGIN_S = 300
"""Left out at both ends of the day, where auctions are near."""
NS = 1_000_000_000


@dataclass(frozen=True)
class Ghosts:
    """Columns, a row for each ghost.

    Attributes
    ----------
    lane
        Ghosts of one lane are never there at the same time, so that a run of a lane has each of them alone.
    time, end
        When it comes, and when it is cancelled: behind the horizon, or when its price is not one of the levels that
        are known any more, because five others are better.
    side, level, price, size
        1 to buy; 0 the best level, 1 the next; hundredths of a cent; shares.
    ahead
        What is displayed at its price when it comes.
    """

    lane: Ints
    time: Ints
    end: Ints
    side: Ints
    level: Ints
    price: Ints
    size: Ints
    ahead: Ints

    def __len__(self) -> int:
        return len(self.time)


def draw(day: Day, lanes: int, seed: int, horizon_s: int = HORIZON_S) -> Ghosts:
    """In each lane a ghost for every two horizons, at a random time in the first of them."""
    rng = np.random.default_rng(seed)
    step = 2 * horizon_s * NS
    starts = np.arange(day.time[0] + MARGIN_S * NS, day.time[-1] - MARGIN_S * NS - step, step)
    n = lanes * len(starts)
    time = np.tile(starts, lanes) + rng.integers(0, step // 2, n)
    time += np.isin(time, day.time)  # nothing else happens in that nanosecond
    side, level = rng.choice([1, -1], n), rng.integers(0, 2, n)
    size = rng.integers(1, LARGEST + 1, n)
    event = np.searchsorted(day.time, time) - 1
    prices, ahead = (
        np.where(side > 0, bids[event, level], asks[event, level])
        for bids, asks in ((day.bids, day.asks), (day.bid_sizes, day.ask_sizes))
    )
    lane = np.repeat(np.arange(lanes), len(starts))
    end = _ends(day, time, side, prices, horizon_s)
    return Ghosts(lane, time, end, side, level, prices, size, ahead)


def _ends(day: Day, time: Ints, side: Ints, price: Ints, horizon_s: int) -> Ints:
    end = time + horizon_s * NS
    for k, (begins, ends) in enumerate(
        zip(np.searchsorted(day.time, time), np.searchsorted(day.time, end), strict=True)
    ):
        worst = day.prices(int(side[k]))[begins:ends, -1]
        outside = np.flatnonzero(side[k] * (worst - price[k]) > 0)
        if len(outside):
            end[k] = day.time[begins + outside[0]]
    return end
