"""Risk managers: what may refuse an order before it is sent."""

from barter_bt.risk.limits import Limits
from barter_bt.risk.managers import CompiledRisk, RiskManager

__all__ = ["CompiledRisk", "Limits", "RiskManager"]
