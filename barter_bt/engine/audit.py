"""Writing the audit (see :mod:`barter_bt.engine.state.audits`).

Level ``ACTIONS`` keeps the events that made the engine do something, and what it did; ``FULL`` keeps every event with
all that it brought, so that a replica can be built from it. The sequence counts every event at every level.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import copy_report
from barter_bt.engine.order import copy_request
from barter_bt.engine.state.tables import EngineState

OFF, ACTIONS, FULL = 0, 1, 2
LEVELS = ("off", "actions", "full")

SENT_CANCEL, SENT_OPEN, REFUSED_OPEN, POSITION_EXIT = 0, 1, 2, 3
NOW_ENABLED, NOW_DISABLED, MARKET_DISCONNECT, ACCOUNT_DISCONNECT, COMMANDED = 4, 5, 6, 7, 8
ADOPTED, REPLACED = 9, 10  # an order of the account's that the engine did not send; one whose client id was used again
COARSENED = 11  # the unit of an asset, by so many powers of ten
SENT_AMEND, REFUSED_AMEND = 12, 13
OUTPUTS = (
    "sent_cancel",
    "sent_open",
    "refused_open",
    "position_exit",
    "trading_enabled",
    "trading_disabled",
    "market_disconnect",
    "account_disconnect",
    "commanded",
    "adopted",
    "replaced",
    "coarsened",
    "sent_amend",
    "refused_amend",
)
ACCOUNT_SNAPSHOT = 0  # kind of event 0


def begin(s: EngineState, kind: int, instrument: int, order: int, exchange: int, command: int) -> None:
    """The present event, for the strategy and the audit; -1 where it concerns none."""
    e = s.event
    e.kind[0], e.instrument[0], e.order[0], e.exchange[0], e.command[0] = kind, instrument, order, exchange, command


def note_event(s: EngineState, item: int) -> None:
    """One row for the present event (``s.event``)."""
    row = s.audits.append()
    a, e = s.audits, s.event
    a.sequence[row] = s.engine.sequence[0] - 1
    a.time[row] = s.engine.time[0]
    a.kind[row] = e.kind[0]
    a.part[row] = s.engine.part[0]
    a.instrument[row] = e.instrument[0]
    a.order[row] = e.order[0]
    a.exchange[row] = e.exchange[0]
    a.command[row] = e.command[0]
    a.item[row] = item


@unit
def note_output(s: EngineState, kind: int, what: int, asked: int) -> None:
    """The engine did something because of the present event."""
    last, sequence = len(s.audits) - 1, s.engine.sequence[0] - 1
    if last < 0 or s.audits.sequence[last] != sequence:
        note_event(s, -1)
    row = s.outputs.append()
    s.outputs.sequence[row] = sequence
    s.outputs.kind[row] = kind
    s.outputs.what[row] = what
    s.outputs.asked[row] = asked


@unit
def note_market(
    s: EngineState,
    i: int,
    time_exchange: int,
    first: float,
    second: float,
    third: float,
    fourth: float,
    fifth: float,
) -> None:
    """A market item, at level FULL."""
    item = s.market_items.append()
    m = s.market_items
    m.time_exchange[item] = time_exchange
    m.first[item], m.second[item], m.third[item], m.fourth[item], m.fifth[item] = first, second, third, fourth, fifth
    s.event.instrument[0] = i
    note_event(s, item)


@unit
def note_report(s: EngineState, row: int) -> None:
    """An account item, at level FULL, with its first event."""
    item = s.account_items.append()
    copy_report(s.account_items, item, s.reports, row)
    note_event(s, item)


@unit
def note_open(s: EngineState, action: int, order: int, reason: int, kind: int) -> None:
    """An open was sent, refused for a reason, or adopted; at level FULL with all that was asked for."""
    asked = -1
    if s.engine.audit[0] == FULL:
        asked = s.asked.append()
        copy_request(s.asked, asked, s.actions, action)
        s.asked.order[asked], s.asked.time[asked], s.asked.reason[asked] = order, s.engine.time[0], reason
    note_output(s, kind, order, asked)


@unit
def note_amend(s: EngineState, action: int, order: int, amend: int, reason: int) -> None:
    """An amend was sent or refused; at level FULL with all that it gives."""
    asked = -1
    if s.engine.audit[0] == FULL:
        asked = s.asked.append()
        copy_request(s.asked, asked, s.actions, action)
        s.asked.order[asked], s.asked.time[asked], s.asked.reason[asked] = order, s.engine.time[0], reason
    note_output(s, REFUSED_AMEND if reason else SENT_AMEND, amend, asked)
