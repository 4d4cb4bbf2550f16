"""The simulated venue: terms, orders, messages, matching and the ledger."""

from barter_bt.venue.costs import Fees, Slippage
from barter_bt.venue.margins import Margin, MarginTier
from barter_bt.venue.terms import Latency, Venue

__all__ = ["Fees", "Latency", "Margin", "MarginTier", "Slippage", "Venue"]
