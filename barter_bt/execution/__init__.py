"""The simulated venue: terms, orders, messages, matching and the ledger."""

from barter_bt.execution.terms import Fees, Latency, Margin, Venue

__all__ = ["Fees", "Latency", "Margin", "Venue"]
