"""Schedules and signals: what a frame of orders and targets must be."""

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from tests.engine.tiny import A, B, flat, run, schedule, stamps, table, trades

MARKET = flat(100, 101, 102, 103)


def frame(**columns) -> pl.DataFrame:
    return pl.DataFrame({"time": stamps([10.0, 20.0]), "instrument": ["a_usd"] * 2} | columns)


def test_targets_alone_need_three_columns():
    """Without an action all rows are targets."""
    result = run(MARKET, bt.Schedule(frame(target=[2.0, 1.0])))
    assert table(result.orders, "side", "quantity") == [("buy", 2), ("sell", 1)]


def test_orders_have_defaults():
    """Missing columns are market orders, GTC, not post-only."""
    result = run(MARKET, bt.Schedule(frame(action=["open", "open"], quantity=[1.0, -1.0])))
    assert table(result.orders, "side", "kind", "time_in_force", "post_only") == [
        ("buy", "market", "gtc", False),
        ("sell", "market", "gtc", False),
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"time": stamps([20.0, 10.0]), "target": [1.0, 1.0]}, "row 1 of the schedule goes back in time"),
        ({"time": [1, 2], "target": [1.0, 1.0]}, "must be a Datetime with a time zone"),
        ({"instrument": ["a_usd", "b_usd"], "target": [1.0, 1.0]}, r"unknown instrument in 1 row\(s\).*first 1"),
        ({"action": ["open", "opne"], "quantity": [1.0, 1.0]}, "unknown action.*first 1"),
        ({"action": ["open"] * 2, "quantity": [1.0, 0.0]}, "quantity of 0.*first 1"),
        ({"action": ["open"] * 2, "quantity": [1.0, 1.0], "price": [1.0, -5.0]}, "price that is not positive.*first 1"),
        ({"action": ["open"] * 2, "quantity": [1.0, 1.0], "time_in_force": ["gtc", "moc"]}, "time_in_force.*first 1"),
        ({"action": ["open", "cancel"], "quantity": [1.0, 0.0], "ref": [None, 1]}, "without an earlier open"),
        ({"action": ["cancel", "open"], "quantity": [0.0, 1.0], "ref": [1, None]}, "without an earlier open"),
        ({}, "neither a column 'action' nor a column 'target'"),
    ],
)
def test_a_frame_that_is_wrong_is_an_error(columns, message):
    """The message names the rows and what is allowed."""
    with pytest.raises(StrategyError, match=message):
        run(MARKET, bt.Schedule(frame(**columns)))


def test_a_size_must_be_known():
    """Units, notional or equity."""
    with pytest.raises(StrategyError, match="allowed: units, notional, equity"):
        bt.Schedule(frame(target=[1.0, 1.0]), size="lots")


def test_a_cancel_needs_no_instrument():
    """Its order knows it."""
    rows = frame(action=["open", "cancel"], quantity=[1.0, 0.0], price=[50.0, None], ref=[None, 0])
    result = run(MARKET, bt.Schedule(rows.with_columns(instrument=pl.Series(["a_usd", None]))))
    assert table(result.orders, "status", "time_closed") == [("cancelled", 20)]


def test_the_names_of_strategies_stand_in_the_tables():
    """Each kind of strategy under the name that it was given."""
    for strategy in (bt.Schedule(frame(target=[1.0, 0.0]), name="mine"), bt.Signals(pl.lit(1.0), name="mine")):
        result = run(MARKET, strategy)
        assert set(result.orders["strategy"].cast(pl.String)) == {"mine"}


def test_signals_of_several_instruments_are_computed_apart():
    """Each over its own rows, though they stand in one frame."""
    rows = pl.concat([s.frame().collect() for s in (flat(1, 2, 3), flat(5, 4, 3, instrument="b_usd"))])
    both = bt.data.candles(rows.sort("time_exchange", maintain_order=True))
    rising = pl.when(pl.col("close") > pl.col("close").shift()).then(1.0)
    result = run(both, bt.Signals(rising), [A, B])
    assert table(result.orders, "instrument", "time_sent") == [("a_usd", 20)]


