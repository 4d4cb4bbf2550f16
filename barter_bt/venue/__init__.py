"""The simulated venue: terms, orders, messages, matching and the ledger."""

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.venue.costs import Fees, Slippage
from barter_bt.venue.delays import Delays
from barter_bt.venue.faults import Faults
from barter_bt.venue.margins import Margin, MarginTier
from barter_bt.venue.terms import Latency, Venue

if TYPE_CHECKING:
    from barter_bt.venue.presets import FEE_PRESETS, FeePreset
    from barter_bt.venue.tiers import FeeLevel, FeeTiers

__all__ = [
    "FEE_PRESETS",
    "Delays",
    "Faults",
    "FeeLevel",
    "FeePreset",
    "FeeTiers",
    "Fees",
    "Latency",
    "Margin",
    "MarginTier",
    "Slippage",
    "Venue",
]

_LATER = {"FEE_PRESETS": "presets", "FeeLevel": "tiers", "FeePreset": "presets", "FeeTiers": "tiers"}
"""What few venues have is imported when it is asked for: its module, by name."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
