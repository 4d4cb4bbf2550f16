"""Figures of a finished run: what they are, how each is defined, and the tables they come from."""

from barter_bt.statistic.definitions import DEFINITIONS
from barter_bt.statistic.summary import Summary, summarise

__all__ = ["DEFINITIONS", "Summary", "summarise"]
