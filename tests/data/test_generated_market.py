"""A generated market: its kinds of data agree with each other, with the true book, and however it is cut in pieces."""

from __future__ import annotations

from dataclasses import fields

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import aggregate, book, candles, check, funding, generate, quality, quotes, rebuild_books, trades
from barter_bt.data.generate import Market, MarketWalk
from barter_bt.data.order_flow import ASK, BID, OrderFlow
from barter_bt.errors import ConfigError

few = settings(max_examples=25)
SEEDS = st.integers(0, 10_000)
EVENTS = st.integers(1, 250)


@few
@given(SEEDS, st.lists(st.integers(0, 80), min_size=1, max_size=5))
def test_pieces_are_the_rows_of_the_whole(seed, cuts):
    walk = MarketWalk(seed=seed, snapshot_every=30, funding_every="1s")
    pieces = Market.joined([walk.next(events) for events in cuts])
    whole = generate.market(sum(cuts), seed=seed, snapshot_every=30, funding_every="1s")
    for field in fields(Market):
        assert getattr(pieces, field.name).equals(getattr(whole, field.name)), field.name


@few
@given(SEEDS, EVENTS, st.sampled_from([None, 1, 7]), st.sampled_from([0.12, 0.5, 0.99]))
def test_the_book_is_that_of_the_orders_at_each_time_and_its_best_are_the_quotes(seed, events, snapshot_every, share):
    made = generate.market(events, seed=seed, snapshot_every=snapshot_every, market_orders=share)
    shown = rebuild_books(book(made.book))
    assert shown["state"].cast(pl.String).unique().to_list() == ["normal"], "never crossed, locked or one-sided"
    assert shown["bid_levels"].to_list() == made.states["bid_levels"].to_list()
    assert shown["ask_levels"].to_list() == made.states["ask_levels"].to_list()
    best = shown.select(
        "time_exchange",
        **{f"{side}_{what}": f"{side}_{what}_1" for side in ("bid", "ask") for what in ("price", "amount")},
    )
    told = shown.select("time_exchange").join_asof(made.quotes.drop("instrument"), on="time_exchange")
    assert best.equals(told.select(best.columns))
    changes = made.quotes.select("bid_price", "bid_amount", "ask_price", "ask_amount")
    assert not (changes == changes.shift(1)).select(pl.all_horizontal(pl.all())).to_series().any(), "each quote is new"


@few
@given(SEEDS, EVENTS)
def test_the_true_book_at_a_time_is_the_sum_of_its_messages(seed, events):
    made = generate.market(events, seed=seed)
    for time in made.book["time_exchange"].unique(maintain_order=True).to_physical().gather_every(40):
        past = made.book.filter(pl.col("time_exchange").to_physical() <= time)
        last = past.group_by("side", "price").agg(pl.col("amount").last()).filter(pl.col("amount") > 0)
        levels = made.levels_at(time)
        assert last.sort("side", "price", descending=[True, False]).rows() == levels.rows()
        state = made.states.filter(pl.col("time_exchange").to_physical() <= time).tail(1)
        for side, name in ((1, "bid"), (-1, "ask")):
            amounts = levels.filter(pl.col("side") == side)["amount"]
            assert (len(amounts), round(amounts.sum(), 3)) == (state[f"{name}_levels"][0], state[f"{name}_total"][0])


@few
@given(SEEDS)
def test_trades_are_at_the_bid_or_ask_of_their_time_and_take_what_is_shown(seed):
    made = generate.market(250, seed=seed)
    before = made.quotes.with_columns(known=pl.col("time_exchange")).drop("instrument")
    asked = made.trades.with_columns(pl.col("time_exchange") - pl.duration(nanoseconds=1))
    both = asked.join_asof(before, on="time_exchange")
    buys = pl.col("side") == 1
    assert both.select(pl.col("price") == pl.when(buys).then("ask_price").otherwise("bid_price")).to_series().all()
    taken_from = pl.when(buys).then("ask_amount").otherwise("bid_amount")
    assert both.select(pl.col("amount") <= taken_from).to_series().all()
    after = made.trades.join(made.book.filter(pl.col("amount") >= 0), on=["time_exchange", "price"], suffix="_left")
    left = both.select((taken_from - pl.col("amount")).round(3)).to_series()
    assert after["amount_left"].to_list() == left.to_list(), "the book has what the trade left"


