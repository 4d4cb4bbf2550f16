"""Health of the links to each exchange, and whether trading is enabled.

Every link starts as reconnecting; the first item that comes over it makes it healthy. ``engine.unhealthy`` counts
the links that are not, so that overall health is one comparison.
"""

from __future__ import annotations

from barter_bt.engine.audit import ACCOUNT_DISCONNECT, MARKET_DISCONNECT, NOW_DISABLED, NOW_ENABLED, note_output
from barter_bt.engine.event import DISCONNECT, TRADING_DISABLED
from barter_bt.engine.state.tables import EngineState


def heal_market(s: EngineState, exchange: int) -> None:
    """A market item has come."""
    if not s.health.market[exchange]:
        s.health.market[exchange] = 1
        s.engine.unhealthy[0] -= 1


def heal_account(s: EngineState, exchange: int) -> None:
    """An account item has come."""
    if not s.health.account[exchange]:
        s.health.account[exchange] = 1
        s.engine.unhealthy[0] -= 1


def lose_market(s: EngineState, exchange: int) -> None:
    """The market link is reconnecting; the strategy is told each time."""
    s.engine.unhealthy[0] += int(s.health.market[exchange])
    s.health.market[exchange] = 0
    s.engine.pending[0] |= DISCONNECT
    if s.engine.audit[0]:
        note_output(s, MARKET_DISCONNECT, exchange, -1)


def lose_account(s: EngineState, exchange: int) -> None:
    """The account link is reconnecting; the strategy is told each time."""
    s.engine.unhealthy[0] += int(s.health.account[exchange])
    s.health.account[exchange] = 0
    s.engine.pending[0] |= DISCONNECT
    if s.engine.audit[0]:
        note_output(s, ACCOUNT_DISCONNECT, exchange, -1)


def set_trading(s: EngineState, enabled: int) -> None:
    """Enable or disable trading; the strategy is told only when enabled becomes disabled."""
    if s.engine.trading[0] and not enabled:
        s.engine.pending[0] |= TRADING_DISABLED
    if s.engine.audit[0] and s.engine.trading[0] != enabled:
        note_output(s, NOW_ENABLED if enabled else NOW_DISABLED, 0, -1)
    s.engine.trading[0] = enabled
