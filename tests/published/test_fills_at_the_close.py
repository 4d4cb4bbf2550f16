"""vectorbt and quantwave-backtest: examples on a few literal closes, which fill at the close that gave the signal.

- vectorbt.dev/api/portfolio/base (Portfolio.from_signals, trailing stop loss and take profit): all of 100 at the first
  of the closes below, an exit at the last; 10 % of a trailing stop, a target of 20 or 30 %, or neither. Printed is what
  flows at each bar. At which price a stop sells below a close is its own choice, and not printed.
- docs.rs/crate/quantwave-backtest/0.6.0/source/tests/gold_standard/metrics_basic.json: two trades of one unit.

Read on 2026-11-26, in archived copies. Here that is ``candle_fill="this_close"``, and a run warns of it.
"""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.testing import run_prices, schedule, table

AT_THE_CLOSE = bt.Venue(candle_fill="this_close")
CLOSES = (10, 11, 12, 11, 10, 9)


@pytest.mark.parametrize(
    ("protection", "bar", "price"),
    [
        ({"trailing_stop": 0.1, "take_profit": 0.2}, 2, 12),
        ({"trailing_stop": 0.1, "take_profit": 0.3}, 4, 10),
        ({}, 5, 9),
    ],
)
def test_published_trailing_stop_and_target(protection, bar, price):
    """The target is met at 12; the stop follows to 10.8 and is gapped through by 10; without them 9 is the exit.

    Whatever is met by a bar that stands at one price fills when that bar opens.
    """
    orders = [{"at": 60, "buy": 10, **protection}, {"at": 360, "sell": 10, "reduce_only": True}]
    unit = {"protect_by": "fraction"} if protection else {}
    result = run_prices(CLOSES, schedule(*orders, **unit), venues=AT_THE_CLOSE, balances={"usd": 100})
    bought, sold = table(result.trades, "time_exchange", "side", "price", "quantity")
    assert bought == (60, "buy", 10, 10)
    assert sold == (60 * bar + (0 if protection else 60), "sell", price, 10)


def test_published_figures_of_two_trades():
    """6 gained, 8 lost of 100,000: the figures are printed as below."""
    closes = [100, 100, 100, 102, 104, *[106] * 5, 100, 98, 96, 94, *[92] * 6]
    targets = [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    plan = schedule(*({"at": 60 * (k + 1), "target": target} for k, target in enumerate(targets)))
    result = run_prices(closes, plan, venues=AT_THE_CLOSE, balances={"usd": 100_000})
    own = result.summary()
    assert own.positions == 2
    assert own.win_rate == 0.5
    assert own.profit_factor == 0.75
    assert own.max_drawdown == pytest.approx(7.999520028798273e-5, rel=1e-10)
    assert own.total_return == pytest.approx(-2e-5, rel=1e-10)
    assert own.equity_end == 99_998
    assert own.expectancy == -1
    assert "known before" in result.warnings[0]
