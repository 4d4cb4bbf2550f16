"""Relations between runs that hold without knowing the right answer, for any data and any strategy.

Each takes what :func:`barter_bt.backtest` takes and runs it at least twice, interpreted unless told otherwise. The
strategy is copied for each run, or made anew by a function that is given the data (in the form in which it was given).
A strategy that uses its own randomness, the outside world, or the order of rows breaks them, and rightly so.
"""

from __future__ import annotations

from barter_bt.testing.relations.idle import assert_idle_instrument_changes_nothing
from barter_bt.testing.relations.order import (
    assert_order_of_declaration_changes_nothing,
    assert_order_of_rows_changes_nothing,
)
from barter_bt.testing.relations.time import assert_no_lookahead, assert_truncation_changes_nothing

__all__ = [
    "assert_idle_instrument_changes_nothing",
    "assert_no_lookahead",
    "assert_order_of_declaration_changes_nothing",
    "assert_order_of_rows_changes_nothing",
    "assert_truncation_changes_nothing",
]
