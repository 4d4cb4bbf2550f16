"""For users' own tests: tiny runs, data and whole backtests drawn by Hypothesis, invariants as functions.

>>> import barter_bt as bt
>>> result = bt.testing.run_prices([100, 101, 99], bt.testing.schedule({"at": 60, "buy": 1}))
>>> bt.testing.table(result.trades, "time_exchange", "price")
[(60.0, 101.0)]

:mod:`barter_bt.testing.strategies` needs Hypothesis and is imported when it is asked for; the rest needs nothing more
than this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from barter_bt.testing.invariants import (
    assert_all,
    assert_balances_follow_from_fills,
    assert_equity_is_cash_plus_value,
    assert_fills_within_evidence,
    assert_fills_within_orders,
    assert_free_is_not_negative,
    assert_ledger_sums_to_zero,
    assert_no_fill_before_its_order,
    assert_orders_end,
    assert_positions_follow_from_fills,
    assert_round_trips_match_fills,
    assert_same_run,
)
from barter_bt.testing.market import bars, candles, quotes, table, trades
from barter_bt.testing.orders import schedule
from barter_bt.testing.relations import (
    assert_idle_instrument_changes_nothing,
    assert_no_lookahead,
    assert_order_of_declaration_changes_nothing,
    assert_order_of_rows_changes_nothing,
    assert_truncation_changes_nothing,
)
from barter_bt.testing.tiny import run, run_prices

if TYPE_CHECKING:
    from barter_bt.testing import strategies

__all__ = [
    "assert_all",
    "assert_balances_follow_from_fills",
    "assert_equity_is_cash_plus_value",
    "assert_fills_within_evidence",
    "assert_fills_within_orders",
    "assert_free_is_not_negative",
    "assert_idle_instrument_changes_nothing",
    "assert_ledger_sums_to_zero",
    "assert_no_fill_before_its_order",
    "assert_no_lookahead",
    "assert_order_of_declaration_changes_nothing",
    "assert_order_of_rows_changes_nothing",
    "assert_orders_end",
    "assert_positions_follow_from_fills",
    "assert_round_trips_match_fills",
    "assert_same_run",
    "assert_truncation_changes_nothing",
    "bars",
    "candles",
    "quotes",
    "run",
    "run_prices",
    "schedule",
    "strategies",
    "table",
    "trades",
]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return importlib.import_module("barter_bt.testing.strategies")
    raise AttributeError(f"module 'barter_bt.testing' has no attribute {name!r}")
