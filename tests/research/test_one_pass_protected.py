"""One pass with entries that are protected, and with fees by order and by volume: every figure is a run's (rule 85)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.research.one_pass.conditions import why_not
from barter_bt.research.one_pass.figures import ALL
from barter_bt.research.one_pass.runner import OnePass
from barter_bt.testing import bars
from tests.draws import draws

CLOSE = pl.col("close")
HOUR = 3_600.0
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def simulation(data, least=None, increment="0.25", **settings):
    btc = bt.Instrument("x", "btc_usd", price_increment=increment, quantity_increment="0.001", quantity_min=least)
    given = {"balances": {"usd": 1_000}, "interpret": True} | settings
    return bt.Simulation(data, btc, **given)


def differences(sim, signals):
    """Figures of one pass that are not those of a run, and how many trades there were; sets it gave up are left out."""
    found, trades = [], 0
    for one, run in zip(signals, OnePass(sim._setup, {}, interpret=True).run(signals), strict=True):
        assert why_not(sim._setup, one) is None
        if run is not None:
            summary = sim.run(one).summary()
            trades += summary.trades
            found += [(name, run.value(name), summary[name]) for name in ALL if run.value(name) != summary[name]]
    return found, trades


@st.composite
def candles(draw, step=60.0):
    """Candles of a few ticks, so that prices meet triggers just so; some open beyond where the one before closed."""
    rows, price = [], 40
    for _ in range(draw(st.integers(5, 40))):
        opened = max(price + draw(st.sampled_from([0, 0, 0, 1, -1, -4, 5])), 4)
        close = max(opened + draw(st.integers(-4, 4)), 4)
        high, low = (draw(st.integers(0, 4)) for _ in range(2))
        top, bottom = max(opened, close) + high, min(opened, close) - min(low, 3)
        rows.append(tuple(each / 4 for each in (opened, top, bottom, close)))
        price = close
    return bars(*rows, instrument="btc_usd", step=step)


PROTECTION = st.fixed_dictionaries(
    {},
    optional={
        "stop_loss": st.sampled_from([0.02, 0.05, 0.1, 0.3]),
        "take_profit": st.sampled_from([0.02, 0.05, 0.2]),
        "trailing_stop": st.sampled_from([0.02, 0.06, 0.1]),
    },
)
DISTANCES = st.fixed_dictionaries(
    {"protect_by": st.just("distance")},
    optional={name: st.sampled_from([0.25, 0.5, 1.0, 2.5]) for name in ("stop_loss", "take_profit", "trailing_stop")},
)
PRICES = st.fixed_dictionaries(
    {"protect_by": st.just("price")},
    optional={
        "stop_loss": st.sampled_from([8.0, 9.5, 10.0, 11.25]),
        "take_profit": st.sampled_from([9.0, 10.25, 11.0, 13.0]),
        "trailing_stop": st.sampled_from([0.25, 1.0]),
    },
)
LOW, HIGH = pl.col("low"), pl.col("high")
RANGE = (HIGH - LOW).rolling_mean(3)
COMPUTED = {
    "price": ((LOW - 0.5).clip(0.25), HIGH + 0.5, CLOSE, CLOSE.rolling_max(4), LOW.rolling_min(3)),
    "distance": (RANGE, CLOSE.diff().abs(), pl.when(CLOSE > 10.0).then(RANGE * 2)),
    "fraction": (
        (RANGE / CLOSE).clip(0.0, 0.9),
        CLOSE.pct_change().abs().clip(0.01, 0.5),
        pl.when(CLOSE.diff() > 0).then(0.04),
    ),
}


@st.composite
def computed(draw):
    """Protection by expressions, some beside a number, some of them null."""
    by = draw(st.sampled_from(list(COMPUTED)))
    options = {"protect_by": by}
    for name in ("stop_loss", "take_profit", "trailing_stop"):
        unit = "distance" if by == "price" and name == "trailing_stop" else by
        number = {"price": 10.0, "distance": 0.75, "fraction": 0.05}[unit]
        one = draw(st.one_of(st.none(), st.just(number), st.sampled_from(COMPUTED[unit])))
        options |= {} if one is None else {name: one}
    return options


@st.composite
def signals(draw):
    """Signals that go in, out, and further in while entries before are still protected."""
    size = draw(st.sampled_from(["units", "notional", "equity"]))
    scale = {"units": (1.0, 30.0, 90.0), "notional": (300.0, 1_500.0), "equity": (0.4, 1.0, 1.7)}
    amount, length = draw(st.sampled_from(scale[size])), draw(st.integers(1, 6))
    mean = CLOSE.rolling_mean(length)
    steps = pl.when(CLOSE > mean).then(1.0).when(CLOSE == mean).then(0.6).otherwise(draw(st.sampled_from([0.0, 0.3])))
    moves = [(CLOSE >= mean) * 1.0, steps, pl.lit(1.0), pl.when(CLOSE > mean).then(1.0), CLOSE.diff().sign()]
    target = draw(st.sampled_from(moves)) * amount
    rebalance = draw(st.sampled_from([None, "always", "on_change", "outside_band"]))
    band = 0.2 if rebalance == "outside_band" else None
    guards = draw(st.one_of(PROTECTION, DISTANCES, PRICES, computed()))
    guards = guards if set(guards) - {"protect_by"} else {}  # a unit of nothing is refused
    resize = draw(st.booleans())
    return bt.Signals(target, size=size, rebalance=rebalance, band=band, resize=resize, **guards)


FEES = [
    bt.Fees(),
    bt.Fees(maker="-0.02%", taker="0.1%", per_contract="0.1"),
    bt.Fees(taker="0.1%", minimum=2),
    bt.Fees(taker="1%", per_order="0.3", maximum="2%", increment="0.05"),
    bt.Fees(taker="0.1%", minimum=400),
]
SLIPS = [{}, {"ticks": 2}, {"rate": "3%"}, {"ticks": 1, "rate": "0.4%"}]


@settings(max_examples=draws(60))
@given(
    data=candles(),
    each=st.lists(signals(), min_size=1, max_size=4),
    fees=st.sampled_from(FEES),
    slippage=st.sampled_from(SLIPS),
    limit_fill=st.sampled_from(["through", "touch"]),
    least=st.sampled_from([None, "0.5"]),
    cash=st.sampled_from([50, 1_000]),
    start=st.none() | st.integers(-1, 16),
)
def test_protected_figures_are_those_of_runs(data, each, fees, slippage, limit_fill, least, cash, start):
    """Stops, trailing stops and take profits fill, end each other and are passed over as the engine has it."""
    venue = bt.Venue(fees=fees, slippage=slippage, limit_fill=limit_fill)
    begins = None if start is None else BEGIN + timedelta(seconds=30 * min(start, 2 * data.rows - 3))
    sim = simulation(data, least, venues=venue, balances={"usd": cash}, start=begins)
    assert differences(sim, each)[0] == []


@settings(max_examples=draws(30))
@given(
    data=candles(step=4 * HOUR),
    each=st.lists(signals(), min_size=1, max_size=3),
    window=st.integers(1, 3),
    every=st.sampled_from(["4h", "1d", "9h"]),
    before=st.sampled_from([0, 900]),
    start=st.none() | st.integers(-1, 16),
)
def test_fees_by_volume_are_those_of_runs(data, each, window, every, before, start):
    """Rates change at the end of an interval, for fills and for sizes; what fills at that very time counts before."""
    tiers = bt.FeeTiers(
        [(500, 0, "1%"), (2_000, "-0.1%", "0.2%")], "usd", window=window, every=every, volume_before=before
    )
    begins = None if start is None else BEGIN + timedelta(hours=2 * min(start, 2 * data.rows - 3))
    sim = simulation(data, venues=bt.Venue(fees=bt.Fees("0.5%", "3%", tiers=tiers)), start=begins)
    assert differences(sim, each)[0] == []


@pytest.mark.parametrize(("level", "fees"), [(24, 1.2), (24.01, 0.0)])
def test_a_volume_of_just_the_level_reaches_it(level, fees):
    """Bought on one day for 24 dollars, sold on the next."""
    tiers = bt.FeeTiers([(level, 0, "5%")], "usd", window=1)
    data = bars(*[(12, 12, 12, 12)] * 5, instrument="btc_usd", step=8 * HOUR)
    sim = simulation(data, venues=bt.Venue(fees=bt.Fees(tiers=tiers)))
    one = bt.Signals(pl.when(pl.int_range(pl.len()) < 2).then(2.0).otherwise(0.0))
    assert differences(sim, [one]) == ([], 2)
    (run,) = OnePass(sim._setup, {}, interpret=True).run([one])
    assert run.value("fees") == fees


ROWS = [(10, 10, 10, 10), (10, 12, 10, 12), (12, 13, 11, 12), (12, 12, 9, 9), (9, 9, 8, 8), (8, 9, 8, 9), (9, 9, 9, 9)]
CASES = {
    "a stop closes it once": ({"stop_loss": 0.1}, 2, 2, 1),
    "all targets: again and again": ({"stop_loss": 0.1, "rebalance": "always"}, 5, 5, 2),
    "a limit, and a stop that ends": ({"stop_loss": 0.5, "take_profit": 0.2}, 2, 2, 1),
    "the stop comes first": ({"stop_loss": 0.01, "take_profit": 0.01}, 2, 2, 1),
}


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_an_entry(case):
    """A constant target on candles that rise and fall."""
    options, trades, filled, positions = CASES[case]
    sim, one = simulation(bars(*ROWS, instrument="btc_usd")), bt.Signals(pl.lit(1.0), **options)
    assert differences(sim, [one]) == ([], trades)
    (run,) = OnePass(sim._setup, {}, interpret=True).run([one])
    assert (run.value("orders_filled"), run.value("positions")) == (filled, positions)


LATER = pl.when(pl.int_range(pl.len()) > 0).then(1.0)
AT_PRICES = {
    "a stop, a dollar below the close of its entry": ({"stop_loss": CLOSE - 1.0}, 2, -1.0),
    "the same for a number": ({"stop_loss": 11.0}, 2, -1.0),
    "a stop above the entry is reached at once": ({"stop_loss": 13.0}, 2, 1.0),
    "a limit below it as well": ({"take_profit": CLOSE - 3.0}, 2, -3.0),
    "a stop that trails its own distance away, five ticks": ({"trailing_stop": CLOSE / 9}, 2, -0.25),
    "null for none": ({"stop_loss": pl.when(CLOSE > 12.0).then(CLOSE)}, 1, -3.0),
}


@pytest.mark.parametrize("case", AT_PRICES)
def test_protection_at_prices(case):
    """Bought at 12, after the second candle; what was computed for that one counts."""
    options, trades, gained = AT_PRICES[case]
    sim, one = simulation(bars(*ROWS, instrument="btc_usd")), bt.Signals(LATER, protect_by="price", **options)
    assert differences(sim, [one]) == ([], trades)
    (run,) = OnePass(sim._setup, {}, interpret=True).run([one])
    assert run.value("equity_end") == 1_000 + gained


def test_an_amount_that_is_none_is_left_to_a_full_run():
    """Which says where it is."""
    sim = simulation(bars(*ROWS, instrument="btc_usd"))
    found = bt.sweep(
        sim,
        lambda least: bt.Signals(LATER, stop_loss=pl.when(CLOSE > least).then(0.1).otherwise(-0.1)),
        over={"least": [7.0, 9.5]},
        workers=1,
    )
    assert found.frame["way"].to_list() == ["one_pass", "run"]
    assert "below 0" in found.frame["error"][1]


MEETS = {
    "an open at the trigger": ([(10, 10, 10, 10), (9, 9.5, 9, 9.5)], {"stop_loss": 1.0}, {}, 2),
    "an open just above it": ([(10, 10, 10, 10), (9.25, 9.5, 9.25, 9.5)], {"stop_loss": 1.0}, {}, 1),
    "a trigger above all prices": ([(10, 10.5, 10, 10.25), (10, 10, 10, 10)], {"stop_loss": 1.0}, {"ticks": 8}, 2),
    "a limit that is touched": ([(10, 10, 10, 10), (11, 12, 11, 11)], {"take_profit": 2.0}, {}, 1),
    "a limit that is gone through": ([(10, 10, 10, 10), (11, 12.25, 11, 11)], {"take_profit": 2.0}, {}, 2),
}


@pytest.mark.parametrize("case", MEETS)
def test_what_meets_a_price_just_so(case):
    """Bought at 10, before slippage: the times of fills count, too."""
    rows, options, slippage, trades = MEETS[case]
    data = bars((10, 10, 10, 10), *rows, (11, 11, 11, 11), instrument="btc_usd")
    sim = simulation(data, venues=bt.Venue(slippage=slippage))
    assert differences(sim, [bt.Signals(pl.lit(1.0), protect_by="distance", **options)]) == ([], trades)


def test_a_stop_sells_what_is_left_of_its_entry():
    """Half of it was sold before: the order is cancelled behind its fill, and not counted as filled."""
    target = pl.when(CLOSE == 12).then(2.0).when(CLOSE == 13).then(1.0)
    rows = [(12, 12, 12, 12), (12, 13, 12, 13), (13, 13.25, 13, 13.25), (13, 13, 6, 7)]
    sim, one = simulation(bars(*rows, instrument="btc_usd")), bt.Signals(target, stop_loss=0.4)
    assert differences(sim, [one]) == ([], 3)
    (run,) = OnePass(sim._setup, {}, interpret=True).run([one])
    assert (run.value("trades"), run.value("orders_filled")) == (3, 2)


def test_a_target_that_turns_is_left_to_a_full_run():
    """It would be protected, too."""
    sim = simulation(bars(*ROWS, instrument="btc_usd"))
    each = [bt.Signals(pl.when(CLOSE == 12).then(1.0).otherwise(-1.0), **more) for more in ({}, {"stop_loss": 0.5})]
    assert [run is None for run in OnePass(sim._setup, {}, interpret=True).run(each)] == [False, True]


def test_compiled_and_interpreted_agree():
    """Both kernels of one instrument, in one sweep; rates by volume."""
    walk = bt.data.candles(bt.data.generate.candles(3_000, instrument="btc_usd", seed=6))
    tiers = bt.FeeTiers([(2_000, 0, "0.02%")], "usd", window=2)
    above = (CLOSE > CLOSE.rolling_mean(9)) * 0.5
    guards = [{}, {"trailing_stop": 0.002, "take_profit": 0.003}, {"stop_loss": RANGE * 2, "protect_by": "distance"}]
    each = [bt.Signals(above, size="equity", **options) for options in guards]
    for fees in (bt.Fees("0.05%", "0.1%", tiers=tiers), bt.Fees("0.1%")):
        sim = simulation(walk, increment="0.0001", venues=bt.Venue(fees=fees))
        runs = [
            [{name: run.value(name) for name in ALL} for run in OnePass(sim._setup, {}, interpret=plainly).run(each)]
            for plainly in (True, False)
        ]
        assert runs[0] == runs[1]
        assert min(run["trades"] for run in runs[0]) > 100
        assert differences(sim, each)[0] == []


def test_what_protects_a_rejected_entry_is_rejected():
    """All three are counted."""
    sim = simulation(bars(*ROWS, instrument="btc_usd"), least="0.5")
    one = bt.Signals(pl.lit(0.4), stop_loss=0.1, take_profit=0.1)
    assert differences(sim, [one]) == ([], 0)
    (run,) = OnePass(sim._setup, {}, interpret=True).run([one])
    assert (run.value("orders"), run.value("orders_rejected")) == (3, 3)


def test_ticks_are_distances_and_an_activation_needs_a_full_run():
    """Four ticks of a quarter are a distance of one, in one pass as well."""
    sim, target = simulation(bars(10, 10, 12, 11, 9, 12, 13, 10, instrument="btc_usd", step=60.0)), pl.lit(1.0)
    counted = bt.Signals(target, trailing_stop=4, take_profit=12, protect_by="ticks")
    assert differences(sim, [counted]) == ([], 2)
    away = bt.Signals(target, trailing_stop=1.0, take_profit=3.0, protect_by="distance")
    assert sim.run(counted).digest == sim.run(away).digest
    waits = bt.Signals(target, trailing_stop=0.02, trailing_activation=0.05)
    assert "trailing_activation" in why_not(sim._setup, waits)
