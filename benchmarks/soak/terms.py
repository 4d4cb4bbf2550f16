"""What both sides of a soak go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BEATS = 100
"""Lots of trades a second."""
KEEP_SECONDS, BACKFILL_SECONDS = 600, 300
"""Of old trades, that can be asked for, and that are."""
WEIGHT_A_MINUTE = 60_000
"""Of requests: Binance's 6,000 pay for 240,000 old trades a minute, and 5,000 a second are 300,000."""
SETTLE_SECONDS = 60
"""In which both sides have to agree when there are no more trades."""


@dataclass(frozen=True)
class Terms:
    """Of the exchange.

    Parameters
    ----------
    seconds, rate
        For how long, and how many trades a second.
    seed
        Draws the faults.
    mean_seconds
        Between two faults.
    every
        Trades from one order of the client to the next.
    faults
        Names of those that are drawn; by default all.
    connections
        For how many the exchange waits before it begins.
    quiet_seconds
        Without faults in the end.
    reach_seconds
        Between two trades that reach resting orders.
    gives_keys
        Whether the account is also told of over a listen key, as older clients ask.
    """

    seconds: float
    rate: int
    seed: int = 1
    mean_seconds: float = 2
    every: int = 487
    faults: Sequence[str] = ()
    connections: int = 2
    quiet_seconds: float = 5
    reach_seconds: int = 5
    gives_keys: bool = False
