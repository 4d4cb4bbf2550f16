"""Targets that enter by limits and stops: the entry before is replaced, what reduces goes at the market (rule 60)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.action.protect import BY_DISTANCE, BY_PRICE, NO_UNIT
from barter_bt.engine.action.send import NO_ORDER, ask, ask_cancel, ask_for, dispatch, open_order, open_orders
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import (
    BUY,
    CANCEL_IN_FLIGHT,
    GTC,
    LIMIT,
    MARKET,
    NO_PRICE,
    NO_TIME,
    OPEN,
    SELL,
)
from barter_bt.engine.sizing import lots_at
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.targets import BELOW_LOT, TARGET_ROW, follow_target, is_within_band, protect_row
from barter_bt.engine.terms import RATE, from_zero


@unit
def replace_entries(s: EngineState, first: int, end: int, worth: int) -> None:
    """Cancel the entries at work of the instruments that have targets, but for those that would be sent again."""
    p = s.schedule
    for row in range(first, end):
        order = s.entries.order[p.instrument[row]]
        if p.action[row] != TARGET_ROW or order == NO_ORDER or s.orders.status[order] > OPEN:
            continue
        if _stays(s, row, order, worth):
            p.sent[row] = order
        else:
            ask_cancel(s, order)
            dispatch(s)


@unit
def follow_with_entries(s: EngineState, row: int, worth: int, reducing: int) -> None:
    """Follow a target in its turn: at the market what reduces, then as its row says what it enters."""
    p, i = s.schedule, s.schedule.instrument[row]
    in_flight = _in_flight(s, i, NO_ORDER)
    if p.enter_by[row] == NO_UNIT:
        follow_target(s, row, worth, reducing, in_flight)
        return
    wished, now = _wished(s, row, worth), bounded_sum(s.instruments.quantity[i], in_flight)
    if wished == UNKNOWN:
        if not reducing:
            _enter(s, row, BUY if p.target[row] > 0 else SELL, 0, NO_PRICE)
        return
    if wished == 0 and p.target[row] != 0:
        p.sent[row] = BELOW_LOT
    if is_within_band(s, wished, bounded_sum(wished, -now)):
        return
    if reducing:
        _reduce(s, row, now, _too_much(wished, now))
    elif _missing(wished, now) > 0:
        _enter(s, row, BUY if wished > 0 else SELL, _missing(wished, now), 0)


def _too_much(wished: int, now: int) -> int:
    """Lots by which what is held is to be made smaller before anything is entered."""
    if wished == 0 or (wished > 0) != (now > 0):
        return abs(now)
    return max(abs(now) - abs(wished), 0)


def _missing(wished: int, now: int) -> int:
    """Lots that are to be entered, none while something of the other side is held."""
    return 0 if _too_much(wished, now) > 0 else abs(wished) - abs(now)


def _in_flight(s: EngineState, i: int, but: int) -> int:
    """Signed lots that orders of an instrument may still fill, but for those that are being cancelled."""
    o, lots, order = s.orders, 0, s.instruments.first[i]
    while order >= 0:
        if order != but and o.status[order] != CANCEL_IN_FLIGHT and not o.reduce_only[order]:
            lots = bounded_sum(lots, o.side[order] * (o.quantity[order] - o.filled[order]))
        order = o.after[order]
    return lots


def _away(s: EngineState, i: int, ticks: int, amount: int, unit: int) -> int:
    """How far from a price an entry lies, in ticks."""
    return amount if unit == BY_DISTANCE else max(muldiv(from_zero(s.terms, i, ticks), amount, RATE), 1)


def _trigger(s: EngineState, row: int) -> int:
    """The trigger of a row's entry; 0 without one, or where the price that it is measured from is not known."""
    p, here = s.schedule, price_ticks(s, s.schedule.instrument[row])
    if p.trigger[row] == 0 or p.enter_by[row] == BY_PRICE or here == 0:
        return p.trigger[row] if p.enter_by[row] == BY_PRICE else 0
    away = _away(s, p.instrument[row], here, p.trigger[row], p.enter_by[row])
    return max(here + away if p.target[row] > 0 else here - away, 1)


def _limit(s: EngineState, row: int) -> int:
    """The limit of a row's entry, likewise: below the market to buy, but of a stop limit beyond its trigger."""
    p = s.schedule
    if p.kind[row] != LIMIT or p.enter_by[row] == BY_PRICE:
        return p.price[row]
    is_stop, unit = p.trigger[row] > 0, p.enter_by[row]
    start = _trigger(s, row) if is_stop else price_ticks(s, p.instrument[row])
    if start == 0:
        return 0
    away = _away(s, p.instrument[row], start, p.price[row], unit)
    return max(start + away if is_stop == (p.target[row] > 0) else start - away, 1)


def _wished(s: EngineState, row: int, worth: int) -> int:
    """Signed lots of the target at the price of its entry; UNKNOWN where that is not known."""
    p = s.schedule
    if p.target[row] == 0:
        return 0
    ticks = _limit(s, row) if p.kind[row] == LIMIT else _trigger(s, row)
    if ticks == 0:
        return UNKNOWN
    return lots_at(s, p.instrument[row], p.target[row], worth, s.engine.size[0], s.engine.with_fee[0], ticks)


def _stays(s: EngineState, row: int, order: int, worth: int) -> bool:
    """Whether a row would send the entry at work again."""
    p, o, i = s.schedule, s.orders, s.schedule.instrument[row]
    if p.enter_by[row] == NO_UNIT or p.good_after[row] != NO_TIME or p.good_till[row] != NEVER:
        return False
    wished = _wished(s, row, worth)
    if wished in (UNKNOWN, 0):
        return False
    now = bounded_sum(s.instruments.quantity[i], _in_flight(s, i, order))
    if is_within_band(s, wished, bounded_sum(wished, -now)) or _missing(wished, now) <= 0:
        return False
    same = o.kind[order] == p.kind[row] and o.price[order] == _limit(s, row) and o.trigger[order] == _trigger(s, row)
    rest = o.side[order] * (o.quantity[order] - o.filled[order])
    return bool(same and rest == (_missing(wished, now) if wished > 0 else -_missing(wished, now)))


def _reduce(s: EngineState, row: int, now: int, lots: int) -> None:
    if lots == 0:
        return
    p = s.schedule
    s.engine.strategy[0] = p.strategy[row]
    action = ask(s, p.instrument[row], SELL if now > 0 else BUY, MARKET, GTC, 0, 0, lots)
    s.actions.resize[action] = p.resize[row]
    open_orders(s)


def _enter(s: EngineState, row: int, side: int, lots: int, refused: int) -> None:
    """Open the entry of a row and what protects it, whatever is still held of the other side."""
    p, a = s.schedule, s.actions
    s.engine.strategy[0] = p.strategy[row]
    action = ask_for(s, p, row)
    a.side[action], a.quantity[action] = side, lots
    a.quantity_requested[action] = lots
    a.price[action], a.trigger[action], a.refused[action] = _limit(s, row), _trigger(s, row), refused
    protect_row(s, s.schedule, row, action)
    for each in range(len(a)):
        a.sent[each] = open_order(s, each)
    a.truncate(0)
    order = p.sent[row]
    if s.orders.status[order] <= OPEN:
        s.entries.order[p.instrument[row]] = order
