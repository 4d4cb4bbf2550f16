"""The one place where the engine turns to risk managers of the user's own, after the limits.

In compiled code a manager is called by its address, or in Python by its number. ``Simulation.compile`` puts a kernel
with the managers in it in the place of :func:`manage`.
"""

from __future__ import annotations

from typing import Any

from barter_bt.columns.callback import call
from barter_bt.columns.marks import native
from barter_bt.engine.fault import RISK_OUT_OF_BOUNDS, fail
from barter_bt.engine.order import NO_REASON, OWN_REASON, RISK_FAILED
from barter_bt.engine.state.tables import EngineState


def manage(s: EngineState, action: int) -> int:
    """Reason to refuse an open, 0 to approve it; its quantity may have been made smaller.

    The first that refuses is the last that is asked.
    """
    for k in range(len(s.managers)):
        reason = ask(s, k, action)
        if reason != NO_REASON:
            return reason
    return NO_REASON


def _native_ask() -> Any:
    from barter_bt.columns.lowering import call_at

    def ask(s: EngineState, k: int, action: int) -> int:
        m = s.managers
        if m.code[k] == 0:
            return call(m.known_by[k], action)
        return apply_verdict(s, action, call_at(m.code[k], s, m.my[k], action), m.first[k], m.reasons[k])

    return ask


@native(_native_ask)
def ask(s: EngineState, k: int, action: int) -> int:
    """What one of them says of an open, as a reason."""
    return call(s.managers.known_by[k], action)


def apply_verdict(s: EngineState, action: int, said: int, first: int, count: int) -> int:
    """What a compiled manager says: 0 approves, k refuses with its k-th reason, -k makes the order smaller, to k lots.

    Its reasons are ``count`` from the ``first`` of all managers' on.
    """
    if said == 0:
        return NO_REASON
    if 0 < said <= count:
        return OWN_REASON + first + said - 1
    if said < 0 and -said <= s.actions.quantity[action]:
        s.actions.quantity[action] = -said
        return NO_REASON
    fail(s.fault, RISK_OUT_OF_BOUNDS, s.actions.instrument[action])
    return RISK_FAILED
