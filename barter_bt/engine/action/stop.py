"""Stops: what is lost beyond a limit disables trading, cancels every order and closes every position."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.action.cancel_orders import cancel_orders
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import dispatch
from barter_bt.engine.event import STOPPED
from barter_bt.engine.state.connectivity import set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.step import start_event
from barter_bt.engine.terms import RATE

DAY_NS = 86_400_000_000_000
DRAWDOWN_STOP, DAILY_LOSS_STOP = 1, 2
STOPS = ("", "drawdown", "daily loss")


@unit
def watch_losses(s: EngineState) -> None:
    """Hold the equity mark that was just written against the stops: one event if one fires."""
    reason = stop_reason(s)
    if reason:
        begin_stop(s, reason)
        _flatten(s)


def stop_reason(s: EngineState) -> int:
    """Which stop the mark that was just written fires, 0 if none; an unknown equity is passed over."""
    row, risk = len(s.equity) - 1, s.risk
    if not s.equity.known[row]:
        return 0
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
        return 0
    allowed = muldiv(max(risk.peak[0], 0), risk.drawdown[0], RATE)
    if risk.drawdown[0] > 0 and bounded_sum(risk.peak[0], -worth) > allowed:
        return DRAWDOWN_STOP
    if risk.daily_loss[0] > 0 and bounded_sum(risk.day_equity[0], -worth) > risk.daily_loss[0]:
        return DAILY_LOSS_STOP
    return 0


def begin_stop(s: EngineState, reason: int) -> None:
    """Trading is disabled; if it is enabled again, losses count anew from the next mark."""
    time = s.equity.time[len(s.equity) - 1]
    start_event(s, time, STOPPED, -1, -1, -1)
    s.risk.stopped[0], s.risk.stopped_at[0], s.risk.marked[0] = reason, time, 0
    set_trading(s, 0)


def _flatten(s: EngineState) -> None:
    """Cancel every order and close every position that has a price, past the limits."""
    e = s.engine
    e.bypass[0] = 1
    e.strategy[0] = 0
    for i in range(len(s.instruments)):
        cancel_orders(s, i)
    for i in range(len(s.instruments)):
        ask_close(s, i)
    dispatch(s)
    e.bypass[0] = 0
