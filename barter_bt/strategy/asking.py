"""Orders as compiled strategies ask for them, on the state itself: :mod:`barter_bt.strategy.api` is for its views.

What asks is a unit: a new strategy is compiled without what it only calls.
"""

from __future__ import annotations

from math import isnan

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.action.send import NO_ORDER, ask, ask_cancel, order_of
from barter_bt.engine.fault import (
    BAD_INSTRUMENT,
    BAD_ORDER,
    BAD_SHARE,
    BAD_TERMS,
    BAD_TIMES,
    BAD_TRIGGER,
    NOT_ASKED,
    fail,
)
from barter_bt.engine.order import BUY, EXERCISE, FOK, GTC, IOC, LIMIT, MARKET, NO_GROUP, NO_PRICE, SELL
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS, value_of, wished_lots
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.engine.targets import size_at_fill
from barter_bt.engine.terms import RATE, price_steps, steps

NOTHING_ASKED = -1


def is_unknown(s: EngineState, i: int) -> bool:
    """Whether there is no such instrument, which ends the run."""
    if 0 <= i < len(s.instruments):
        return False
    fail(s.fault, BAD_INSTRUMENT, i)
    return True


def is_given(s: EngineState, i: int, price: float) -> bool:
    """Whether a price that may be left out is there: NaN never is, 0.0 where it can be a price (rule 76)."""
    return not isnan(price) and (price != 0.0 or s.terms.zero[i] > 0)


def given_steps(value: float, per_unit: float, noise: float) -> int:
    """An amount that may be left out as 0.0, in whole steps; -1 if it is none, or less than a step."""
    count = steps(value, per_unit, noise)
    return -1 if count == 0 and value != 0.0 else count


def is_asked(s: EngineState, row: int) -> bool:
    """Whether an order is asked for in this wake-up as this row; any other but ``NOTHING_ASKED`` ends the run."""
    if 0 <= row < len(s.actions) and s.actions.order[row] == NO_ORDER:
        return True
    if row != NOTHING_ASKED:
        fail(s.fault, NOT_ASKED, row)
    return False


def next_open(s: EngineState, row: int) -> int:
    """The row of the next order that is asked for behind one; the number of rows without one."""
    other = row + 1
    while other < len(s.actions) and s.actions.order[other] != NO_ORDER:
        other += 1
    return other


def is_protected_by(s: EngineState, row: int, other: int) -> bool:
    """Whether a row behind an order, as of :func:`next_open`, is of what protects it."""
    return bool(other < len(s.actions) and s.actions.parent[other] == row and not s.actions.follows[other])


@unit
def ask_market(s: EngineState, i: int, side: int, quantity: float) -> int:
    """A market order; returns its row among the actions."""
    if is_unknown(s, i):
        return NOTHING_ASKED
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    if lots <= 0:
        fail(s.fault, BAD_ORDER, i)
        return NOTHING_ASKED
    return ask(s, i, side, MARKET, GTC, 0, 0, lots)


@unit
def ask_exercise(s: EngineState, i: int, quantity: float) -> int:
    """An exercise of contracts of an option that is held (rule 64); returns its row among the actions."""
    row = ask_market(s, i, SELL, quantity)
    if row != NOTHING_ASKED:
        s.actions.kind[row], s.actions.time_in_force[row], s.actions.reduce_only[row] = EXERCISE, IOC, 1
    return row


@unit
def ask_limit(s: EngineState, i: int, side: int, quantity: float, at: float, time_in_force: int, post_only: int) -> int:
    """A limit order; returns its row among the actions."""
    if is_unknown(s, i):
        return NOTHING_ASKED
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    ticks = price_steps(s.terms, i, at)
    if lots <= 0 or ticks <= 0:
        fail(s.fault, BAD_ORDER, i)
        return NOTHING_ASKED
    if not (GTC <= time_in_force <= FOK and 0 <= post_only <= 1) or (post_only and time_in_force != GTC):
        fail(s.fault, BAD_TERMS, i)
        return NOTHING_ASKED
    return ask(s, i, side, LIMIT, time_in_force, post_only, ticks, lots)


