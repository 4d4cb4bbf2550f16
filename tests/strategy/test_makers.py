"""Market makers: their orders stand where their formulas say, never cross, and never hold more than they may."""

from __future__ import annotations

from math import ceil, floor, log, sqrt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.makers import AvellanedaStoikov, GridMaker, ImbalanceMaker
from tests.engine.books import ABC, fills, message, run, snapshot, streams, trade

WALK = bt.Instrument("x", "walk_usd", price_increment="0.01", quantity_increment="0.001")


def market(seed=17, n=600, on="book"):
    """A generated market as a book, or as its best quotes, with its trades."""
    made = bt.data.generate.market(n, seed=seed, mean_step="200ms", market_orders=0.4)
    return [bt.data.trades(made.trades), bt.data.book(made.book) if on == "book" else bt.data.quotes(made.quotes)]


def make(maker, data=None, interpret=True, **venue):
    """A run on the generated market, with latency."""
    late = bt.Latency(request_ns="20ms", response_ns="20ms", feed_ns="5ms")
    terms = {"account": "margin", "latency": late} | venue
    return bt.backtest(
        data or market(), WALK, maker, balances={"usd": 100_000}, venues=bt.Venue(**terms), interpret=interpret
    )


def limits(result, status="open"):
    """Side and price of the orders that stand at the end."""
    found = result.orders.filter(pl.col("status").cast(pl.String) == status)
    return sorted(found.select(pl.col("side").cast(pl.String), "price", "quantity").rows())


WIDE = [snapshot(1, [(95, 10), (90, 10)], [(105, 10), (110, 10)])]


@pytest.mark.parametrize(
    ("terms", "bids", "asks"),
    [
        ({"half_spread": 3, "interval": 1}, [97], [103]),
        ({"half_spread": 2.5, "interval": 1}, [97], [103]),  # rounded away from the middle
        ({"half_spread": 3, "interval": 4, "levels": 2}, [92, 96], [104, 108]),  # on multiples of 4
        ({"half_spread": 0, "interval": 1}, [100], [100]),
        ({"half_spread": 3, "interval": 1, "levels": 3, "most": 4}, [96, 97], [103, 104]),  # two of 2 are the most
    ],
)
def test_a_grid_stands_where_its_terms_say(terms, bids, asks):
    """mid 100: bids at or below mid - half_spread, asks at or above mid + half_spread, an interval apart."""
    result = run(streams([*WIDE, message(3, [(80, 1)])]), GridMaker(2, **terms), account="margin")
    expected = [("buy", float(at), 2.0) for at in bids] + [("sell", float(at), 2.0) for at in asks]
    assert limits(result) == sorted(expected)


def test_what_is_held_moves_both_sides_against_it():
    """Skew 2 for each unit: with 1 held both sides stand 2 lower; the order at the old price is cancelled."""
    data = streams([*WIDE, message(5, [(80, 1)]), message(7, [(81, 1)])], [trade(3, 96, 1, -1)])
    result = run(data, GridMaker(1, half_spread=3, interval=1, most=2, skew=2), account="margin")
    assert fills(result) == [(3, 97.0, 1.0, "traded_through")]
    assert limits(result) == [("buy", 95.0, 1.0), ("sell", 101.0, 1.0)]
    assert limits(result, "cancelled") == [("sell", 103.0, 1.0)]


def test_an_order_that_stands_right_keeps_its_place():
    """The middle moves by less than an interval and nothing is sent; by more, and only what is wrong is."""
    moved = [
        *WIDE,
        message(3, [(96, 1)]),
        message(5, [(97, 1)]),
        message(7, [(98, 1)], [(105, 0)]),
        message(9, [(80, 1)]),
    ]
    result = run(streams(moved[:3]), GridMaker(1, half_spread=3, interval=5), account="margin")
    assert result.orders.height == 2
    result = run(streams(moved), GridMaker(1, half_spread=3, interval=5), account="margin")
    assert limits(result) == [("buy", 100.0, 1.0), ("sell", 110.0, 1.0)]


def test_all_is_cancelled_while_a_side_is_empty():
    """Without a middle there is nothing to quote around."""
    data = streams([*WIDE, message(3, [], [(105, 0), (110, 0)]), message(5, [(80, 1)])])
    result = run(data, GridMaker(1, half_spread=3, interval=1, levels=2), account="margin")
    assert limits(result) == []
    assert len(limits(result, "cancelled")) == 4


