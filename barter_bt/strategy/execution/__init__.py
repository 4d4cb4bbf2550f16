"""Executions of one large order, compiled: small orders along a schedule, that first make and at last take.

What is due by now says the schedule; of what is due and not done, one child order at a time asks. It rests at the best
price of its side, and follows it. When it is late, it takes. What is done and what is left stands in the strategy's own
variables, ``result.own[name]["variables"]``, as ``done`` and ``left``.
"""

from barter_bt.strategy.execution.pov import Pov
from barter_bt.strategy.execution.twap import Twap

__all__ = ["Pov", "Twap"]
