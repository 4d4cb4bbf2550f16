"""Every invariant holds on runs as they are and is seen to fail where a run's tables are altered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt import testing
from barter_bt.engine.order import NO_TIME
from barter_bt.errors import ConfigError
from barter_bt.testing import quotes, run, run_prices, schedule, strategies, trades
from barter_bt.testing.invariants import INVARIANTS
from barter_bt.testing.scenario import Case, random_scenario
from tests.draws import draws

SPOT = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
FUTURE = bt.Instrument("x", "f_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)
S = 10**9
VENUE = bt.Venue(fees=bt.Fees(0.01, 0.02), latency=bt.Latency("100ms", "100ms"))
ROUND_TRIP = (
    {"at": 1, "buy": 4},
    {"at": 2, "buy": 2, "limit": 99},
    {"at": 4, "sell": 5},
    {"at": 6, "sell": 1},
    {"at": 6, "buy": 2, "limit": 90},
    {"at": 7, "buy": 1},
    {"at": 3, "cancel": 0},
)


def spot() -> bt.Result:
    """Two round trips, one of a maker; a limit that is still open, a cancel that came too late, one more unit held."""
    market = trades(
        *((k, price, 9) for k, price in ((1, 100), (2, 101), (3, 98), (4, 103), (5, 104), (6, 105), (7, 106), (8, 107)))
    )
    return run(market, schedule(*sorted(ROUND_TRIP, key=lambda row: row["at"])), SPOT, venues=VENUE)


def margin() -> bt.Result:
    """A flip and a reduction of a future, on quotes."""
    market = quotes(*((k, 99 + k, 9, 101 + k, 9, "f_usd") for k in range(1, 8)))
    rows = [{"at": 1, "buy": 2}, {"at": 3, "sell": 5}, {"at": 5, "buy": 1}]
    return run(market, schedule(*(row | {"on": "f_usd"} for row in rows)), FUTURE, venues=VENUE)


def bars() -> bt.Result:
    """Takers at opens and closes, makers inside of candles."""
    prices = [(100, 105, 95, 101), (102, 103, 96, 97), (97, 99, 90, 95), (95, 96, 94, 96)]
    rows = [
        {"at": 10, "buy": 1},
        {"at": 60, "buy": 1, "limit": 94},
        {"at": 60, "sell": 1, "limit": 102},
        {"at": 150, "buy": 2},
    ]
    return run_prices(prices, schedule(*rows), SPOT)


RUNS: dict[str, bt.Result] = {}


def result_of(make: Callable[[], bt.Result]) -> bt.Result:
    return RUNS.setdefault(make.__name__, make())


def altered(result: bt.Result, table: str, column: str, row: int, change: Any) -> bt.Result:
    """A copy of a run in which one number is another: ``change`` more, or what a function makes of it."""
    copy = replace(result, state=result.state.copy(), venue=result.venue.copy())
    where, name = (copy.venue, table[6:]) if table.startswith("venue.") else (copy.state, table)
    cells = getattr(getattr(where, name), column)
    cells[row] = change(cells[row]) if callable(change) else cells[row] + change
    return copy


@pytest.mark.parametrize("make", [spot, margin, bars])
def test_runs_as_they_are(make: Callable[[], bt.Result]) -> None:
    result = result_of(make)
    assert result.trades.height >= 3
    testing.assert_all(result)
    testing.assert_all(altered(result, "trades", "price", 0, 0))  # a copy alone changes nothing


BALANCES = testing.assert_balances_follow_from_fills
BEFORE = testing.assert_no_fill_before_its_order
EQUITY = testing.assert_equity_is_cash_plus_value
EVIDENCE = testing.assert_fills_within_evidence
FREE = testing.assert_free_is_not_negative
LEDGER = testing.assert_ledger_sums_to_zero
ORDERS = testing.assert_fills_within_orders
ENDS = testing.assert_orders_end
POSITIONS = testing.assert_positions_follow_from_fills
TRIPS = testing.assert_round_trips_match_fills

ALTERED = [
    (spot, LEDGER, "venue.accounts", "total", 0, 1, r"ledger, a: account .* sum to 1 units"),
    (spot, LEDGER, "venue.accounts", "fees", 1, -7, r"ledger, usd: .* sum to -7 units"),
    (spot, BALANCES, "balances", "total", -1, 5, r"balances, row \d+ \(\w+\), at 1970-01-01 00:00:0\d.*: total is"),
    (spot, BALANCES, "trades", "fees", 0, 1, r"balances, row \d+ \(usd\)"),
    (spot, BALANCES, "trades", "notional", 1, -1, r"balances, row \d+ \(usd\)"),
    (spot, BALANCES, "assets", "total", 1, 1, "balance of usd at the end: what the engine knows is"),
    (spot, BALANCES, "venue.accounts", "total", 0, 1, "balance of a at the end: what the venue has is"),
    (spot, BALANCES, "venue.accounts", "reserved", 1, 1, "balance of usd at the end: what the engine takes for free"),
    (margin, BALANCES, "trades", "price", 1, 1, r"balances, row \d+ \(usd\)"),
    (spot, FREE, "balances", "free", 3, lambda free: -1, r"balances, row 3 \(\w+\), at .*: free is -1 units"),
    (spot, FREE, "balances", "free", 2, lambda free: 1 << 60, r"balances, row 2 \(\w+\), at .*: free is .* more than"),
    (spot, ORDERS, "trades", "quantity", 0, 1, r"orders, row 0 \(a_usd\), .*: filled is 4, and 5 is the sum"),
    (spot, ORDERS, "trades", "quantity", 0, lambda lots: 0, r"trades, row 0 \(a_usd\).*: 0 lots at"),
    (spot, ORDERS, "trades", "side", 0, lambda side: -side, r"trades, row 0 \(a_usd\).*: side is -1, and 1"),
    (spot, ORDERS, "trades", "price", 1, 2, r"trades, row 1 .*: price 101 is beyond the limit 99 of order 1"),
    (spot, ORDERS, "orders", "notional", 1, 1, r"orders, row 1 .*: notional is"),
    (spot, ORDERS, "orders", "fees", 2, 1, r"orders, row 2 .*: fees is"),
    (spot, ORDERS, "orders", "quantity", 0, -1, r"orders, row 0 .*: 4 lots filled of 3, 4 requested"),
    (spot, ORDERS, "orders", "quantity", 0, 1, r"orders, row 0 .*: 4 lots filled of 5, 4 requested"),
    (spot, BEFORE, "trades", "time_exchange", 0, -2 * S, r"trades, row 0 .*: filled 1100000000 ns before order 0"),
    (spot, BEFORE, "orders", "time_sent", 0, S, r"trades, row 0 .*: filled \d+ ns before order 0 arrived"),
    (spot, BEFORE, "trades", "time_engine", 0, -1, r"trades, row 0 .*: the engine knew 99999999 ns after"),
    (spot, EVIDENCE, "trades", "price", 0, 1, r"trades, row 0 .*: price 102 is none of the trades then, .*: 101"),
    (spot, EVIDENCE, "trades", "time_exchange", 0, 1, r"trades, row 0 .*: price 101 is none .*: there are none"),
    (spot, EVIDENCE, "trades", "price", 1, -1, r"trades, row 1 .*: price 98 of a maker is not its limit 99"),
    (spot, EVIDENCE, "trades", "time_exchange", 1, S, r"trades, row 1 .*: the trades then do not reach the limit 99"),
    (margin, EVIDENCE, "trades", "price", 0, -1, r"trades, row 0 .*: price 101 is none of the quotes then, .*: 102"),
    (bars, EVIDENCE, "trades", "price", 0, 5, r"trades, row 0 .*: price 106 is none of the candles then, .*: 102, 101"),
    (bars, EVIDENCE, "trades", "time_exchange", 2, 60 * S, r"trades, row 2 .*: the candles then do not reach"),
    (spot, ENDS, "orders", "status", 0, lambda status: 2, r"orders, row 0 .*: status is cancel_in_flight at the end"),
    (spot, ENDS, "orders", "status", 0, lambda status: 4, r"orders, row 0 .*: status is cancelled"),
    (
        spot,
        ENDS,
        "orders",
        "status",
        0,
        lambda status: 6,
        r"orders, row 0 .*: status is rejected, with 4 of 4 lots filled",
    ),
    (spot, ENDS, "orders", "filled", 0, -1, r"orders, row 0 .*: status is filled, with 3 of 4 lots filled"),
    (spot, ENDS, "orders", "reason", 0, 3, r"orders, row 0 .*: status is filled, and its reason is 'below_minimum'"),
    (spot, ENDS, "orders", "time_closed", 0, lambda time: NO_TIME, r"orders, row 0 .*: .* time_closed is none"),
    (spot, ENDS, "orders", "time_closed", 0, lambda time: 5, r"orders, row 0 .*: times go back: time_sent"),
    (spot, ENDS, "orders", "time_exchange", 1, lambda time: 1 * S, r"orders, row 1 .*: times go back"),
    (spot, POSITIONS, "trades", "position", 1, 1, r"trades, row 1 .*: position is 1, and 0"),
    (spot, POSITIONS, "instruments", "quantity", 0, 1, "position of a_usd at the end: quantity is"),
    (spot, POSITIONS, "instruments", "cost_basis", 0, 1, "position of a_usd at the end: cost_basis is"),
    (margin, POSITIONS, "instruments", "realised", 0, 1, "position of f_usd at the end: realised is"),
    (margin, POSITIONS, "instruments", "fees_exit", 0, 1, "position of f_usd at the end: fees_exit is"),
    (spot, TRIPS, "positions", "realised", 0, 1, r"positions, row 0 \(a_usd\), at .*: realised is"),
    (spot, TRIPS, "positions", "quantity_max", 0, 1, r"positions, row 0 .*: quantity_max is 7, and 6"),
    (spot, TRIPS, "positions", "trade_enter", 0, 1, r"positions, row 0 .*: trade_enter is 1, and 0"),
    (spot, TRIPS, "positions", "time_exit", 0, 1, r"positions, row 0 .*: time_exit is"),
    (margin, TRIPS, "positions", "fees_enter", 0, 1, r"positions, row 0 \(f_usd\).*: fees_enter is"),
    (margin, TRIPS, "positions", "side", 0, -2, r"positions, row 0 .*: side is -1, and 1"),
    (spot, TRIPS, "trades", "quantity", 0, 1, r"positions: 0 closed positions|positions: 1 closed positions, and"),
    (spot, EQUITY, "equity", "equity", -1, 1, r"equity, row \d+, at .*: equity is \d+, and \d+ units are cash and"),
    (spot, EQUITY, "equity", "equity", 0, 1, r"equity, row 0, at .*: equity is .* nothing is held but"),
    (spot, EQUITY, "equity", "time", -1, -10 * S, "equity: its times do not ascend"),
    (margin, EQUITY, "assets", "total", 1, 1, r"equity, row \d+, at"),
]


@pytest.mark.parametrize(("make", "invariant", "table", "column", "row", "change", "message"), ALTERED)
def test_an_altered_run_is_noticed(make, invariant, table, column, row, change, message) -> None:
    """One number changed: the invariant says which row and which numbers."""
    result = result_of(make)
    last = row if row >= 0 else len(getattr(result.state, table)) + row
    with pytest.raises(AssertionError, match=message):
        invariant(altered(result, table, column, last, change))
    with pytest.raises(AssertionError):
        testing.assert_all(altered(result, table, column, last, change))


def test_every_invariant_is_altered_above() -> None:
    assert {row[1] for row in ALTERED} == set(INVARIANTS)


def test_rows_that_are_missing() -> None:
    """A closed position that no fill closes, and one fill too few."""
    result = result_of(spot)
    copy = replace(result, state=result.state.copy())
    copy.state.positions.truncate(0)
    with pytest.raises(AssertionError, match="0 closed positions, and the fills close 1"):
        TRIPS(copy)
    copy = replace(result, state=result.state.copy())
    copy.state.balances.truncate(1)
    with pytest.raises(AssertionError, match="there is no starting balance"):
        BALANCES(copy)


def test_runs_that_differ() -> None:
    one = result_of(spot)
    testing.assert_same_run(one, spot())
    for table, column in (
        ("orders", "price_sent"),
        ("trades", "fees"),
        ("positions", "realised"),
        ("balances", "free"),
        ("equity", "equity"),
    ):
        with pytest.raises(AssertionError, match=rf"{table}, row 0.* in this, .* in that"):
            testing.assert_same_run(one, altered(one, table, column, 0, 1 << 20), ("this", "that"))
    finer = replace(one, index=result_of(margin).index)
    with pytest.raises(AssertionError):
        testing.assert_same_run(one, finer)


def test_a_golden_run(tmp_path: Path) -> None:
    """A run that was saved once is compared with the run of today, in either order."""
    one = result_of(spot)
    golden = bt.read(one.save(tmp_path / "golden"))
    testing.assert_same_run(one, golden)
    testing.assert_same_run(golden, one)
    with pytest.raises(AssertionError, match=r"trades, row 0 .*: fees is 8.08.* in today, 8.08 in golden"):
        testing.assert_same_run(altered(one, "trades", "fees", 0, 1000), golden, ("today", "golden"))


def test_what_is_no_result_is_told() -> None:
    for invariant in INVARIANTS:
        with pytest.raises(ConfigError, match="it must be a Result"):
            invariant(pl.DataFrame())  # type: ignore[arg-type]


def test_a_run_that_ended_early() -> None:
    """What was in flight has not arrived; what has, holds."""

    class Stops:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            if state.next_order == 3:
                raise KeyboardInterrupt
            return [], [bt.OrderRequest("a_usd", 1.0)]

    market = trades(*((k, 100 + k, 9) for k in range(1, 9)))
    result = run(market, Stops(), SPOT, venues=bt.Venue(latency=bt.Latency("500ms", "1500ms")))
    assert result.partial
    assert result.trades.height < result.orders.height
    testing.assert_all(result)


@settings(max_examples=draws(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.cases())
def test_drawn_cases_hold_all(case: Case) -> None:
    with strategies.accepted():
        result = case.backtest()
    testing.assert_all(result)


@pytest.mark.parametrize("seed", range(8000, 8100))
def test_random_cases_hold_all(seed: int) -> None:
    testing.assert_all(Case(random_scenario(seed)).backtest())