@few
@given(SEEDS)
def test_counts_are_known(seed):
    made = generate.market(200, seed=seed, funding_every="250ms")
    assert made.states["sequence"].to_list() == list(range(201))
    assert made.book["sequence"].n_unique() == 201
    added, gone = (made.orders.filter(pl.col("action").is_in(names)) for names in (["add"], ["cancel", "execute"]))
    assert added["order_id"].to_list() == list(range(1, added.height + 1))
    rest = added["amount"].sum() - gone["amount"].sum()
    assert made.states.select((pl.col("bid_total") + pl.col("ask_total")).last()).item() == pytest.approx(rest)
    executed = made.orders.filter(pl.col("action") == "execute")
    assert executed["amount"].sum() == pytest.approx(made.trades["amount"].sum())
    assert executed["time_exchange"].n_unique() == made.trades.height
    steps = made.funding["time"].diff().drop_nulls().dt.total_milliseconds().unique().to_list()
    assert steps == [250]
    first = made.trades.filter(pl.col("time_exchange") < made.funding["time"][0])
    lots = first.select((pl.col("amount") * pl.col("side")).sum(), all=pl.col("amount").sum()).row(0)
    assert made.funding["rate"][0] == pytest.approx(1e-4 * lots[0] / lots[1] if lots[1] else 0.0, abs=1e-8)


@few
@given(SEEDS)
def test_all_of_it_is_good_data(seed):
    made = generate.market(300, seed=seed, funding_every="1s")
    streams = trades(made.trades), quotes(made.quotes), book(made.book), candles(made.candles("1s"))
    for stream in streams:
        report = check(stream)
        assert not report.errors
        assert not report.warnings
    assert funding(made.funding).frame.height == made.funding.height
    minute = aggregate(trades(made.trades), every="1s").frame().collect()
    assert made.candles("1s")["close"].to_list() == minute["close"].to_list()
    assert not quality(streams[1:3]).rows.height, "quotes and books"


def test_the_numbers_are_pinned():
    made = generate.market(1000, seed=5)
    assert made.trades.height == 122
    assert made.levels_at().select("price", "amount").head(2).rows() == [(99.37, 0.012), (99.73, 0.037)]


def test_the_share_of_market_orders_is_that_of_the_trades_and_widens_the_spread():
    """Of 4,000 events; all but a few market orders find somebody."""
    spreads = []
    for share in (0.1, 0.3, 0.5):
        made = generate.market(4000, seed=5, market_orders=share)
        assert made.trades.height / 4000 == pytest.approx(share, abs=0.03)
        spreads.append(made.quotes.select((pl.col("ask_price") - pl.col("bid_price")).mean()).item())
    assert spreads == sorted(spreads)
    assert spreads[-1] > 2 * spreads[0]


def test_seeds_matter_and_names_are_given():
    one = generate.market(50, "btc_usdt", seed=1)
    assert one.trades["instrument"].unique().to_list() == ["btc_usdt"]
    assert not one.orders.equals(generate.market(50, "btc_usdt", seed=2).orders)


def test_a_later_piece_does_not_know_its_book():
    walk = MarketWalk()
    walk.next(5)
    with pytest.raises(ConfigError, match="do not begin with the opening"):
        walk.next(5).levels_at()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"mean_step": "0s"}, "mean_step is '0s'; it must be positive"),
        ({"funding_every": "-8h"}, "funding_every is '-8h'"),
        ({"market_orders": 1.0}, "market_orders is 1.0; it is a share, above 0 and below 1"),
        ({"snapshot_every": 0}, "snapshot_every is 0; it must be at least 1"),
    ],
)
def test_wrong_settings_are_refused(given, text):
    with pytest.raises(ConfigError, match=text):
        generate.market(5, **given)


def test_prices_stay_above_zero_and_sides_are_never_empty():
    flow = OrderFlow(seed=1, price=3)
    for changes in flow.next(4000):
        assert all(one.price >= 1 and one.lots >= 1 for one in changes)
        assert flow.best[BID] == max(flow.levels[BID]) < flow.best[ASK] == min(flow.levels[ASK])


def test_a_market_order_leaves_the_last_order_of_a_side():
    flow = OrderFlow(price=2)  # one bid, at 1
    flow._add(BID, 1, 5)
    done = flow._execute(BID, 1_000)
    assert [(one.order_id, one.lots) for one in done] == [(1, 20)]
    assert list(flow.levels[BID][1].values()) == [5]
