"""Risk managers by name, for configuration files."""

from barter_bt.risk.limits import Limits

BUILTIN = {"limits": Limits}
