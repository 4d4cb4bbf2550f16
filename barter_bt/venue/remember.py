"""What the venue keeps of the market for orders that fill at a price that has been (rule 36)."""

from __future__ import annotations

from barter_bt.engine.order import AT_CLOSE, THIS_CLOSE
from barter_bt.engine.state.tables import EngineState
from barter_bt.venue.state import CANDLES, TRADES, VenueState


def remember(v: VenueState, s: EngineState, may_ask: bool) -> None:
    """Let the venue keep last closes and trades where an order asks for them, or a strategy may later."""
    asked = may_ask or any(
        bool((table.array("candle_fill") == THIS_CLOSE).any() or (table.array("time_in_force") == AT_CLOSE).any())
        for table in (s.schedule, s.commands)
    )
    evidence = v.fill_terms.array("taker_fills_on")
    if asked and (evidence == CANDLES).any():
        v.clock.needs_closes[0] = 1
    v.clock.needs_trades[0] = int(asked and (evidence == TRADES).any())
