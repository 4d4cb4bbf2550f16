"""The simulated venue: terms, orders, messages, matching and the ledger."""

from barter_bt.venue.costs import Fees, Slippage
from barter_bt.venue.delays import Delays
from barter_bt.venue.faults import Faults
from barter_bt.venue.margins import Margin, MarginTier
from barter_bt.venue.presets import FEE_PRESETS, FeePreset
from barter_bt.venue.terms import Latency, Venue
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
