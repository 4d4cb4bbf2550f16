"""What may come next: one row for each source of events, in order of class (rule 10).

The next event is that of the smallest due time, at equal times of the lowest row. A new source is a row here, whoever
sets its time, and a branch of ``at_engine`` or ``at_venue`` in :mod:`barter_bt.simulation.loop`; between two market
events nothing else looks.
"""

from __future__ import annotations

from barter_bt.columns.column import I8, I64
from barter_bt.columns.marks import hot
from barter_bt.columns.table import Table

NEVER = (1 << 63) - 1  # later than every time
STARVED = -(1 << 63)  # due before every time: market data is read to its end, and more follows

LAPSE, VENUE_MARKET, EXPIRY, RELEASE, CASH_FLOW, REPORT, ENGINE_MARKET, MARK = range(8)
COMMAND, SCHEDULE, BAR_DUE, TIMER_DUE, REQUEST, OPENING = range(8, 14)
SOURCES = 14
_WITH_MARKET = (LAPSE, EXPIRY, RELEASE, CASH_FLOW, COMMAND, SCHEDULE, BAR_DUE, TIMER_DUE)


class Agenda(Table, rows=SOURCES):
    """One row per source: when it is due, and where it stands if its events are rows of a table.

    Of a queue ``first`` and ``last`` are its ends, -1 when it is empty; of the market ``first`` is the cursor that is
    due, of what was decided before the run the next row.
    """

    due: I64
    with_market: I8  # 1: what lies behind the last market event does not happen
    first: I64
    last: I64


def make_agenda() -> Agenda:
    """Nothing is due."""
    agenda = Agenda(SOURCES)
    agenda.array("due")[:] = NEVER
    for source in _WITH_MARKET:
        agenda.with_market[source] = 1
    for queue in (REPORT, REQUEST):
        agenda.first[queue] = agenda.last[queue] = -1
    return agenda


@hot
def next_source(agenda: Agenda, last: int) -> int:
    """The source of the next event; its time is NEVER where nothing is left.

    Once the market has ended, at ``last``, what ends with it is passed over; before that, ``last`` is NEVER. A mark
    comes only before something else: that of the run's end is another.
    """
    what = VENUE_MARKET if agenda.due[LAPSE] > min(agenda.due[VENUE_MARKET], last) else LAPSE
    for source in range(EXPIRY, SOURCES):
        due = agenda.due[source]
        if due < agenda.due[what] and source != MARK and (due <= last or not agenda.with_market[source]):
            what = source
    mark, due = agenda.due[MARK], agenda.due[what]
    return MARK if due != NEVER and (mark < due or (mark == due and MARK < what)) else what


@hot
def moves_market(what: int) -> bool:
    """Whether an event of a source may move a cursor of the market, or change whether the venue looks at it."""
    return not (what in (REPORT, MARK) or SCHEDULE <= what <= TIMER_DUE)


@hot
def beside_dealing(agenda: Agenda) -> int:
    """When the first event is due that is neither of the market nor of the schedule, nor a request."""
    first = NEVER
    for source in range(SOURCES):
        if source not in (VENUE_MARKET, ENGINE_MARKET, SCHEDULE, REQUEST, OPENING):
            first = min(first, agenda.due[source])
    return first


@hot
def horizon_of(agenda: Agenda) -> int:
    """The last time at which a market event at the engine comes before all that is not of the market."""
    limit = min(agenda.due[LAPSE], agenda.due[EXPIRY], agenda.due[RELEASE], agenda.due[CASH_FLOW]) - 1
    limit = min(limit, agenda.due[REPORT] - 1)
    for source in range(MARK, OPENING):
        limit = min(limit, agenda.due[source])
    return limit
