"""Margin that the event engine is asked to move: whether it can be asked for (rule 104)."""

from __future__ import annotations

from barter_bt.engine.action.transfer import NO_AMOUNT, NOT_ISOLATED, objection_to_transfer
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import MarginRequest
from barter_bt.strategy.margin_request import HINTS
from barter_bt.system.units import Units


def check_margin(
    s: EngineState, index: IndexedInstruments, units: Units, request: MarginRequest, *, as_far: bool
) -> int:
    """The instrument of a request in which nothing is wrong.

    Parameters
    ----------
    s, index, units
        The state, and what its integers stand for.
    request
        What is asked.
    as_far
        Whether it is moved as far as it goes, as a command is, so that it may be more than there is.

    Raises
    ------
    DataError
        It is of nothing, of margin that is not isolated, of another exchange, or of more than there is.
    """
    i = index.instrument(request.instrument)
    if index.exchange(request.exchange) != s.terms.exchange[i]:
        raise DataError(f"{request} is of exchange {request.exchange!r}, which does not trade {index.names[i]!r}")
    objection = objection_to_transfer(s, i, units.fees(i, request.amount))
    if objection and (not as_far or objection in (NO_AMOUNT, NOT_ISOLATED)):
        what, hint = HINTS[objection]
        raise DataError(f"{request} {what}", hint)
    return i