def target_in_steps(s: EngineState, i: int, target: float, size: int) -> int:
    """A target in lots, in units of its money, or in 1e-9 of the equity; if it is none, UNKNOWN, and the run ends."""
    if size == UNITS:
        count = steps(abs(target), s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    elif size == NOTIONAL:
        count = steps(abs(target), s.assets.units_per_unit[s.terms.quote[i]], 1.0)
    else:
        count = steps(abs(target), float(RATE), 1.0)
    foreign = size == EQUITY and not _is_reporting(s, s.terms.quote[i])
    if count < 0 or foreign:
        fail(s.fault, BAD_SHARE if foreign else BAD_ORDER, i)
        return UNKNOWN
    return count if target > 0 else -count


def _is_reporting(s: EngineState, asset: int) -> bool:
    """Whether an asset is the reporting asset, or the same on another exchange, in the same units."""
    a, home = s.assets, s.engine.reporting[0]
    same = a.step[asset] == -1 and a.next[asset] == home and a.step_num[asset] == a.step_den[asset]
    return bool(asset == home or same)


def change_to(s: EngineState, i: int, target: int, size: int) -> int:
    """Signed lots that are missing to a target of position and working orders; UNKNOWN without a price."""
    wished = wished_lots(s, i, target, equity(s) if size == EQUITY else 0, size, 1)
    if wished == UNKNOWN:
        return UNKNOWN
    return bounded_sum(wished, -bounded_sum(s.instruments.quantity[i], s.instruments.working[i]))


@unit
def ask_target(s: EngineState, i: int, target: float, size: int, at_fill: int) -> int:
    """The market order that brings position and working orders to a target; refused where it needs a price.

    ``at_fill``: it is sized again at its fill (rule 61).
    """
    if is_unknown(s, i):
        return NOTHING_ASKED
    count = target_in_steps(s, i, target, size)
    change = count if count == UNKNOWN else change_to(s, i, count, size)
    if change == 0 or count == UNKNOWN:
        return NOTHING_ASKED
    unpriced = change == UNKNOWN
    buys = target > 0 if unpriced else change > 0
    row = ask(s, i, BUY if buys else SELL, MARKET, GTC, 0, 0, 0 if unpriced else abs(change))
    s.actions.resize[row] = 1
    s.actions.refused[row] = NO_PRICE if unpriced else 0
    if at_fill and count != 0 and not unpriced:
        value = value_of(s, i, count, equity(s) if size == EQUITY else 0, size)
        held = bounded_sum(s.instruments.quantity[i], s.instruments.working[i])
        size_at_fill(s, row, BUY if target > 0 else SELL, value, held, 1)
    return row


@unit
def ask_cancel_all(s: EngineState, i: int) -> None:
    """Cancels of all live orders of an instrument."""
    order = s.instruments.first[i]
    while order >= 0:
        ask_cancel(s, order)
        order = s.orders.after[order]


@unit
def ask_good_till(s: EngineState, row: int, time: int) -> int:
    """Let an order that was asked for end at a time."""
    if not is_asked(s, row):
        return row
    late = time > max(s.engine.time[0], s.actions.good_after[row])
    if not late or s.actions.time_in_force[row] != GTC:
        fail(s.fault, BAD_TIMES, s.actions.instrument[row])
    s.actions.good_till[row] = time
    return row


@unit
def ask_after(s: EngineState, first: int, then: int) -> int:
    """Let an order that was asked for wait until another, asked for before it, has filled whole."""
    if _may_be_bound(s, first, then):
        s.actions.follows[then], s.actions.parent[then] = 1, order_of(first)
    return then


@unit
def ask_group(s: EngineState, first: int, other: int) -> int:
    """Let two orders that were asked for, one behind the other, be of one group."""
    if _may_be_bound(s, first, other):
        if s.actions.group[first] == NO_GROUP:
            s.actions.group[first] = order_of(first)
        s.actions.group[other] = s.actions.group[first]
    return other


def _may_be_bound(s: EngineState, first: int, other: int) -> bool:
    if not (is_asked(s, first) and is_asked(s, other)):
        return False
    a, exchange = s.actions, s.terms.exchange
    if first < other and exchange[a.instrument[first]] == exchange[a.instrument[other]]:
        if a.kind[first] != EXERCISE and a.kind[other] != EXERCISE:
            return True
    fail(s.fault, BAD_TERMS, a.instrument[other])
    return False


@unit
def ask_reduce_only(s: EngineState, row: int) -> int:
    """Let an order that was asked for do nothing but reduce the position."""
    if not is_asked(s, row):
        return row
    s.actions.reduce_only[row] = 1
    sized = s.actions.wish[row] > 0
    if sized or is_protected_by(s, row, next_open(s, row)):  # what opens nothing is not protected
        fail(s.fault, BAD_TRIGGER, s.actions.instrument[row])
    return row
