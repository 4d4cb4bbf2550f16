"""The one place where the engine turns to risk managers of the user's own, after the limits. They are put here."""

from __future__ import annotations

from barter_bt.engine.fault import RISK_OUT_OF_BOUNDS, fail
from barter_bt.engine.order import NO_REASON, OWN_REASON, RISK_FAILED
from barter_bt.engine.state.tables import EngineState


def manage(s: EngineState, action: int) -> int:
    """Reason to refuse an open, 0 to approve it; its quantity may have been made smaller."""
    return NO_REASON


def apply_verdict(s: EngineState, action: int, said: int, first: int, count: int) -> int:
    """What a manager says of an open: 0 approves, k refuses with its k-th reason, -k makes it smaller, to k lots.

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
