"""Risk managers: what may refuse an order before it is sent."""

from barter_bt.risk.limits import Limits

__all__ = ["Limits"]
