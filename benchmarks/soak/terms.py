"""What both sides of a soak go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BEATS = 100
"""Lots of trades a second."""
KEEP_SECONDS = 60
"""Of old trades can be asked for."""
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