def test_the_formulas_of_avellaneda_and_stoikov():
    """The half spread is log(1 + γΔ/k)/(γΔ) + γΔσ²(T-t)/2, and shrinks to its first part as the horizon runs out."""
    maker = AvellanedaStoikov(1, risk_aversion=0.5, volatility=0.7, decay=0.2, horizon="10s")
    first, risk = log(1 + 0.5 / 0.2) / 0.5, 0.5 * 0.49
    assert maker.half_spread == pytest.approx(first)
    moving = [message(second, [(70 + second, 1)]) for second in range(2, 16)]  # far below the best price
    result = run(streams([*WIDE, *moving]), maker, account="margin")
    began = result.own[maker.name]["variables"]["began"][0]
    sent = result.orders.filter(pl.col("side").cast(pl.String) == "buy").select(
        pl.col("time_sent").to_physical(), "price"
    )
    stood = None
    for time, price in sent.iter_rows():
        left = 10 - (time - began) // 10**9 % 10
        assert price == floor(100 - first - risk * left / 2)
        assert price != stood
        stood = price
    assert sent["price"].n_unique() == 2


def test_the_formulas_without_an_end():
    """Guéant and others with Δ = 1: δ = log(1 + γ/k)/γ + (2q + 1)/2·√(σ²γ/(2kA)·(1 + γ/k)^(1 + k/γ))."""
    gamma, sigma, k, rate = 0.1, 0.3, 1.5, 140.0
    maker = AvellanedaStoikov(1, gamma, sigma, k, arrival=rate)
    pull = sqrt(sigma**2 * gamma / (2 * k * rate) * (1 + gamma / k) ** (1 + k / gamma))
    assert maker.pull == pytest.approx(pull)
    assert maker.half_spread == pytest.approx(log(1 + gamma / k) / gamma)
    twice = AvellanedaStoikov(2, gamma / 2, sigma, k, arrival=rate / 2)  # the same risk in orders of another size
    assert twice.pull == pytest.approx(pull / 2 * sqrt(2))


def test_inventory_moves_the_reservation_price():
    """With 1 held, both quotes stand lower by the pull."""
    maker = AvellanedaStoikov(1, 0.1, 1.0, 0.4, arrival=0.2, most=2)
    result = run(streams([*WIDE, message(5, [(80, 1)])], [trade(3, 90, 1, -1)]), maker, account="margin")
    (bought,) = result.trades["price"].to_list()
    assert limits(result) == [
        ("buy", float(floor(100 - 1.5 * maker.pull - maker.half_spread)), 1.0),
        ("sell", float(ceil(100 - 0.5 * maker.pull + maker.half_spread)), 1.0),
    ]
    assert bought == floor(100 - maker.pull / 2 - maker.half_spread)


@pytest.mark.parametrize(("bid", "ask", "moved"), [(30, 10, 2), (10, 30, -2), (20, 20, 0)])
@pytest.mark.parametrize("on", ["book", "quotes"])
def test_the_fair_price_leans_with_the_imbalance(bid, ask, moved, on):
    """lean·(B - A)/(B + A): of 30 against 10 half of it; on quotes as on books."""
    data = streams([snapshot(1, [(95, bid)], [(105, ask)])])
    if on == "quotes":
        row = {"time_exchange": [86_401], "bid_price": 95.0, "bid_amount": float(bid), "ask_price": 105.0}
        data = [bt.data.quotes(pl.DataFrame(row | {"ask_amount": float(ask)}), instrument="abc_usd", time_unit="s")]
    result = run(data, ImbalanceMaker(1, half_spread=2, lean=4), account="margin")
    assert sorted(result.orders.select("price").to_series()) == [98 + moved, 102 + moved]


def test_the_flow_of_orders_is_that_of_cont_kukanov_and_stoikov():
    """e = q(bid) - q(bid before) at one price, all of it behind a better one; asks the other way; it decays by half."""
    changes = [
        snapshot(1, [(95, 10)], [(105, 10)]),
        message(2, [(95, 14)]),  # + 4
        message(3, [], [(105, 7)]),  # + 3
        message(4, [(96, 5)]),  # + 5, all that stands at the new price
        message(5, [], [(104, 2)]),  # - 2
        message(6, [(96, 0)]),  # - 5, all that stood there
    ]
    result = run(streams(changes), ImbalanceMaker(1, 9, lean=0, flow=0.001, half_life="1s"), account="margin")
    flow = 0.0
    for came in (4, 3, 5, -2, -5):
        flow = flow / 2 + came
    assert result.own["imbalance_maker"]["variables"]["flow"][0] == pytest.approx(flow)


MAKERS = st.one_of(
    st.builds(
        GridMaker,
        st.sampled_from([0.001, 0.005, 0.02]),
        st.sampled_from([0.0, 0.01, 0.04]),
        st.sampled_from([0.01, 0.02]),
        st.integers(1, 4),
        skew=st.sampled_from([0.0, 1.0, 20.0]),
    ),
    st.builds(
        AvellanedaStoikov,
        st.sampled_from([0.001, 0.01]),
        st.sampled_from([1.0, 100.0]),
        st.sampled_from([0.001, 0.05]),
        st.sampled_from([20.0, 100.0]),
        horizon=st.sampled_from(["10s", "1h"]),
        most=st.sampled_from([0.01, 0.03]),
    ),
    st.builds(
        ImbalanceMaker,
        st.sampled_from([0.001, 0.01]),
        st.sampled_from([0.0, 0.02]),
        st.sampled_from([-0.05, 0.0, 0.05]),
        st.integers(1, 3),
        st.sampled_from([0.0, 0.3]),
        most=st.sampled_from([0.01, 0.03]),
    ),
)


