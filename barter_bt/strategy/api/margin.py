"""Margin of isolated positions that a compiled strategy moves by hand (rule 104)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.action.send import ask_transfer
from barter_bt.engine.action.transfer import objection_to_transfer, units_of_margin
from barter_bt.engine.fault import BAD_TRANSFER, fail
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import amount as in_units
from barter_bt.strategy.asking import is_unknown


def margin_aside(s: EngineState, i: int) -> float:
    """What an isolated position has set aside, in its settlement asset (rule 70); 0.0 of any other."""
    return 0.0 if is_unknown(s.whole, i) else in_units(s.whole, s.whole.terms.quote[i], s.whole.instruments.aside[i])


def move_margin(s: EngineState, i: int, amount: float) -> None:
    """Ask that so much of its settlement asset be added to what an isolated position has set aside.

    Below 0 it is taken from it: ``move_margin(s, i, -50.0)``. It is sent at once, before all else that is asked for,
    and moved as far as it is to spare when it arrives (rule 79). To ask for more than is free now
    (:func:`free_margin`), or to take more than :func:`margin_aside`, ends the run.
    """
    if not is_unknown(s.whole, i):
        _ask(s.whole, i, amount)


@unit
def _ask(s: EngineState, i: int, amount: float) -> None:
    units = units_of_margin(s, i, amount)
    if objection_to_transfer(s, i, units):
        fail(s.fault, BAD_TRANSFER, i)
    else:
        ask_transfer(s, i, units)
