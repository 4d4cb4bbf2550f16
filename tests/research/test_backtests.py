"""Several backtests at once: each is that of a run of its own, with its own limits and rate without risk."""

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.research import BacktestArguments, run_backtests

BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001", quantity_increment="0.001")


def simulation(**options):
    prices = bt.data.candles(bt.data.generate.candles(600, instrument="btc_usd", seed=4))
    return bt.Simulation(prices, BTC, balances={"usd": 10_000}, interpret=True, **options)


def crossing(fast):
    return bt.Signals((pl.col("close").rolling_mean(fast) > pl.col("close")) * 1.0)


@pytest.mark.parametrize("workers", [1, 4])
def test_each_is_that_of_a_run_of_its_own(workers):
    """Risk and the rate without risk are each one's; what has none takes the simulation's limits."""
    sim, tight = simulation(risk=bt.Limits(position_quantity=1)), bt.Limits(position_quantity="0.5")
    given = [
        BacktestArguments("plain", crossing(3)),
        BacktestArguments("free", crossing(3), risk_free=0.05),
        BacktestArguments("tight", crossing(3), risk=tight),
        BacktestArguments("slow", crossing(9), risk=tight),
    ]
    found = run_backtests(sim, given, workers=workers, sampling="1h")
    assert list(found.summaries) == ["plain", "free", "tight", "slow"]
    for each in given:
        alone = (sim if each.risk is None else simulation(risk=each.risk)).run(each.strategy)
        assert found.digests[each.id] == alone.digest
        assert found.summaries[each.id].to_dict() == alone.summary(risk_free=each.risk_free, sampling="1h").to_dict()
        assert found.warnings[each.id] == alone.warnings
    assert found.digests["plain"] != found.digests["tight"]
    assert found.frame["id"].to_list() == list(found.summaries)
    assert len(found) == 4


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(ConfigError, match="id 'a'"):
        run_backtests(simulation(), [BacktestArguments("a", crossing(3)), BacktestArguments("a", crossing(4))])
    with pytest.raises(ConfigError, match="nothing to run"):
        run_backtests(simulation(), [])
    with pytest.raises(ConfigError, match="risk_free"):
        run_backtests(simulation(), [BacktestArguments("a", crossing(3))], risk_free=0.1)


def test_what_a_run_raises_is_raised():
    with pytest.raises(StrategyError):
        run_backtests(simulation(), [BacktestArguments("a", crossing(3)), BacktestArguments("b", object())], workers=1)


def test_the_span_goes_from_the_start_of_the_account_to_the_last_event():
    sim = simulation()
    start, end = sim.span
    assert (end - start).total_seconds() == 600 * 60
    cut = sim.between(start, start + (end - start) / 2)
    assert cut.span == (start, start + (end - start) / 2)
    run = sim.run(crossing(3))
    assert (run.equity["time"][0], run.equity["time"][-1]) == (start, end)
