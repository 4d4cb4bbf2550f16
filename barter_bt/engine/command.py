"""Commands from outside, changes of the trading state and losses of links (class 4)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.action.cancel_orders import cancel_orders
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import ask_cancel, ask_for, dispatch, send_transfer
from barter_bt.engine.agenda import COMMAND, NEVER
from barter_bt.engine.amend import ask_amend, objection_to
from barter_bt.engine.audit import COMMANDED, note_output
from barter_bt.engine.event import CLOSE_POSITIONS, ENGINE_UPDATE
from barter_bt.engine.fault import BAD_AMEND, BAD_NUMBER, fail
from barter_bt.engine.record import EACH_EVENT, record
from barter_bt.engine.state.connectivity import lose_account, lose_market, set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import plan_mark
from barter_bt.engine.step import start_event
from barter_bt.engine.targets import bind_row, open_row

OPEN_ORDERS, CANCEL_REQUESTS, CLOSE, CANCEL_ORDERS = 0, 1, 2, 3
ENABLE_TRADING, DISABLE_TRADING, SHUTDOWN, LOSE_MARKET, LOSE_ACCOUNT = 4, 5, 6, 7, 8
AMEND_REQUESTS, MOVE_MARGIN = 9, 10


@unit
def execute_command(s: EngineState) -> None:
    """Process the next command, one event; whom it concerns is told by the loop (``engine.pending``).

    Commands bypass the risk check and work while trading is disabled.
    """
    e, c, row, now = s.engine, s.commands, s.agenda.first[COMMAND], s.agenda.due[COMMAND]
    command, target = c.command[row], c.instrument[row]
    link = target if command in (LOSE_MARKET, LOSE_ACCOUNT) else -1
    start_event(s, now, ENGINE_UPDATE, -1, link, command)
    plan_mark(s, e.time[0])
    if e.audit[0] and (command <= CANCEL_ORDERS or command >= AMEND_REQUESTS):
        note_output(s, COMMANDED, command, -1)
    e.bypass[0] = 1
    e.strategy[0] = 0
    if e.hooks[0] & CLOSE_POSITIONS:
        for i in range(len(s.instruments)):
            s.instruments.chosen[i] = 0
    more = 1
    while more:
        _execute_row(s, row)
        more = c.more[row]
        row += 1
    e.bypass[0] = 0
    e.pending[0] |= ENGINE_UPDATE
    s.agenda.first[COMMAND] = row
    s.agenda.due[COMMAND] = c.time[row] if row < len(c) else NEVER
    if e.recording[0] == EACH_EVENT:
        record(s)


def _execute_row(s: EngineState, row: int) -> None:
    command, target = s.commands.command[row], s.commands.instrument[row]
    if command == OPEN_ORDERS:
        action = ask_for(s, s.commands, row)
        bind_row(s, s.commands, row, action)
        open_row(s, s.commands, row, action)
    elif command == CANCEL_REQUESTS:
        ask_cancel(s, s.commands.order[row])
        dispatch(s)
    elif command == AMEND_REQUESTS:
        _amend(s, row)
    elif command == MOVE_MARGIN:
        send_transfer(s, target, s.commands.quantity[row])
    elif command == CANCEL_ORDERS:
        cancel_orders(s, target)
    elif command == CLOSE:
        if s.engine.hooks[0] & CLOSE_POSITIONS:
            s.instruments.chosen[target] = 1
            s.engine.pending[0] |= CLOSE_POSITIONS
        else:
            ask_close(s, target)
            dispatch(s)
    elif command == SHUTDOWN:
        s.engine.shut[0], s.engine.market_time[0] = 1, max(s.engine.market_time[0], s.engine.time[0])
    elif command == LOSE_MARKET:
        lose_market(s, target)
    elif command == LOSE_ACCOUNT:
        lose_account(s, target)
    else:
        set_trading(s, int(command == ENABLE_TRADING))


def _amend(s: EngineState, row: int) -> None:
    """Amend an order, which must be one of the instrument that the command names, for its grid."""
    c, order = s.commands, s.commands.order[row]
    terms = c.price[row], c.quantity[row], c.trigger[row], c.trail[row], c.trail_rate[row], c.activation[row]
    if not 0 <= order < len(s.orders):
        fail(s.fault, BAD_NUMBER, order)
    elif s.orders.instrument[order] != c.instrument[row] or objection_to(s, order, *terms):
        fail(s.fault, BAD_AMEND, s.orders.instrument[order])
    else:
        ask_amend(s, order, *terms)
        dispatch(s)
