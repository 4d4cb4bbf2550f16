"""Where the money came from: parts by hand, parts of random runs against the engine's own figures, markouts."""

from __future__ import annotations

import pickle
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.backtest.attribution import PARTS
from barter_bt.engine.state.position import value_at_mark
from barter_bt.errors import ConfigError
from barter_bt.strategy.makers import GridMaker
from tests.backtest.test_round_trips_naive import drawn
from tests.draws import draws
from tests.engine.books import At, message, run, snapshot, streams, trade
from tests.strategy.test_makers import make, market

MANY = settings(max_examples=draws(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def only(frame, *names):
    return frame.select(*names).row(0)


def test_a_fill_beside_the_middle_then_a_move_then_a_fee():
    """Bought 2 at 99 under a mid of 100: + 2. The book goes to 97 while they are held: - 6. The fee: - 1.98."""
    book = [snapshot(1, [(99, 5)], [(101, 5)]), message(5, [(99, 0), (96, 5)], [(98, 5)]), message(9, [(80, 1)])]
    once = At({2: [bt.OrderRequest("abc_usd", 2, price=99)]})
    data = streams([*book[:1], message(2, [(80, 1)]), *book[1:]], [trade(5, 98, 9, -1)])
    result = run(data, once, account="margin", fees=bt.Fees(maker=0.01))
    found = result.attribution(horizon="1s")
    assert only(found, "spread", "inventory", "fees", "rebates", "flows", "pnl") == (2.0, -6.0, -1.98, 0.0, 0.0, -5.98)
    assert only(found, "adverse_selection") == (-6.0,)
    assert only(found, "orders", "fill_ratio", "inventory_mean", "inventory_max") == (1, 1.0, 2.0, 2.0)
    assert found["queue_time"].dt.total_seconds()[0] == 3
    assert only(result.markouts([0]), "liquidity", "fills", "spread", "move", "markout") == (
        "maker",
        1,
        1.0,
        -3.0,
        -2.0,
    )


def test_a_taker_pays_the_spread_and_gets_what_comes_after():
    """Bought 4 at 101 over a mid of 100: - 4; then the mid rises by 2: + 8."""
    data = streams(
        [snapshot(1, [(99, 5)], [(101, 5)]), message(2, [(80, 1)]), message(4, [(101, 5)], [(103, 5), (101, 0)])]
    )
    result = run(data, At({2: [bt.OrderRequest("abc_usd", 4)]}), account="margin")
    assert only(result.attribution(), "spread", "inventory", "pnl") == (-4.0, 8.0, 4.0)
    assert only(result.markouts(["2s"]), "liquidity", "spread", "move", "markout") == ("taker", -1.0, 2.0, 1.0)


def test_a_horizon_that_the_data_does_not_reach_is_left_out():
    data = streams(
        [snapshot(1, [(99, 5)], [(101, 5)]), message(2, [(80, 1)]), message(4, [(101, 5)], [(103, 5), (101, 0)])]
    )
    result = run(data, At({2: [bt.OrderRequest("abc_usd", 4)]}), account="margin")
    assert result.markouts(["3s"]).height == 0
    assert only(result.attribution(horizon="3s"), "adverse_selection") == (0.0,)
    assert result.markouts("1s").equals(result.markouts(["1s"]))


@pytest.mark.parametrize("name", ["attribution", "markouts"])
def test_no_horizon_is_before_its_fill(name):
    result = run(streams([snapshot(1, [(99, 5)], [(101, 5)])]), At({}), account="margin")
    with pytest.raises(bt.errors.ConfigError, match="below 0"):
        getattr(result, name)(**{{"attribution": "horizon", "markouts": "horizons"}[name]: "-1s"})


def test_a_rebate_is_told_apart_from_fees():
    result = make(GridMaker(1, 0.01, 0.01), fees=bt.Fees(maker="-0.01%"))
    rebates, fees = only(result.attribution(), "rebates", "fees")
    assert rebates == pytest.approx(-result.trades["fees"].sum())
    assert (rebates > 0, fees) == (True, 0.0)


@pytest.mark.parametrize("on", ["book", "quotes"])
def test_what_the_parts_add_up_to_is_what_the_account_made(on):
    result = make(GridMaker(1, 0.01, 0.01, levels=2), market(on=on), fees=bt.Fees(maker="0.01%"))
    found = result.attribution()
    assert found["pnl"].sum() == pytest.approx(result.equity["equity"][-1] - result.equity["equity"][0], abs=1e-9)
    assert found["spread"][0] > 0


def assert_parts_add_up(result):
    """Each sum to the last unit; the rounding within its bound; the engine's own integers the same."""
    s, found = result.state, result.attribution()
    for row in found.iter_rows(named=True):
        i = result.index.names.index(row["instrument"])
        unit = result.scales.units[s.terms.quote[i]]
        units = {name: round(Decimal(repr(row[name])) / unit) for name in (*PARTS, "pnl")}
        exact = max(abs(value) for value in units.values()) < 1 << 52  # as floats hold them
        if not exact:
            continue
        assert units["pnl"] == sum(units[name] for name in PARTS)
        assert abs(units["rounding"]) <= row["fills"] / 2 + 2
        realised = s.positions.array("realised")[s.positions.array("instrument") == i].sum() + s.instruments.realised[i]
        held = s.instruments.quantity[i]
        open_gain = value_at_mark(s, i) if held else 0
        if held and not s.terms.derivative[i]:
            open_gain -= s.instruments.cost_basis[i] * (1 if held > 0 else -1)
        has_price = held == 0 or s.instruments.own_mark[i] != 0 or result.equity["equity"][-1] is not None
        if has_price:
            assert units["pnl"] - units["flows"] == realised + open_gain


@MANY
@given(seed=st.integers(0, 20_000))
def test_parts_of_random_runs_add_up_to_what_the_engine_counts(seed):
    """All kinds of instruments, fees, flows, endings: spread + inventory + fees + rebates + flows + rounding = PnL."""
    result = drawn(seed)
    if result.trades.height:
        assert_parts_add_up(result)


@settings(max_examples=draws(15), deadline=None)
@given(seed=st.integers(0, 500), pair=st.booleans(), fee=st.sampled_from(["0.0137%", "-0.0021%", "0"]))
def test_parts_of_makers_add_up_and_strategies_add_up_to_the_instrument(seed, pair, fee):
    """Of two strategies in one instrument the parts are those of both, but for the rounding of one value each."""
    makers = [GridMaker(0.7, 0.01, 0.01, 2, name="near"), GridMaker(1.3, 0.03, 0.02, name="far", skew=0.01)]
    result = make(makers if pair else makers[:1], market(seed, 300), fees=bt.Fees(maker=fee))
    if not result.trades.height:
        return
    assert_parts_add_up(result)
    whole, by = result.attribution(), result.attribution("strategy")
    assert by["strategy"].to_list() == list(result.strategies)
    for name in ("spread", "inventory", "fees", "rebates", "pnl"):
        assert by[name].sum() == pytest.approx(whole[name][0], abs=3e-9)
    assert by["quantity"].sum() == pytest.approx(whole["quantity"][0])


def test_flows_are_nobodys_where_there_are_several_strategies():
    """Funding of a perpetual: in its instrument's row, or in a row without a strategy."""
    swap = bt.Instrument("x", "abc_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    due = pl.Series([86_405 * 10**9]).cast(pl.Datetime("ns", "UTC"))
    rates = bt.data.funding(pl.DataFrame({"time": due, "instrument": "abc_usd", "rate": 0.01}))
    data = streams([snapshot(1, [(99, 5)], [(101, 5)]), message(2, [(80, 1)]), message(9, [(81, 1)])])
    first = At({2: [bt.OrderRequest("abc_usd", 4)]})
    first.name, second = "first", At({})
    second.name = "second"
    options = {"balances": {"usd": 1_000}, "cash_flows": rates, "interpret": True}
    result = bt.backtest(data, swap, [first, second], **options)
    assert only(result.attribution(), "flows", "pnl") == (-4.04, -8.04)
    by = result.attribution("strategy").select("strategy", "flows", "pnl").rows()
    assert by == [("first", 0.0, -4.0), ("second", 0.0, 0.0), (None, -4.04, -4.04)]


def test_what_cannot_be_told_is_refused():
    result = make(GridMaker(1, 0.01, 0.01))
    with pytest.raises(ConfigError, match="by is 'asset'; allowed: 'instrument', 'strategy'"):
        result.attribution("asset")
    with pytest.raises(ConfigError, match="none may be below 0"):
        result.markouts(["-1s"])
    with pytest.raises(ConfigError, match="market data stayed behind"):
        pickle.loads(pickle.dumps(result)).attribution()


def test_a_run_without_fills_has_no_rows():
    result = run(streams([snapshot(1, [(99, 5)], [(101, 5)])]), At({}))
    assert result.attribution().height == result.markouts().height == 0
