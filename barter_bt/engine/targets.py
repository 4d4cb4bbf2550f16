"""Targets of a schedule, each followed by a market order for the difference (rule 18)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, muldiv_floor
from barter_bt.engine.action.protect import NO_UNIT, ask_protection
from barter_bt.engine.action.send import ask, open_orders, order_of
from barter_bt.engine.order import BUY, GTC, MARKET, NO_PRICE, SELL
from barter_bt.engine.sizing import UNITS, value_of, wished_lots
from barter_bt.engine.state.tables import Decided, EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import RATE

OPEN_ROW, CANCEL_ROW, TARGET_ROW, AMEND_ROW, MARGIN_ROW = 0, 1, 2, 3, 4
PASSED_ROW = 5  # a target that another has replaced before the run's start
NOT_SENT, BELOW_LOT = -1, -2  # in place of the order that a row became


def follow_target(s: EngineState, row: int, worth: int, reducing: int, in_flight: int) -> None:
    """Send what is missing to a target, in its turn: reductions, or all others."""
    p, i = s.schedule, s.schedule.instrument[row]
    target = p.target[row]
    wished = wished_lots(s, i, target, worth, s.engine.size[0], s.engine.with_fee[0])
    now = bounded_sum(s.instruments.quantity[i], in_flight)
    missing = wished == UNKNOWN
    change = 0 if missing else bounded_sum(wished, -now)
    if wished == 0 and target != 0:
        p.sent[row] = BELOW_LOT
    opposite = (now < 0 < change) or (change < 0 < now)
    if change != 0 and is_within_band(s, wished, change):
        return
    if (change == 0 and not missing) or opposite != (reducing == 1):
        return
    s.engine.strategy[0] = p.strategy[row]
    side = BUY if (target if missing else change) > 0 else SELL
    action = ask(s, i, side, MARKET, GTC, 0, 0, abs(change))
    a = s.actions
    a.resize[action] = p.resize[row]
    a.refused[action] = NO_PRICE if missing else 0
    a.time_in_force[action], a.candle_fill[action] = p.time_in_force[row], p.candle_fill[row]
    a.good_after[action], a.good_till[action] = p.good_after[row], p.good_till[row]
    a.trigger_by[action] = p.trigger_by[row]
    if s.engine.size_at_fill[0] and target != 0 and not missing:
        value = value_of(s, i, target, worth, s.engine.size[0])
        size_at_fill(s, action, BUY if target > 0 else SELL, value, now, s.engine.with_fee[0])
    open_row(s, p, row, action)


def is_met(s: EngineState, row: int) -> bool:
    """Whether a row is a target of just the lots that are held, with what is in flight; its price need not be known."""
    p, i, ins = s.schedule, s.schedule.instrument[row], s.instruments
    in_lots = p.action[row] == TARGET_ROW and len(s.entries) == 0 and (s.engine.size[0] == UNITS or p.target[row] == 0)
    return bool(in_lots and p.target[row] == bounded_sum(ins.quantity[i], ins.working[i]))


def size_at_fill(s: EngineState, action: int, side: int, value: int, held: int, with_fee: int) -> None:
    """Let an order be sized again at its fill, by what its target is worth and what is held now (rule 61)."""
    w, row = s.wishes, s.wishes.append()
    w.value[row], w.side[row] = value, side
    w.with_fee[row], w.held[row] = with_fee, held
    s.actions.wish[action] = row + 1


def is_within_band(s: EngineState, wished: int, change: int) -> bool:
    """Whether what is held is so near to a target that it is left alone."""
    return wished != 0 and abs(change) <= muldiv_floor(abs(wished), s.engine.band[0], RATE)


def bind_row(s: EngineState, p: Decided, row: int, action: int) -> None:
    """Rows that an open names, of the same time, have been sent."""
    a = s.actions
    if p.follows[row]:
        a.follows[action], a.parent[action] = 1, p.sent[p.parent[row]]
    if p.group[row] == row:
        a.group[action] = order_of(action)
    elif p.group[row] >= 0:
        a.group[action] = p.sent[p.group[row]]


def protect_row(s: EngineState, p: Decided, row: int, action: int) -> None:
    """Ask for what protects the entry that a row has become."""
    if p.protect_by[row] != NO_UNIT:
        stops = p.stop_loss[row], p.take_profit[row], p.trailing_stop[row], p.trailing_activation[row]
        ask_protection(s, action, p.protect_by[row], *stops)
    p.sent[row] = len(s.orders)


def open_row(s: EngineState, p: Decided, row: int, action: int) -> None:
    """Open what a row asks for, and what protects it. Tables may be of different classes."""
    protect_row(s, p, row, action)
    open_orders(s)
