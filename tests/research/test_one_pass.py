"""One pass for many gives what a run of each set gives, every figure to the last bit (rule 85)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.research.one_pass import kernel
from barter_bt.research.one_pass.conditions import why_not
from barter_bt.research.one_pass.figures import ALL
from barter_bt.research.one_pass.moments import WIDE
from barter_bt.research.one_pass.runner import OnePass
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.statistic.tables import total
from barter_bt.testing import bars
from tests.draws import draws

CLOSE = pl.col("close")
BTC = bt.Instrument("x", "btc_usd", price_increment="0.01", quantity_increment="0.001")


BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def candles(prices, step=60.0):
    """Candles whose opens lie a little beside the closes before them."""
    rows = []
    for number, price in enumerate(prices):
        opened = prices[number - 1] + (0.5 if number % 3 else -0.25) if number else price
        rows.append((opened, max(opened, price), min(opened, price), price))
    return bars(*rows, instrument="btc_usd", step=step)


def simulation(data, instrument=BTC, **settings):
    given = {"balances": {"usd": 1_000}, "interpret": True} | settings
    return bt.Simulation(data, instrument, **given)


def differences(sim, signals, options=None, *, may_give_up=False):
    """Figures of one pass that are not those of a run, and how many trades there were."""
    options, found, trades = options or {}, [], 0
    for one, run in zip(signals, OnePass(sim._setup, options, interpret=True).run(signals), strict=True):
        assert why_not(sim._setup, one) is None
        if run is None:
            assert may_give_up, "nothing is near the bounds of rule 2"
            continue
        summary = sim.run(one).summary(**options)
        trades += summary.trades
        found += [(name, run.value(name), summary[name]) for name in ALL if run.value(name) != summary[name]]
    return found, trades


PRICES = st.lists(st.integers(20, 400).map(lambda cents: 10 + cents / 4), min_size=3, max_size=40)
SIZES = st.sampled_from(["units", "notional", "equity"])


@st.composite
def signals(draw):
    """Signals that go in and out, over and under what can be paid."""
    size = draw(SIZES)
    scale = {"units": (0.5, 1.0, 30.0, 0.0004, -2.0), "notional": (100.0, 900.0, 1500.0, -100.0)}
    amount = draw(st.sampled_from(scale.get(size, (0.3, 1.0, 1.7, -0.5))))
    fast, slow = draw(st.integers(1, 4)), draw(st.integers(2, 8))
    mean = CLOSE.rolling_mean
    target = draw(
        st.sampled_from(
            [
                (mean(fast) > mean(slow)) * amount,
                (mean(fast) <= mean(slow) * 1.01).cast(pl.Float64) * amount,
                CLOSE.diff().sign() * amount,
                pl.when(CLOSE > mean(slow)).then(amount),
                (CLOSE.pct_change(fast).abs() * 10).over("instrument") * amount,
                (CLOSE > 30.0) & (CLOSE.ewm_mean(span=slow) > CLOSE),
                pl.lit(amount),
            ]
        )
    )
    rebalance = draw(st.sampled_from(["always", "on_change", "outside_band"]))
    band = 0.2 if rebalance == "outside_band" else None
    others = {"with_fee": draw(st.booleans()), "resize": draw(st.booleans())}
    return bt.Signals(target, size=size, rebalance=rebalance, band=band, **others)


@settings(max_examples=draws(40))
@given(
    prices=PRICES,
    each=st.lists(signals(), min_size=1, max_size=4),
    maker=st.sampled_from(["0", "0.1%", "-0.01%"]),
    per_contract=st.sampled_from([0, "0.3"]),
    slips=st.sampled_from([{}, {"ticks": 3}, {"rate": "0.7%"}, {"ticks": 1, "rate": "0.013%"}]),
    cash=st.sampled_from([0, 35, 1_000]),
    least=st.sampled_from([None, "0.5"]),
    step=st.sampled_from([60.0, 86_400.0]),
)
def test_figures_are_those_of_runs(prices, each, maker, per_contract, slips, cash, least, step):
    """Random candles, signals, fees and balances: what is sent, cut, rejected and earned is what the engine has."""
    btc = bt.Instrument("x", "btc_usd", price_increment="0.01", quantity_increment="0.001", quantity_min=least)
    fees = bt.Fees(maker=maker, taker=maker, per_contract=per_contract)
    sim = simulation(
        candles(prices, step=step), btc, venues=bt.Venue(fees=fees, slippage=slips), balances={"usd": cash}
    )
    assert differences(sim, each)[0] == []


@settings(max_examples=draws(40))
@given(
    prices=st.lists(st.integers(20, 400).map(lambda cents: 10 + cents / 4), min_size=8, max_size=30),
    each=st.lists(signals(), min_size=1, max_size=4),
    fee=st.sampled_from(["0", "0.1%"]),
    slips=st.sampled_from([{}, {"ticks": 3}]),
    cash=st.sampled_from([35, 1_000]),
    least=st.sampled_from([None, "0.5"]),
    start=st.integers(-2, 22),
    length=st.none() | st.integers(4, 30),
)
def test_from_a_start_to_an_end(prices, each, fee, slips, cash, least, start, length):
    """At a close, in the middle of a candle, before the data; targets of before are followed (rule 12)."""
    btc = bt.Instrument("x", "btc_usd", price_increment="0.01", quantity_increment="0.001", quantity_min=least)
    begins = BEGIN + timedelta(seconds=30 * min(start, 2 * len(prices) - 4))
    ends = None if length is None else begins + timedelta(seconds=30 * length)
    given = {"venues": bt.Venue(fees=fee, slippage=slips), "balances": {"usd": cash}, "start": begins, "end": ends}
    sim = begun(candles(prices), btc, **given)
    assert differences(sim, each, may_give_up=True)[0] == []


def begun(data, instrument, **given):
    """A simulation that has more than one mark."""
    try:
        sim = simulation(data, instrument, **given)
        OnePass(sim._setup, {}, interpret=True)
    except (ConfigError, ValueError) as error:
        if any(told in str(error) for told in ("no rows between", "one mark", "no candle")):
            reject()
        raise
    return sim


HELD = [
    bt.Signals(pl.lit(5.0)),
    bt.Signals(pl.when(pl.int_range(pl.len()) == 9).then(6.0).when(pl.int_range(pl.len()) == 0).then(2.0)),
    bt.Signals((CLOSE > 50.0) * 4.0),
]


@settings(max_examples=draws(40))
@given(steps=st.lists(st.integers(-3, 3), min_size=12, max_size=80), fee=st.sampled_from(["0", "0.1%"]))
def test_extremes_are_those_of_runs_while_a_position_is_held(steps, fee):
    """On a walk of small steps most candles bring no new extreme of the equity, and those that do are not missed."""
    walk = (50.0 + np.cumsum(steps) / 4).tolist()
    sim = simulation(candles(walk), venues=bt.Venue(fees=bt.Fees(maker=fee, taker=fee)))
    assert differences(sim, HELD)[0] == []


@st.composite
def panels(draw):
    """Candles of up to three instruments, of two lengths, with gaps, in one stream."""
    frames = [_named(candles([50.0, 51.0]))]
    for name in ("a_usd", "b_usd", "c_usd")[: draw(st.integers(2, 3))]:
        prices = draw(st.lists(st.none() | st.integers(20, 60).map(float), min_size=6, max_size=20))
        if any(price is not None for price in prices):
            frames.append(_named(bars(*prices, instrument=name, step=draw(st.sampled_from([60.0, 60.0, 90.0])))))
    return pl.concat(frames).sort("time_exchange", maintain_order=True)


def _named(stream):
    return stream.frame().with_columns(pl.col("instrument").cast(pl.String)).collect()


@settings(max_examples=draws(25))
@given(
    panel=panels(),
    size=SIZES,
    amount=st.sampled_from([0.3, 0.6, 3.0, 40.0, -1.0]),
    rebalance=st.sampled_from(["always", "on_change"]),
    fee=st.sampled_from(["0", "0.5%"]),
    minimum=st.sampled_from([0, "0.7"]),
    least=st.sampled_from([None, "0.5"]),
    start=st.none() | st.integers(-1, 12),
)
def test_several_instruments_share_an_account(panel, size, amount, rebalance, fee, minimum, least, start):
    """Sales pay for what is bought at the same open; equity, marks and exposure are of all together."""
    names = panel["instrument"].unique().sort().to_list()
    listed = [bt.Instrument("x", name, quantity_increment="0.01", quantity_min=least) for name in names]
    venue = bt.Venue(fees=bt.Fees(fee, fee, minimum=minimum), slippage=fee)
    begins = None if start is None else BEGIN + timedelta(seconds=30 * start)
    sim = begun(bt.data.candles(panel), listed, venues=venue, start=begins)
    amount = amount * {"units": 1.0, "notional": 300.0, "equity": 0.7}[size]
    mean, rank = CLOSE.rolling_mean(2), CLOSE.rank(descending=True, method="ordinal").over("time")
    moves = [(mean > CLOSE.shift(1)) * 1.0, (rank <= 1) * 1.0, (CLOSE > mean) * 1.0, CLOSE.diff().sign()]
    each = [bt.Signals(move * amount, size=size, rebalance=rebalance) for move in moves]
    assert differences(sim, each, may_give_up=start is not None)[0] == []


@pytest.mark.parametrize(
    ("targets", "band", "orders"),
    [((9.0, 10.0, 8.999), 0.1, 1), ((9.0, 10.001), 0.1, 2), ((0.0016, 0.0026), None, 2), ((0.0009, 0.0), None, 0)],
)
def test_targets_are_followed_to_the_lot(targets, band, orders):
    """Just within the band nothing is sent; units are cut toward zero."""
    wanted = pl.when(CLOSE < 10.5).then(targets[0]).when(CLOSE < 11.5).then(targets[1]).otherwise(targets[-1])
    one = bt.Signals(wanted, rebalance="outside_band" if band else None, band=band)
    sim = simulation(candles([10, 10, 11, 11, 12, 12]))
    assert differences(sim, [one])[0] == []
    (run,) = ({name: run.value(name) for name in ALL} for run in OnePass(sim._setup, {}, interpret=True).run([one]))
    assert run["orders"] == orders


def test_a_long_run_has_long_sums():
    """More samples and fills than are added up in one row, and a rate without risk."""
    walk = bt.data.generate.candles(3 * WIDE, instrument="btc_usd", seed=3)
    sim = simulation(
        bt.data.candles(walk),
        bt.Instrument("x", "btc_usd", quantity_increment="0.001"),
        venues=bt.Venue(fees="0.1%"),
    )
    swings = [bt.Signals((CLOSE.diff() > 0.0) * 0.9, size="equity"), bt.Signals(CLOSE.diff().sign().abs() * 2.0)]
    found, trades = differences(sim, swings, {"sampling": "1m", "risk_free": 0.04})
    assert found == []
    assert trades > WIDE


@pytest.mark.parametrize("count", [0, 1, WIDE, WIDE + 1, 3 * WIDE, 3 * WIDE + 7])
def test_sums_are_those_of_the_statistics(count):
    """Bit for bit, whatever the length."""
    from barter_bt.research.one_pass.moments import put
    from barter_bt.research.one_pass.moments import total as summed
    from barter_bt.research.one_pass.tables import Amounts, Columns

    values = np.random.default_rng(count).normal(size=count)
    amounts, columns = Amounts(1), Columns(WIDE)
    for value in values.tolist():
        put(amounts, value)
    assert summed(amounts, columns) == total(values)


@pytest.mark.parametrize("count", [1, 3])
def test_compiled_and_interpreted_agree(count):
    """Each kernel is compiled once; it gives the interpreted figures."""
    names = ["btc_usd", "eth_usd", "xrp_usd"][:count]
    walks = [bt.data.generate.candles(2_000 // count, instrument=name, seed=5 + k) for k, name in enumerate(names)]
    walk = pl.concat([one.with_columns(pl.col("instrument").cast(pl.String)) for one in walks]).sort("time_exchange")
    listed = [bt.Instrument("x", name, quantity_increment="0.001") for name in names]
    begins = datetime(2020, 1, 1, 5, 0, 30, tzinfo=UTC) if count == 1 else None
    sim = simulation(bt.data.candles(walk), listed, start=begins)
    each = [bt.Signals((CLOSE > CLOSE.rolling_mean(9)) * 0.5, size="equity"), bt.Signals((CLOSE < 100.0) * 3.0)]
    runs = [
        [{name: run.value(name) for name in ALL} for run in OnePass(sim._setup, {}, interpret=plainly).run(each)]
        for plainly in (True, False)
    ]
    assert runs[0] == runs[1]
    assert runs[0][0]["trades"] > 100


def test_what_is_near_the_bounds_is_left_to_a_full_run():
    """Amounts beyond a quarter of rule 2's range: the kernel says that it does not know."""
    sim = simulation(candles([100, 101, 102, 103]), balances={"usd": 1_000_000_000}, units={"usd": "1e-9"})
    each = [bt.Signals(pl.lit(1.9e7)), bt.Signals(pl.lit(1.0))]
    assert [run is None for run in OnePass(sim._setup, {}, interpret=True).run(each)] == [True, False]


