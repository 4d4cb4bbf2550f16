"""The simulated venue: terms, orders, messages, matching and the ledger."""

from barter_bt.venue.terms import Fees, Latency, Margin, Venue

__all__ = ["Fees", "Latency", "Margin", "Venue"]