def test_signals_of_a_frame_are_targets():
    """A frame of time, instrument and target; nulls are dropped."""
    result = run(MARKET, bt.Signals(frame(target=[None, 3.0])))
    assert table(result.orders, "time_sent", "quantity") == [(20, 3)]


def test_an_expression_needs_candles():
    """On trades alone a signal has nothing to be computed over."""
    with pytest.raises(StrategyError, match="needs a stream of candles"):
        run(trades((1, 100, 1)), bt.Signals(pl.lit(1.0)))


@pytest.mark.parametrize(
    ("columns", "settings", "said"),
    [
        ({"action": "open", "quantity": 1.0}, {"protect_by": "ticks"}, "no stop_loss or take_profit or trailing_stop"),
        ({"target": 1.0}, {"protect_by": "fraction"}, "protect_by is 'fraction', and the schedule has no stop_loss"),
        ({"target": 1.0, "post_only": False}, {"price_by": "ticks"}, "has no targets with price or stop"),
        ({"action": "open", "quantity": 1.0, "price": 9.0}, {"price_by": "ticks"}, "no targets with price or stop"),
        ({"action": "open", "quantity": 1.0}, {"band": 0.1}, "band is 0.1, and the schedule has no targets"),
        ({"action": "open", "quantity": 1.0}, {"size": "equity"}, "size is 'equity', and the schedule has no targets"),
        ({"action": "open", "quantity": 1.0}, {"with_fee": False}, "with_fee is False"),
        ({"action": "open", "quantity": 1.0}, {"resize": False}, "resize is False"),
    ],
)
def test_a_setting_that_nothing_reads_is_an_error(columns, settings, said):
    frame = pl.DataFrame({"time": stamps([10]), "instrument": ["a_usd"]})
    with pytest.raises(StrategyError, match=said):
        bt.Schedule(frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()}), **settings)


def test_an_empty_schedule_is_a_run_without_orders():
    """Nothing to do is nothing wrong, and told."""
    result = run(MARKET, bt.Schedule(frame(target=[1.0, 1.0]).clear()))
    assert (result.orders.height, result.warnings) == (0, ["no order was sent"])


def test_the_user_s_frame_is_not_changed():
    """A schedule is read, never written, and can be run twice."""
    strategy = schedule({"at": 10, "target": 1.0}, {"at": 20, "target": 0.0})
    before = strategy.frame.clone()
    digests = {run(MARKET, strategy).digest for _ in range(2)}
    assert strategy.frame.equals(before)
    assert len(digests) == 1


@pytest.mark.parametrize("size", ["units", "notional", "equity"])
@pytest.mark.parametrize("target", [1e30, -1e30])
def test_a_target_beyond_the_range_of_lots_is_an_error(size, target):
    """It is neither a target of 0 nor one of the other sign: lots and units beyond 2^62 are refused with their row."""
    with pytest.raises(StrategyError, match="first 1"):
        run(MARKET, bt.Schedule(frame(target=[1.0, target]), size=size))


def test_a_target_too_large_for_undeclared_lots_is_an_error():
    """1e10 units are 1e19 lots of 1e-9: an error that leads to a coarser increment, not a sale of everything."""
    one = bt.Instrument("x", "a_usd")
    with pytest.raises(StrategyError, match="first 1"):
        run(MARKET, bt.Schedule(frame(target=[1.0, 1e10])), one)


def test_two_targets_of_one_instrument_at_one_time_are_an_error():
    """Neither could be the wish; null is no target, another instrument or time is another wish."""
    rows = frame(target=[1.0, 2.0]).with_columns(time=pl.col("time").first())
    with pytest.raises(StrategyError, match="second target.*first 1"):
        run(MARKET, bt.Schedule(rows))
    nothing = rows.with_columns(target=pl.Series([1.0, None]))
    assert run(MARKET, bt.Schedule(nothing)).orders.height == 1
