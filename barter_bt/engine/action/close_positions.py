"""Close the positions of chosen instruments: the default, which a strategy may replace by its own."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.action.send import ask
from barter_bt.engine.order import BUY, IOC, MARKET, SELL
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState


@unit
def ask_close(s: EngineState, i: int) -> int:
    """Ask for an opposite market order for the whole quantity, immediate or cancel; -1 without position or price."""
    lots = s.instruments.quantity[i]
    if lots == 0 or price_ticks(s, i) == 0:
        return -1
    return ask(s, i, SELL if lots > 0 else BUY, MARKET, IOC, 0, 0, abs(lots))
