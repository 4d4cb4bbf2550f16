"""Rule 48: deposits and withdrawals change the account, and are neither gains nor losses."""

from __future__ import annotations

import math

import numpy as np
import pytest

import barter_bt as bt
from barter_bt.errors import DataError
from barter_bt.statistic.deposits import internal_growth
from tests.engine.test_rules_flows import cash, flows, frame
from tests.engine.tiny import A, run, schedule, table, trades

YEAR = 365 * 86_400


def deposits(*rows: tuple) -> object:
    return bt.data.deposits(frame(*rows, columns=("asset", "amount")))


def test_rule_48_a_deposit_is_an_amount_with_a_reason_of_its_own():
    market = trades((0, 100, 999), (3, 100, 999), (5, 100, 999))
    given = deposits((1, "usd", 500.0), (4, "usd", -250.0))
    result = run(market, schedule({"at": 2, "buy": 101}), cash_flows=given, mark_every="1s")
    assert flows(result) == [(1, "usd", None, "deposit", 500), (4, "usd", None, "withdrawal", -250)]
    assert result.orders["filled"].to_list() == [101]  # 10,000 would not pay for it
    assert result.cash_flows["worth"].to_list() == [500, -250]
    summary = result.summary()
    assert (summary.deposits, summary.cash_flows) == (250, 0)
    assert (summary.equity_start, summary.equity_end, summary.equity_peak) == (10_000, 10_250, 10_500)


def test_returns_are_linked_between_deposits():
    """100 of 10,000 grow by a half, to 10,050; 9,950 come and 100 more of 20,000 by a third; then 10,000 go."""
    market = trades((0, 100, 99), (2, 100, 99), (3, 150, 99), (5, 200, 99), (7, 200, 99))
    given = deposits((4, "usd", 9_950.0), (6, "usd", -10_000.0))
    result = run(market, schedule({"at": 1, "buy": 1}), cash_flows=given, mark_every="1s")
    growth = 10_050 / 10_000 * (20_050 / 20_000)
    assert result.equity["equity"].to_list()[-1] == 10_050
    assert result.equity["net"].to_list()[-1] == pytest.approx(10_000 * growth, rel=1e-15)
    summary = result.summary()
    assert summary.time_weighted_return == summary.total_return == pytest.approx(growth - 1, rel=1e-12)
    assert summary.max_drawdown == 0
    sparse = run(market, schedule({"at": 1, "buy": 1}), cash_flows=given, mark_every="1h")
    assert sparse.equity.height == 2
    assert sparse.summary().total_return == pytest.approx(growth - 1, rel=1e-12)
    plain = run(market, schedule({"at": 1, "buy": 1}), mark_every="1s")
    assert plain.equity.columns == ["time", "equity"]