def test_a_target_that_is_nan_is_left_to_a_full_run():
    """Which refuses it; null is no target."""
    sim = simulation(candles([100, 101, 102]))
    passes = OnePass(sim._setup, {}, interpret=True)
    with pytest.raises(ValueError, match="NaN"):
        list(passes.run([bt.Signals((CLOSE - CLOSE) / 0.0)]))


REFUSED = {
    "data is of trades": {"data": bt.testing.trades((1, 100, 5), (2, 101, 5), instrument="btc_usd")},
    "2 exchanges": {"instrument": [BTC, bt.Instrument("y", "eth_usd")], "balances": {"x.usd": 1}},
    "not spot": {"instrument": bt.Instrument("x", "btc_usd", kind="perpetual", settlement="usd")},
    "can be negative|not spot": {
        "instrument": bt.Instrument(
            "x", "btc_usd", kind="perpetual", settlement="usd", price_increment="0.01", price_can_be_negative=True
        )
    },
    "margin|not spot": {"venues": bt.Venue(account="margin")},
    "take time": {"venues": bt.Venue(latency=bt.Latency(request_ns="1ms"))},
    "arrive later": {"venues": bt.Venue(latency=bt.Latency(feed_ns="1ms"))},
    "slip": {"venues": bt.Venue(slippage=bt.Slippage(range_share=0.1))},
    "next open": {"venues": bt.Venue(candle_fill="next_close")},
    "another asset": {"venues": bt.Venue(fees=bt.Fees("1%", "1%", paid_in="received"))},
    "volume of several": {
        "instrument": [BTC, bt.Instrument("x", "eth_usd")],
        "venues": bt.Venue(fees=bt.Fees(tiers=bt.FeeTiers([(1, 0, 0)], "usd"))),
    },
    "limits": {"risk": bt.Limits(leverage=1)},
    "mark_every": {"mark_every": "1h"},
    "audit": {"audit": "full"},
    "one quote asset alone": {"balances": {"usd": 1_000, "btc": 1}},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_one_pass_does_not_know_it_refuses(reason):
    """Each of its assumptions."""
    asked = {"data": candles([100, 101, 102]), "instrument": BTC} | REFUSED[reason]
    data, instrument = asked.pop("data"), asked.pop("instrument")
    sim = simulation(data, instrument, **asked)
    why = why_not(sim._setup, bt.Signals(pl.lit(1.0)))
    assert why is not None
    assert any(part in why for part in reason.split("|")), why


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"exit_after": 3}, "exit_after"),
        ({"stop_loss": 20.005, "protect_by": "price"}, "off the grid"),
        ({"take_profit": 0.005, "protect_by": "distance"}, "off the grid"),
        ({"trailing_stop": 1.5}, "trailing_stop 1.5"),
    ],
)
def test_what_signals_it_does_not_know(options, reason):
    """Also where an option is an expression."""
    sim = simulation(candles([100, 101, 102]))
    assert reason in why_not(sim._setup, bt.Signals(pl.lit(1.0), **options))


def test_shared_parts_are_computed_once():
    """A grid of two means has as many columns as there are lengths; and no more than there is room for."""
    stream = candles(np.linspace(50, 90, 60).tolist())
    columns = SharedColumns(stream)
    mean = CLOSE.rolling_mean
    each = [(mean(a) > mean(b)) * 1.0 for a in (2, 3, 4) for b in (10, 20)]
    each.append((mean(2) - mean(10)).sign())
    assert len(list(columns.targets(each))) == len(each)
    assert len(columns._kept) == 5
    columns.most = 2
    list(columns.targets(each[:1]))
    assert len(columns._kept) == 2


def test_the_kernel_says_what_it_assumes():
    """A model of the market states its assumptions."""
    assert "Assumptions" in kernel.__doc__
    assert "does not do" in kernel.__doc__
