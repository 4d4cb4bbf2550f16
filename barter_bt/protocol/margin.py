"""Requests to move margin of positions that stand alone. Barter has none; the answer is a cash flow ``Transfer``."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.protocol.keys import ExchangeKey, InstrumentKey
from barter_bt.protocol.shape import Struct


class MarginRequest(Struct, frozen=True):
    """A request to add margin to an isolated position, or to take it away (rule 104).

    Parameters
    ----------
    exchange, instrument
        Where, and of which position.
    amount
        Of its settlement asset: above 0 added to what the position has set aside, below 0 taken from it.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(MarginRequest(0, 0, Decimal("-2.5")))
    '{"exchange":0,"instrument":0,"amount":"-2.5"}'
    """

    exchange: ExchangeKey
    instrument: InstrumentKey
    amount: Decimal