def test_rule_48_other_assets_count_at_their_price_then():
    """Two of a at 100 are paid in, and are no gain; that they rise to 150 is one, on 10,200."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 150, 9))
    result = run(market, schedule(), cash_flows=deposits((4, "a", 2.0)), mark_every="1s")
    assert result.cash_flows["worth"].to_list() == [200]
    assert result.summary().total_return == pytest.approx(100 / 10_200)


def test_nothing_to_link_to_stays_where_it_was():
    """All is withdrawn, and 500 come back of which a fifth is lost; a loss before anything was there is not one."""
    market = trades((0, 100, 9), (5, 100, 9), (9, 80, 9))
    given = deposits((2, "usd", -10_000.0), (4, "usd", 100.0))
    result = run(market, schedule({"at": 4.5, "buy": 1}), cash_flows=given, mark_every="1s")
    net = dict(table(result.equity, "time", "net"))
    assert [net[time] for time in (0, 2, 4, 9)] == [10_000, 10_000, 10_000, 8_000]
    owing = run(market, schedule({"at": 1, "buy": 1}), cash_flows=deposits((6, "usd", -10_100.0)), mark_every="1s")
    assert table(owing.equity, "equity", "net")[-2:] == [(-100, 10_000), (-120, 10_000)]


def test_a_deposit_without_a_price_is_linked_at_the_next_mark():
    """Nothing says what a is worth at 1: equity is unknown until 3, and goes on from there."""
    market = trades(
        (
            0,
            100,
            9,
        ),
        (2, 100, 9),
        (3, 50, 9),
        (5, 100, 9),
    )
    other = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
    late = trades((3, 7, 9), (5, 14, 9), instrument="b_usd")
    result = run([market, late], schedule(), [A, other], cash_flows=deposits((1, "b", 10.0)), mark_every="1s")
    net = dict(table(result.equity, "time", "net"))
    assert net[2] is None
    assert [net[time] for time in (0, 3)] == [10_000, 10_000]
    assert net[5] == pytest.approx(10_000 * 10_140 / 10_070)
    assert result.summary().money_weighted_return is None


def test_money_weighted_return_is_the_internal_rate_of_return():
    """10,000 for a year, and 10,000 for three quarters of it; held against a root that NumPy finds."""
    quarter = YEAR / 4
    market = trades((0, 100, 999), (5, 100, 999), (quarter, 100, 999), (YEAR, 121, 999))
    given = deposits((quarter, "usd", 10_000.0))
    result = run(market, schedule({"at": 1, "buy": 100}), cash_flows=given, mark_every="1d")
    root = max(np.roots([10_000, 10_000, 0, 0, -22_100]).real)  # of the growth of a quarter
    assert result.summary().money_weighted_return == pytest.approx(root**4 - 1, abs=1e-9)
    assert result.summary().time_weighted_return == pytest.approx(22_100 / 20_000 - 1)
    alone = run(market, schedule({"at": 1, "buy": 100}), mark_every="1d").summary()
    assert alone.money_weighted_return == pytest.approx(0.21, abs=1e-12)


def test_internal_growth_agrees_with_roots_of_a_polynomial():
    draw = np.random.default_rng(7)
    for _ in range(200):
        paid = np.concatenate(([draw.uniform(10, 100)], draw.uniform(-5, 50, 4)))
        left, end = np.array([1.0, 0.75, 0.5, 0.25, 0.0]), draw.uniform(1, 600)
        found = internal_growth(paid, left, end)
        roots = np.roots([*paid[:4], paid[4] - end])
        growths = [float(root.real) ** 4 for root in roots if abs(root.imag) < 1e-12 and root.real > 0]
        assert (found is None) == (not growths)
        if found is not None:
            assert min(abs(math.log(found / growth)) for growth in growths) < 1e-9
    assert internal_growth(np.array([100.0, -200.0]), np.array([1.0, 0.5]), -500.0) is None


@pytest.mark.parametrize(
    ("limit", "every"), [({"drawdown": 0.1}, "1m"), ({"daily_loss": 100}, "1m"), ({"daily_loss": 100}, "7h")]
)
def test_rule_27_a_withdrawal_fires_no_stop(limit, every):
    """6,000 of 10,000 are withdrawn at 23:00; with marks each 7 hours the next is that of another day."""
    hour = 3_600
    market = trades((0, 100, 99), (22 * hour, 100, 99), (23.5 * hour, 100, 99), (30 * hour, 100, 99))
    given = deposits((23 * hour, "usd", -6_000.0))
    result = run(market, schedule(), cash_flows=given, risk=bt.Limits(**limit), mark_every=every)
    assert not [text for text in result.warnings if "stop" in text]
    assert result.equity["equity"][-1] == 4_000


@pytest.mark.parametrize(("limit", "stopped"), [(0.07, False), (0.06, True)])
def test_rule_27_what_was_paid_in_can_be_lost(limit, stopped):
    """1,000 of 16,000."""
    market = trades((0, 100, 99), (2, 100, 99), (5, 80, 99), (9, 80, 99))
    given, plan = deposits((3, "usd", 6_000.0)), schedule({"at": 1, "buy": 50})
    result = run(market, plan, cash_flows=given, risk=bt.Limits(drawdown=limit), mark_every="1s")
    assert bool([text for text in result.warnings if "a stop disabled trading" in text]) == stopped


def test_own_cash_flows_are_no_deposits():
    with pytest.raises(DataError, match=r"row 1 of the cash .* is a deposit or withdrawal"):
        cash((1, "usd", 5.0, "rent"), (2, "usd", 5.0, "deposit"))


def test_they_are_saved_and_stay_causal(tmp_path):
    market = trades((0, 100, 9), (1, 101, 9), (3, 99, 9), (5, 100, 9))
    given, plan = deposits((2, "usd", 500.0), (4, "usd", -20.0)), schedule({"at": 1, "buy": 2})
    result = run(market, plan, cash_flows=given, mark_every="1s")
    result.save(tmp_path / "run")
    saved = bt.read(tmp_path / "run")
    assert saved.summary() == result.summary()
    assert saved.equity["net"].equals(result.equity["net"])
    assert bt.statistic.returns_by(saved, "day")["return"].to_list() == [pytest.approx(result.summary().total_return)]
    found = bt.check_causality(market, A, plan, balances={"usd": 10_000}, cash_flows=given, interpret=True)
    assert found.ok
