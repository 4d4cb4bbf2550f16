"""The short way of an order: what the venue says of it at once, and nobody looks at, becomes no message.

A market order is accepted, which changes three numbers of the engine's row, and filled soon. Where the engine would hear
of the first at that very time, the strategy sleeps through account events, and nothing is kept of each event, the row is
changed where the request is received: no report is written, queued, taken from the queue and read. All that it would
have changed is as if it had been (decision 58).
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import REQUEST
from barter_bt.engine.audit import OFF
from barter_bt.engine.event import BALANCE, ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.latency import CONSTANT
from barter_bt.engine.record import EACH_EVENT
from barter_bt.engine.report import acknowledge
from barter_bt.engine.state.tables import EngineState
from barter_bt.venue.arrival import receive
from barter_bt.venue.state import VenueState


def is_asleep(s: EngineState) -> bool:
    """Whether the strategy sleeps through reports: it cannot tell whether they come between requests or behind them."""
    return s.engine.wake[0] & (OWN_TRADE | ORDER_SNAPSHOT | BALANCE) == 0


def is_quiet(s: EngineState) -> bool:
    """Whether an acceptance needs no report: every venue answers at once, and nobody looks."""
    e, links = s.engine, s.links
    if not is_asleep(s) or e.audit[0] != OFF or e.recording[0] == EACH_EVENT:
        return False
    for exchange in range(len(links)):
        if links.response_form[exchange] != CONSTANT or links.response_ns[exchange] != 0:
            return False
    return True


@unit
def receive_requests(s: EngineState, v: VenueState, together: int) -> None:
    """Handle the request that is due, or all that are due with it."""
    due = v.agenda.due[REQUEST]
    v.clock.time[0] = due
    _receive(s, v)
    while together and v.agenda.due[REQUEST] == due:
        _receive(s, v)


def _receive(s: EngineState, v: VenueState) -> None:
    receive(v)
    if v.clock.accepted[0] > 0:
        acknowledge(s, v.clock.accepted[0] - 1, v.clock.time[0])
        v.clock.accepted[0] = 0
