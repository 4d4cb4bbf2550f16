"""Margin that strategies in Python move by hand (rule 104)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from numbers import Real

from barter_bt.data.moment import moment
from barter_bt.engine.action.send import ask_transfer
from barter_bt.engine.action.transfer import (
    NO_AMOUNT,
    NOT_ASIDE,
    NOT_FREE,
    NOT_ISOLATED,
    objection_to_transfer,
    units_of_margin,
)
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments

HINTS = {  # of each objection: what is wrong, and what helps
    NO_AMOUNT: (
        "is of nothing, or beyond what can be counted",
        "whole units of the settlement asset: above 0 they are added, below 0 taken",
    ),
    NOT_ISOLATED: (
        "is of margin that is not isolated: all positions have it together",
        "give the exchange, or the instrument alone, Margin(mode='isolated')",
    ),
    NOT_FREE: ("is of more than is free", "ask state.free_margin how much that is"),
    NOT_ASIDE: ("takes more than the position has set aside", "ask state.margin_aside how much that is"),
}


@dataclass(frozen=True, slots=True)
class MarginRequest:
    """Margin for an isolated position, returned among the orders to open (rule 104).

    Parameters
    ----------
    instrument
        Name or index of the instrument.
    amount
        Of its settlement asset, in whole units of it, to the nearest: above 0 added to what the position has set aside,
        below 0 taken from it.

    Examples
    --------
    >>> MarginRequest("btc_usdt", 50.0)
    MarginRequest(instrument='btc_usdt', amount=50.0)
    """

    instrument: str | int
    amount: float


def ask_for_margin(s: EngineState, index: IndexedInstruments, request: MarginRequest) -> None:
    """Send what a request asks for.

    Raises
    ------
    StrategyError
        It is of nothing, of more than is free or set aside, or of margin that is not isolated.
    """
    i, amount, where = (
        index.instrument(request.instrument),
        request.amount,
        f"{request!r:.90} at {moment(s.engine.time[0])}",
    )
    if not isinstance(amount, Real | Decimal) or isinstance(amount, bool) or not _is_finite(amount):
        raise StrategyError(f"{where}: amount is {amount!r:.40}; it must be a number")
    units = units_of_margin(s, i, float(amount))
    objection = objection_to_transfer(s, i, units)
    if objection:
        what, hint = HINTS[objection]
        raise StrategyError(f"{where} {what}", hint)
    ask_transfer(s, i, units)


def _is_finite(amount: Real | Decimal) -> bool:
    """Whether a number is one that a float can be."""
    try:
        return isfinite(amount)
    except (OverflowError, ValueError):  # beyond all floats; a Decimal that signals
        return False
