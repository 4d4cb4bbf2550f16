"""What holds of every run, as functions: each takes a result and says what, where and by how much if it does not hold.

They work with the integer journals of a run, and with arithmetic of their own, so that nothing is taken on trust that
is to be shown. :func:`assert_all` asks for all of them; :func:`assert_same_run` compares two runs.
"""

from __future__ import annotations

from barter_bt.backtest import Result
from barter_bt.testing.invariants.accounts import (
    assert_balances_follow_from_fills,
    assert_free_is_not_negative,
    assert_ledger_sums_to_zero,
)
from barter_bt.testing.invariants.equity import assert_equity_is_cash_plus_value
from barter_bt.testing.invariants.evidence import assert_fills_within_evidence
from barter_bt.testing.invariants.orders import (
    assert_fills_within_orders,
    assert_no_fill_before_its_order,
    assert_orders_end,
)
from barter_bt.testing.invariants.positions import assert_positions_follow_from_fills, assert_round_trips_match_fills
from barter_bt.testing.invariants.same import assert_same_run

INVARIANTS = (
    assert_ledger_sums_to_zero,
    assert_fills_within_orders,
    assert_no_fill_before_its_order,
    assert_fills_within_evidence,
    assert_orders_end,
    assert_positions_follow_from_fills,
    assert_round_trips_match_fills,
    assert_balances_follow_from_fills,
    assert_free_is_not_negative,
    assert_equity_is_cash_plus_value,
)

__all__ = [
    "INVARIANTS",
    "assert_all",
    "assert_balances_follow_from_fills",
    "assert_equity_is_cash_plus_value",
    "assert_fills_within_evidence",
    "assert_fills_within_orders",
    "assert_free_is_not_negative",
    "assert_ledger_sums_to_zero",
    "assert_no_fill_before_its_order",
    "assert_orders_end",
    "assert_positions_follow_from_fills",
    "assert_round_trips_match_fills",
    "assert_same_run",
]


def assert_all(result: Result) -> None:
    """Every invariant of :data:`INVARIANTS` holds.

    Raises
    ------
    AssertionError
        Of the first that does not.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_all(bt.testing.run_prices([100, 101, 99], bt.testing.schedule({"at": 60, "buy": 1, "limit": 100})))
    """
    for invariant in INVARIANTS:
        invariant(result)
