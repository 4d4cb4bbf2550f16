"""Stops: what is lost beyond a limit disables trading, cancels every order and closes every position."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, muldiv
from barter_bt.columns.kernel import unit
from barter_bt.engine.action.cancel_orders import cancel_orders
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.audit import FULL, begin, note_event
from barter_bt.engine.event import STOPPED
from barter_bt.engine.state.connectivity import set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE

DAY_NS = 86_400_000_000_000
DRAWDOWN_STOP, DAILY_LOSS_STOP = 1, 2
STOPS = ("", "drawdown", "daily loss")


@unit
def watch_losses(s: EngineState) -> None:
    """Hold the equity mark that was just written against the stops; an unknown equity is passed over."""
    row, risk = len(s.equity) - 1, s.risk
    if not s.equity.known[row]:
        return
    worth, time = s.equity.equity[row], s.equity.time[row]
    if risk.marked[0] == 0:
        risk.peak[0] = risk.latest[0] = worth
    day = (time - 1) // DAY_NS  # a mark at midnight ends its day
    if risk.marked[0] == 0 or day != risk.day[0]:
        risk.day[0], risk.day_equity[0] = day, risk.latest[0]
    risk.peak[0] = max(risk.peak[0], worth)
    risk.latest[0] = worth
    risk.marked[0] = 1
    if not s.engine.trading[0]:
        return
    allowed = muldiv(max(risk.peak[0], 0), risk.drawdown[0], RATE)
    if risk.drawdown[0] > 0 and bounded_sum(risk.peak[0], -worth) > allowed:
        _stop(s, time, DRAWDOWN_STOP)
    elif risk.daily_loss[0] > 0 and bounded_sum(risk.day_equity[0], -worth) > risk.daily_loss[0]:
        _stop(s, time, DAILY_LOSS_STOP)


def _stop(s: EngineState, time: int, reason: int) -> None:
    """One event; if trading is enabled again, losses count anew from the next mark."""
    e = s.engine
    e.time[0] = max(e.time[0], time)
    e.sequence[0] += 1
    begin(s, STOPPED, -1, -1, -1, -1)
    if e.audit[0] == FULL:
        note_event(s, -1)
    s.risk.stopped[0], s.risk.stopped_at[0], s.risk.marked[0] = reason, time, 0
    set_trading(s, 0)
    e.bypass[0] = 1
    e.strategy[0] = 0
    for i in range(len(s.instruments)):
        cancel_orders(s, i)
    for i in range(len(s.instruments)):
        ask_close(s, i)
    dispatch(s)
    e.bypass[0] = 0
