"""Margin that is asked for by hand (rule 104): what cannot be asked for."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.state.margin import free_margin
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import ISOLATED, steps

NO_OBJECTION, NO_AMOUNT, NOT_ISOLATED, NOT_FREE, NOT_ASIDE = range(5)


@unit
def units_of_margin(s: EngineState, i: int, amount: float) -> int:
    """An amount in the nearest whole units of an instrument's settlement asset; 0 if it is none."""
    units = steps(abs(amount), s.assets.units_per_unit[s.terms.quote[i]], 1.0)
    return 0 if units <= 0 else units if amount > 0.0 else -units


@unit
def objection_to_transfer(s: EngineState, i: int, amount: int) -> int:
    """Why a strategy cannot ask for so many units, as far as it can know; 0 if it can."""
    if amount == 0:
        return NO_AMOUNT
    if s.terms.margined[i] != ISOLATED:
        return NOT_ISOLATED
    if amount < 0:
        return NOT_ASIDE if -amount > s.instruments.aside[i] else NO_OBJECTION
    free = free_margin(s, s.terms.quote[i])
    return NOT_FREE if free != UNKNOWN and amount > max(free, 0) else NO_OBJECTION
