"""What arrives at a live system: one message of a source, with the time at which it is processed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from barter_bt.protocol import EngineEvent
from barter_bt.system import Timer


@dataclass(frozen=True)
class Mark:
    """The equity is marked, and held against the stops of the limits; no event, but where it fires one.

    Parameters
    ----------
    time
        Of the mark, ns since 1970.
    """

    time: int


Event: TypeAlias = EngineEvent | Timer | Mark
"""What a live system processes."""


@dataclass(frozen=True)
class HeldPosition:
    """What an exchange says is held of a derivative: no event of the engine, but held against its trades (rule 84).

    Parameters
    ----------
    exchange, instrument
        Where, and of what, by name.
    quantity
        Signed, in the units of orders.
    time_exchange
        When it was so, ns since 1970 at the exchange's clock.
    """

    exchange: str
    instrument: str
    quantity: Decimal
    time_exchange: int


@dataclass(frozen=True)
class MarkPrice:
    """What positions in a future are valued at, and what is paid for holding them.

    Parameters
    ----------
    price, index
        The mark price, and that of the index.
    funding_rate
        Fraction of a position's value that longs pay to shorts; below 0 shorts pay.
    next_funding, time
        When it is next paid, and as of when all this is, ns since 1970.
    """

    price: Decimal
    index: Decimal
    funding_rate: Decimal
    next_funding: int
    time: int


@dataclass(frozen=True)
class Arrival:
    """One message.

    Parameters
    ----------
    time
        When it is processed, ns since 1970: of a replay the time of its data, else that of the system's clock.
    events
        What it tells, in order. Account events of one message are all applied before the strategy is asked of them.
    positions
        What it says is held.
    marks
        Mark prices, by instrument: no events of the engine, but what a strategy may have read of its market.

    Examples
    --------
    >>> Arrival(60, (Timer(60),)).events[0].time
    60
    """

    time: int
    events: tuple[Event, ...]
    positions: tuple[HeldPosition, ...] = ()
    marks: tuple[tuple[str, MarkPrice], ...] = ()
