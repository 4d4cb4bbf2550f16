"""Triggers and protection of orders, as compiled strategies ask for them (rules 28 to 34)."""

from __future__ import annotations

from math import isnan

from barter_bt.columns.exact import LIMIT
from barter_bt.columns.marks import unit
from barter_bt.engine.action.protect import (
    BY_DISTANCE,
    BY_FRACTION,
    BY_PRICE,
    BY_TICKS,
    ask_protection,
    is_on_wrong_side,
)
from barter_bt.engine.fault import BAD_TRIGGER, LATE_PROTECTION, fail
from barter_bt.engine.order import LAST, MARK, NO_TRIGGER
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE, has_tick, price_steps
from barter_bt.strategy.asking import given_steps, is_asked, is_given, is_protected_by, next_open


@unit
def ask_trigger(
    s: EngineState, row: int, kind: int, at: float, distance: float, rate: float, ticks: int, activation: float
) -> int:
    """Hold an order that was asked for until a trigger: at a price, or one that follows the market, or both."""
    if not is_asked(s, row):
        return row
    a, i = s.actions, s.actions.instrument[row]
    per_unit, noise = s.terms.ticks_per_unit[i], s.terms.tick_noise[i]
    a.trigger_kind[row] = kind
    a.trigger[row] = price_steps(s.terms, i, at) if is_given(s, i, at) else 0
    a.trail[row] = given_steps(distance, per_unit, noise)
    a.trail_rate[row] = given_steps(rate, float(RATE), 1.0) if rate < 1.0 else -1
    follows = (a.trail[row] > 0) + (a.trail_rate[row] > 0) + (ticks != 0)
    if ticks != 0:
        a.trail[row] = ticks if has_tick(s.terms, i) and ticks <= LIMIT else -1
    known = a.trigger[row] >= 0 and a.trail[row] >= 0 and a.trail_rate[row] >= 0
    if not known or follows > 1 or (follows == 0 and a.trigger[row] == 0) or a.post_only[row]:
        fail(s.fault, BAD_TRIGGER, i)
    if is_given(s, i, activation):
        starts, stop = price_steps(s.terms, i, activation), a.trigger[row]
        if starts <= 0 or follows == 0 or (stop > 0 and a.side[row] * (stop - starts) <= 0):
            fail(s.fault, BAD_TRIGGER, i)
        a.activation[row] = starts
    return row


@unit
def ask_protected(
    s: EngineState, row: int, unit: int, stop_loss: float, take_profit: float, trailing: float, activation: float
) -> int:
    """Protect an entry that was asked for; an amount of 0 is left out, and a price that is not given.

    What protects it has the numbers behind its own (rule 31), so no order may have been asked for since.
    """
    if not is_asked(s, row):
        return row
    i = s.actions.instrument[row]
    if next_open(s, row) < len(s.actions):
        fail(s.fault, LATE_PROTECTION, i)
        return row
    per_unit, noise = s.terms.ticks_per_unit[i], s.terms.tick_noise[i]
    if unit == BY_FRACTION:
        per_unit, noise = float(RATE), 1.0
    elif unit == BY_TICKS:
        per_unit, noise = 1.0, 0.0
    stop, profit, trail, starts = 0, 0, given_steps(trailing, per_unit, noise), 0
    if unit == BY_PRICE:
        stop = price_steps(s.terms, i, stop_loss) if is_given(s, i, stop_loss) else 0
        profit = price_steps(s.terms, i, take_profit) if is_given(s, i, take_profit) else 0
        starts = price_steps(s.terms, i, activation) if is_given(s, i, activation) else 0
    else:
        stop = 0 if isnan(stop_loss) else given_steps(stop_loss, per_unit, noise)
        profit = 0 if isnan(take_profit) else given_steps(take_profit, per_unit, noise)
        starts = 0 if isnan(activation) else given_steps(activation, per_unit, noise)
    sensible = stop >= 0 and profit >= 0 and trail >= 0 and stop + profit + trail > 0
    sensible = sensible and (unit != BY_FRACTION or max(stop, trail) < RATE)
    sensible = sensible and starts >= 0 and (starts == 0 or trail > 0) and (unit != BY_TICKS or has_tick(s.terms, i))
    if not (sensible and BY_PRICE <= unit <= BY_TICKS) or s.actions.reduce_only[row]:
        fail(s.fault, BAD_TRIGGER, i)
        return row
    own = s.actions.price[row] if s.actions.price[row] > 0 else s.actions.trigger[row]
    if unit == BY_PRICE and is_on_wrong_side(s.actions.side[row], own, stop, profit, starts):
        fail(s.fault, BAD_TRIGGER, i)
        return row
    ask_protection(s, row, BY_DISTANCE if unit == BY_TICKS else unit, stop, profit, trail, starts)
    return row


@unit
def ask_trigger_by(s: EngineState, row: int, which: int) -> int:
    """Let the trigger of an order that was asked for, and those of what protects it, look at prices of its choice."""
    if not is_asked(s, row):
        return row
    a, has_stop, other = s.actions, int(s.actions.trigger_kind[row] != NO_TRIGGER), next_open(s, row)
    if not LAST <= which <= MARK:
        fail(s.fault, BAD_TRIGGER, a.instrument[row])
        return row
    a.trigger_by[row] = which
    while is_protected_by(s, row, other):
        a.trigger_by[other] = which
        has_stop |= int(a.trigger_kind[other] != NO_TRIGGER)
        other = next_open(s, other)
    if not has_stop:
        fail(s.fault, BAD_TRIGGER, a.instrument[row])
    return row
