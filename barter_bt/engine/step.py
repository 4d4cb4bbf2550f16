"""One engine step: what every host does with an event, and how what is asked for goes out.

A host says what comes next, and carries requests to where orders are dealt. There are two: the loop of a backtest,
whose venue is simulated, and :class:`barter_bt.system.Engine`, which is told one event at a time. Nothing that a
strategy could notice differs between them but what the messages themselves tell.

An event: :func:`advance` the clock and the count, say what it is, change the state, wake the strategy.

==================  ==============================================================  ==========================
event               what it does                                                    where
==================  ==============================================================  ==========================
market item         heals its link, replaces what is not newer                      ``state/market.py``
report              heals its link, changes orders, position, balances              ``report.py``
command             sends past the risk check                                       ``command.py``
trading state       enabled or disabled; the strategy is told of the latter         ``state/connectivity.py``
lost link           reconnecting, until an item comes over it                       ``state/connectivity.py``
timer, bar close    nothing but that time goes on                                   :func:`start_event`
equity mark         no event, but where it fires a stop                             ``action/stop.py``
==================  ==============================================================  ==========================

A request: cancels first, each :func:`recorded <record_cancel_sent>` as it is sent; then amends (``amend.py``) and
opens, each after the one before has been sent: :func:`approve`, then :func:`refuse` or :func:`record_open_sent`. So
each is held against a state in which those before it are in flight. How they travel is the host's: rows of a queue
(``action/send.py``), or a function that may fail, which is called before the order is recorded.

What an order does then is not known here: that a stop waits for its price, and what fills a limit, is for whoever
deals (of a simulated exchange ``venue/held.py`` and ``venue/match.py``). The engine has its terms, and hears of it by
reports.
"""

from __future__ import annotations

from barter_bt.engine.action.risk import check_risk, count_sent
from barter_bt.engine.audit import FULL, REFUSED_OPEN, SENT_CANCEL, SENT_OPEN, begin, note_event, note_open, note_output
from barter_bt.engine.event import SENT
from barter_bt.engine.manage import manage
from barter_bt.engine.order import NO_REASON
from barter_bt.engine.state.orders import record_cancel, record_open
from barter_bt.engine.state.tables import EngineState


def advance(s: EngineState, now: int) -> None:
    """One more event; the clock does not go back."""
    s.engine.time[0] = max(s.engine.time[0], now)
    s.engine.sequence[0] += 1


def start_event(s: EngineState, now: int, kind: int, instrument: int, exchange: int, command: int) -> None:
    """An event that brings no item: clock, count and audit; -1 for what it does not concern."""
    advance(s, now)
    begin(s, kind, instrument, -1, exchange, command)
    if s.engine.audit[0] == FULL:
        note_event(s, -1)


def approve(s: EngineState, action: int) -> int:
    """Reason to refuse an open, 0 to send it; limits, then the user's own risk manager, may have made it smaller."""
    reason = s.actions.refused[action]
    if not reason and not s.engine.bypass[0]:
        reason = check_risk(s, action)
        if not reason:
            reason = manage(s, action)
    return reason


def refuse(s: EngineState, action: int, reason: int) -> int:
    """Record an open that is not sent; returns the order."""
    order = record_open(s, action, reason)
    if s.engine.audit[0]:
        note_open(s, action, order, reason, REFUSED_OPEN)
    return order


def record_open_sent(s: EngineState, action: int) -> int:
    """An open is on its way: in flight, and counted; returns the order."""
    order = record_open(s, action, NO_REASON)
    s.engine.pending[0] |= s.engine.wake[0] & SENT
    count_sent(s, s.orders.instrument[order])
    if s.engine.audit[0]:
        note_open(s, action, order, NO_REASON, SENT_OPEN)
    return order


def record_cancel_sent(s: EngineState, order: int) -> None:
    """The cancel of an order is on its way."""
    record_cancel(s, order)
    s.engine.pending[0] |= s.engine.wake[0] & SENT
    if s.engine.audit[0]:
        note_output(s, SENT_CANCEL, order, -1)
