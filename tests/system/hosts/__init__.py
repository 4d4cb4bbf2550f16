"""One run in both hosts: a backtest, and the event engine that is told what the backtest's engine was told.

The full audit of a backtest is turned into the events of the protocol, one for each that was counted, and what the
strategy asked for at each of them is asked for again. After each event both states, and what was done, must be equal.
What is left out of the comparison is what Barter's messages do not tell (`docs/barter.md`, "Two hosts").
"""

from tests.system.hosts.decides import Closing, Decides, Decision, Replayed
from tests.system.hosts.make import make_decisions, make_plan, unconditional
from tests.system.hosts.plan import Plan, Whims
from tests.system.hosts.told import Told

__all__ = [
    "Closing",
    "Decides",
    "Decision",
    "Plan",
    "Replayed",
    "Told",
    "Whims",
    "make_decisions",
    "make_plan",
    "unconditional",
]
