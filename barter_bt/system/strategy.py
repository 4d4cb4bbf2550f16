"""What a strategy of the event-by-event engine may define."""

from __future__ import annotations

from barter_bt.system.decider import Decider
from barter_bt.system.engine import Engine


class Strategy(Decider[Engine]):
    """Does nothing; override what you need.

    ``engine`` shows the state: prices, positions, orders, balances. What a strategy asks for is sent after its function
    has returned, so all decisions of one call see one state.
    """
