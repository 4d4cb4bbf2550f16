"""What a session that ends waits for: answers to the requests that it has sent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from barter_bt.engine.order import CANCEL_IN_FLIGHT, OPEN_IN_FLIGHT
from barter_bt.engine.state.amending import count_in_flight
from barter_bt.live.clock import SECOND_NS
from barter_bt.live.parts import SessionWarning
from barter_bt.system.view import View

_WORDS = {OPEN_IN_FLIGHT: "order", CANCEL_IN_FLIGHT: "cancel of order"}


def orders_in_flight(engine: View) -> list[str]:
    """Orders, cancels and amends that nobody has answered, in words."""
    found, s = [], engine.state
    for i in range(len(engine.index)):
        row = s.instruments.first[i]
        while row >= 0:
            cid = engine.key_of(row).cid
            if s.orders.status[row] in _WORDS:
                found.append(f"{_WORDS[s.orders.status[row]]} {cid!r}")
            if count_in_flight(s, row):
                found.append(f"amend of order {cid!r}")
            row = s.orders.after[row]
    return found


def warn_of(unanswered: Sequence[str], waited_ns: int) -> None:
    """Say what a session leaves behind.

    Warns
    -----
    SessionWarning
        Always, with the client ids.
    """
    warnings.warn(
        f"the session ended {waited_ns / SECOND_NS:g} s after its shutdown with no answer to: {', '.join(unanswered)}; "
        "what they ask for may have been done all the same: look at the exchange",
        SessionWarning,
        stacklevel=2,
    )