@settings(deadline=None, max_examples=25)
@given(maker=MAKERS, seed=st.integers(0, 50), on=st.sampled_from(["book", "quotes"]), slow=st.booleans())
def test_a_maker_only_makes_and_holds_no_more_than_its_most(maker, seed, on, slow):
    """Whatever the terms, the market and the latency: post-only at work, and position and orders within ``most``."""
    late = bt.Latency(request_ns="3s", response_ns="1s") if slow else bt.Latency()
    result = make(maker, market(seed, 250, on), latency=late)
    assert set(result.trades["liquidity"].cast(pl.String)) <= {"maker"}
    most = maker.quantity * maker.levels if isinstance(maker, GridMaker) and maker.most is None else maker.most
    side = pl.when(pl.col("side").cast(pl.String) == "buy").then(1).otherwise(-1)
    held = result.trades.select((side * pl.col("quantity")).cum_sum()).to_series()
    assert held.abs().max() is None or held.abs().max() <= most + 1e-9


@pytest.mark.parametrize("on", ["book", "quotes"])
@pytest.mark.parametrize(
    "maker",
    [
        GridMaker(0.01, 0.01, 0.01, levels=2, skew=0.2),
        AvellanedaStoikov(0.01, 5, 0.02, 60, horizon="1m"),
        AvellanedaStoikov(0.01, 5, 0.02, 60, arrival=0.3),
        ImbalanceMaker(0.01, 0.01, 0.02, flow=0.1, most=0.02),
    ],
    ids=lambda maker: maker.name,
)
def test_compiled_is_interpreted(maker, on):
    data = market(on=on)
    assert make(maker, data).digest == make(maker, data, interpret=False).digest
    assert make(maker, data).trades.height > 3


def test_two_makers_of_one_instrument_leave_each_other_alone():
    """Each looks at its own orders, so neither cancels what the other has at work."""
    pair = [GridMaker(1, 3, 1, name="near"), GridMaker(1, 6, 1, name="far")]
    result = run(streams([*WIDE, message(3, [(80, 1)]), message(6, [(81, 1)])]), pair, account="margin")
    assert [price for _, price, _ in limits(result)] == [94.0, 97.0, 103.0, 106.0]
    assert result.orders.height == 4


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: GridMaker(0, 1, 1), "quantity is 0; it must be a number above 0"),
        (lambda: GridMaker(1, -1, 1), "half_spread is -1; it must be a number from 0"),
        (lambda: GridMaker(1, 1, 0), "interval is 0"),
        (lambda: GridMaker(2, 1, 1, most=1), "most is 1; it must be a number from 2"),
        (lambda: GridMaker(1, float("nan"), 1), "half_spread is nan"),
        (lambda: AvellanedaStoikov(1, 1, 1, 1), "exactly one of them"),
        (lambda: AvellanedaStoikov(1, 1, 1, 1, arrival=1, horizon="1h"), "exactly one of them"),
        (lambda: AvellanedaStoikov(1, 1, 1, 1, horizon=0), "horizon is 0; it must be above 0"),
        (lambda: ImbalanceMaker(1, 1, 0, flow=1, wake="timer:1s"), "who sees each quote"),
        (lambda: ImbalanceMaker(1, 1, 0, half_life="0s"), "half_life is '0s'"),
    ],
)
def test_terms_that_cannot_be_are_told(make_it, words):
    with pytest.raises(StrategyError, match="quantity|half|interval|most|horizon|flow|exactly") as told:
        make_it()
    assert words in str(told.value)


def test_a_maker_must_say_its_instrument_where_there_are_several():
    two = [ABC, bt.Instrument("x", "other_usd", price_increment=1, quantity_increment=1)]
    with pytest.raises(StrategyError, match=r"'grid_maker' is for one instrument, and the run has 2"):
        bt.backtest(streams(WIDE), two, GridMaker(1, 1, 1), balances={"usd": 1}, interpret=True)


def test_terms_are_what_sweeps_vary():
    """A maker's parameters are arguments like any others."""
    simulation = bt.Simulation(market(n=300), WALK, balances={"usd": 100_000}, venues=bt.Venue(account="margin"))
    over = {"half_spread": [0.01, 0.03], "quantity": [0.01], "interval": [0.01]}
    found = bt.sweep(simulation, GridMaker, over=over, figures=["trades"])
    assert found.frame["trades"].n_unique() == 2
