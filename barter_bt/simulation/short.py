"""The short way of an order: what the venue says of it at once, and nobody looks at, becomes no message.

A market order is accepted, which changes three numbers of the engine's row, and fills soon. Where the engine would hear
that it was accepted at that very time, the strategy sleeps through account events, and nothing is kept of each event,
the row is changed where the request is received: no report is written, queued, taken from the queue and read. All that
one would have changed is as if it had been (decision 58).
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, OPENING, RELEASE, REPORT, REQUEST, SCHEDULE, beside_dealing
from barter_bt.engine.audit import OFF
from barter_bt.engine.event import BALANCE, ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.fault import NO_FAULT
from barter_bt.engine.feed import Cursors, earliest
from barter_bt.engine.latency import CONSTANT
from barter_bt.engine.record import EACH_EVENT
from barter_bt.engine.report import acknowledge, process_reports
from barter_bt.engine.state.tables import EngineState
from barter_bt.simulation.idle import catch_up_idle
from barter_bt.venue.arrival import receive
from barter_bt.venue.market import on_candle_opens
from barter_bt.venue.settle import settle
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


def hear(s: EngineState, now: int) -> None:
    """What the venue has just said, if it arrives at once and before all else: where nobody is told, without a turn."""
    agenda = s.agenda
    if agenda.due[REPORT] == now < min(agenda.due[EXPIRY], agenda.due[RELEASE]) and not s.engine.pending[0]:
        process_reports(s)


def catches_up(s: EngineState, v: VenueState, f: Cursors, until: int) -> bool:
    """A venue that holds nothing sees the market up to a time; False where a cursor must be fed first."""
    if v.clock.live[0] == 0:
        s.engine.starved[0] = catch_up_idle(s, v, f, until)
        return s.engine.starved[0] < 0
    return True


def deal_at_once(s: EngineState, v: VenueState, f: Cursors, now: int, until: int) -> None:
    """What the loop would do next at this very time: requests are received, candles open, what fills is settled.

    Each only where nothing else comes before it (rule 10), so that the loop need not choose it; all else is left to it.
    """
    agenda, e = s.agenda, s.engine
    if agenda.due[REQUEST] == now and _is_alone(s, now):
        if not catches_up(s, v, f, until):
            return  # the loop asks for it
        v.clock.stage[0] = REQUEST
        receive_requests(s, v, 1)
        hear(s, now)
    if v.clock.live[0] == 0 or agenda.due[REQUEST] <= now or not _is_alone(s, now) or v.fault.code[0] != NO_FAULT:
        return
    opening = earliest(f, 2 * e.streams[0], len(f)) if len(v.matches) == 0 else -1
    if opening >= 0 and f.due[opening] == now == until and not e.shut[0]:
        v.clock.stage[0] = OPENING
        on_candle_opens(v, f, opening)
    following = earliest(f, 0, len(f))
    is_last = following >= 0 and f.due[following] > now and _is_alone(s, now)
    if len(v.matches) > 0 and is_last and v.fault.code[0] == NO_FAULT:
        settle(v)
        hear(s, now)


def _is_alone(s: EngineState, now: int) -> bool:
    """Whether nothing else is due than what the market and requests bring."""
    return min(beside_dealing(s.agenda), s.agenda.due[SCHEDULE]) > now and not s.engine.pending[0]


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
