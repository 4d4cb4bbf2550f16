"""How long positions were open."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.statistic.held import covered, time_in_market_ns
from tests.statistic.fakes import POSITIONS, START_NS, TRADES, FakeRun, table


def fills(*rows):
    """Fills from (time, side, quantity, instrument)."""
    time, side, quantity, instrument = zip(*rows, strict=True)
    return table(
        TRADES,
        time_exchange=START_NS + np.array(time),
        side=list(side),
        quantity=list(quantity),
        instrument=list(instrument),
        exchange="xsim",
        price=1.0,
        notional=1.0,
        fees=0.0,
    )


def closed(*rows):
    """Closed positions from (enter, exit, instrument)."""
    enter, leave, instrument = zip(*rows, strict=True)
    return table(
        POSITIONS,
        time_enter=START_NS + np.array(enter),
        time_exit=START_NS + np.array(leave),
        instrument=list(instrument),
        exchange="xsim",
        pnl_realised=0.0,
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_covered_is_the_length_of_the_union(spans):
    inside = {point for start, length in spans for point in range(start, start + length)}
    enter = np.array([start for start, _ in spans], dtype=np.int64)
    leave = np.array([start + length for start, length in spans], dtype=np.int64)
    assert covered(enter, leave) == len(inside)


def held(run):
    return time_in_market_ns(run, START_NS, START_NS + 100)


def test_no_trade_holds_nothing():
    assert held(FakeRun()) == 0


def test_closed_positions_count_from_enter_to_exit():
    run = FakeRun(
        trades=fills((10, "buy", 1, "btc_usd"), (30, "sell", 1, "btc_usd")), positions=closed((10, 30, "btc_usd"))
    )
    assert held(run) == 20


def test_a_position_still_open_counts_to_the_end():
    run = FakeRun(trades=fills((40, "buy", 0.1, "btc_usd"), (60, "buy", 0.2, "btc_usd")))
    assert held(run) == 60


def test_an_open_position_after_a_close_counts_from_its_own_first_fill():
    run = FakeRun(
        trades=fills((10, "buy", 0.3, "btc_usd"), (20, "sell", 0.3, "btc_usd"), (90, "sell", 1, "btc_usd")),
        positions=closed((10, 20, "btc_usd")),
    )
    assert held(run) == 20


def test_a_flip_is_open_from_the_close():
    run = FakeRun(
        trades=fills((10, "buy", 1, "btc_usd"), (20, "sell", 3, "btc_usd"), (50, "sell", 1, "btc_usd")),
        positions=closed((10, 20, "btc_usd")),
    )
    assert held(run) == 90


def test_instruments_overlap_only_once():
    run = FakeRun(
        trades=fills(
            (10, "buy", 1, "btc_usd"),
            (20, "buy", 5e9, "eth_usd"),
            (30, "sell", 1, "btc_usd"),
            (50, "sell", 5e9, "eth_usd"),
        ),
        positions=closed((10, 30, "btc_usd"), (20, 50, "eth_usd")),
    )
    assert held(run) == 40


def test_a_sum_of_floats_that_is_nearly_zero_is_no_position():
    run = FakeRun(
        trades=fills((10, "buy", 0.1, "btc_usd"), (20, "buy", 0.2, "btc_usd"), (30, "sell", 0.3, "btc_usd")),
        positions=closed((10, 30, "btc_usd")),
    )
    assert held(run) == 20
