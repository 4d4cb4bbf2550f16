"""Margin that is moved to an isolated position, or from it: ``POST /fapi/v1/positionMargin``.

Of amounts it takes only positive ones: type 1 adds, type 2 takes away. The exchange moves all of it or nothing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from decimal import Decimal

from barter_bt.live.binance.reader import BinanceWarning
from barter_bt.live.binance.refusals import Refusal, Unanswered
from barter_bt.live.binance.rest import Rest
from barter_bt.protocol import MarginRequest

_PATH, _ADD, _TAKE = "/fapi/v1/positionMargin", 1, 2


@dataclass(frozen=True)
class Moved:
    """What became of a request: how much was moved, 0 where nothing was, or where nobody knows."""

    instrument: str
    amount: Decimal


async def move(rest: Rest, symbol: str, request: MarginRequest, *, is_dry: bool) -> Moved:
    """Send a request, once.

    Warns
    -----
    BinanceWarning
        Nothing was moved, or nobody knows.
    """
    name, why = str(request.instrument), None
    params = {"symbol": symbol, "amount": f"{abs(request.amount):f}", "type": _ADD if request.amount > 0 else _TAKE}
    if is_dry:
        why = "a dry run changes nothing at the exchange"
    elif not rest.reserve(weight=1):
        why = "there were too many requests"
    else:
        try:
            await rest.send("POST", _PATH, params)
        except Refusal as refusal:
            why = f"{refusal.text} ({refusal.code})"
        except Unanswered as error:
            why = f"nobody has answered: {error.message}"
            why += "; it may have been moved all the same, look at the exchange" if error.was_sent else ""
    if why is None:
        return Moved(name, request.amount)
    warnings.warn(f"{request.amount:f} of margin of {name!r} was not moved: {why}", BinanceWarning, stacklevel=2)
    return Moved(name, Decimal(0))
