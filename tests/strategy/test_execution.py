"""Executions: what is due is worked off by resting first and taking at last; what is left is told."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.execution import Pov, Twap
from tests.engine.books import fills, message, run, snapshot, streams, trade
from tests.strategy.test_makers import make, market

DEEP = snapshot(1, [(99, 1000)], [(101, 1000)])
SECONDS = [message(second, [(10 + second, 1)]) for second in range(2, 25)]  # so that time passes


def left(result):
    name = result.strategies[0]
    return result.own[name]["variables"].select("done", "left").row(0)


def test_a_twap_takes_what_did_not_fill_at_the_end_of_each_slice():
    """Of 10 in 2 slices of 10 s, each rests from its begin on, and is taken when patience ends: at 0.5, 5 s later."""
    result = run(streams([DEEP, *SECONDS]), Twap(10, "20s", slices=2, patience=0.5))
    sent = result.orders.select((pl.col("time_sent").to_physical() // 10**9) % 86_400, "price", "quantity")
    began = sent[0, 0]
    assert sent.rows() == [
        (began, 99.0, 5.0), (began + 6, None, 5.0), (began + 10, 99.0, 5.0), (began + 16, None, 5.0),
    ]  # fmt: skip
    assert [price for _, price, _, _ in fills(result)] == [101.0, 101.0]
    assert left(result) == (10.0, 0.0)


def test_what_rests_and_fills_is_not_taken():
    """A trade through the price fills the first slice as a maker."""
    result = run(streams([DEEP, *SECONDS], [trade(4, 98, 100, -1)]), Twap(10, "20s", slices=2, patience=0.5))
    assert [row[1:] for row in fills(result)] == [(99.0, 5.0, "traded_through"), (101.0, 5.0, "taken")]


def test_a_child_follows_the_best_price():
    """The bid rises, so the child is cancelled and asked for anew at the better price."""
    rising = [DEEP, message(2, [(40, 1)]), message(3, [(100, 5)]), *SECONDS[3:6]]
    result = run(streams(rising), Twap(10, "1m", slices=1))
    rows = result.orders.select("price", pl.col("status").cast(pl.String)).rows()
    assert rows == [(99.0, "cancelled"), (100.0, "open")]


def test_patience_0_takes_at_once_and_1_never():
    quick = run(streams([DEEP, *SECONDS]), Twap(-10, "20s", slices=2, patience=0))
    assert [row[1] for row in fills(quick)] == [99.0, 99.0]
    never = run(streams([DEEP, *SECONDS]), Twap(-10, "20s", slices=2, patience=1))
    assert fills(never) == []
    assert left(never) == (0.0, 10.0)
    assert set(never.orders["status"].cast(pl.String)) == {"cancelled"}


def test_a_limit_is_never_passed_and_what_it_forbids_is_left():
    """The ask lies above the limit: nothing is bought, children rest at the limit at most."""
    result = run(streams([DEEP, *SECONDS]), Twap(10, "10s", slices=1, limit=98))
    assert fills(result) == []
    assert left(result) == (0.0, 10.0)
    assert result.orders["price"].max() == 98.0


def test_an_execution_begins_at_its_start():
    """Its slices are counted from there, not from the first look behind it."""
    start = datetime(1970, 1, 2, 0, 0, 6, tzinfo=UTC)
    result = run(streams([DEEP, *SECONDS]), Twap(4, "4s", slices=1, patience=0, start=start))
    assert [row[0] for row in fills(result)] == [6]
    assert result.own["twap"]["variables"]["began"][0] == 86_406 * 10**9


TAPE = [trade(second, 100, 40) for second in range(3, 20)]


def test_a_pov_buys_its_share_of_what_is_traded():
    """A tenth of 40 a second, in clips of 8: each is due after two trades, and taken after a patience of 3 s."""
    result = run(streams([DEEP, *SECONDS], TAPE), Pov(20, 0.1, 8, "1h", patience="3s"))
    volume = result.own["pov"]["variables"]["volume"][0]
    assert volume == 40 * len(TAPE)
    done, rest = left(result)
    assert done + rest == 20
    assert 8 <= done <= 0.1 * volume
    first = next(iter(result.orders.rows(named=True)))
    assert first["price"] == 99.0
    assert first["quantity"] == 8.0


def test_a_pov_that_must_finish_takes_the_rest_before_its_end():
    """In its last seconds all that is left is due; one that need not finish leaves it."""
    given = {"share": 0.001, "clip": 1, "duration": "15s", "patience": "4s"}
    must = run(streams([DEEP, *SECONDS], TAPE), Pov(-20, **given))
    assert left(must) == (20.0, 0.0)
    assert all(second >= 12 for second, *_ in fills(must))
    need_not = run(streams([DEEP, *SECONDS], TAPE), Pov(-20, **given, finish=False))
    assert left(need_not) == (0.0, 20.0)


def test_a_pov_follows_candles_where_there_are_no_trades():
    rows = {
        "time_exchange": [86_402 + k for k in range(10)],
        "open": 100.0,
        "high": 100.0,
        "low": 100.0,
        "close": 100.0,
    }
    candles = bt.data.candles(pl.DataFrame(rows | {"volume": 50.0}), instrument="abc_usd", time_unit="s", interval="1s")
    result = run([candles, *streams([DEEP, *SECONDS])], Pov(10, 0.1, 5, "1h", patience="2s"), taker_fills_on="book")
    assert result.own["pov"]["variables"]["volume"][0] == 500.0
    assert left(result)[0] > 0


@pytest.mark.parametrize("strategy", [Twap(1, "1h"), Pov(1, 0.1, 1, "1h"), bt.strategy.makers.GridMaker(1.0, 1.0, 1.0)])
def test_without_best_prices_nothing_could_be_done(strategy):
    """On trades alone no order would ever be sent, which looks like a market that gave nothing."""
    with pytest.raises(StrategyError, match=r"works at the best prices of 'abc_usd', which has neither quotes nor a b"):
        run(streams([DEEP], TAPE)[:1], strategy)


def test_a_pov_without_volume_is_told():
    with pytest.raises(StrategyError, match=r"follows the volume of 'abc_usd', which has neither trades nor candles"):
        run(streams([DEEP]), Pov(1, 0.1, 1, "1h"))


@settings(deadline=None, max_examples=20)
@given(
    quantity=st.sampled_from([-30.0, -0.7, 0.1, 12.3]),
    patience=st.sampled_from([0.0, 0.3, 0.9]),
    slices=st.integers(1, 7),
    seed=st.integers(0, 30),
    on=st.sampled_from(["book", "quotes"]),
    limit=st.sampled_from([None, 100.0]),
)
def test_done_and_left_are_what_was_filled(quantity, patience, slices, seed, on, limit):
    """Whatever happens: never more than asked for, and the variables agree with the trades to the lot."""
    result = make(Twap(quantity, "1m", slices, patience, limit), market(seed, 400, on))
    done = result.trades["quantity"].sum()
    assert done <= abs(quantity) + 1e-9
    assert left(result) == pytest.approx((done, abs(quantity) - done), abs=1e-9)
    if limit is not None:
        side = 1 if quantity > 0 else -1
        assert all(side * price <= side * limit for price in result.trades["price"])


@pytest.mark.parametrize("on", ["book", "quotes"])
@pytest.mark.parametrize("execution", [Twap(20, "1m", 5), Pov(-20, 0.2, 1, "90s", "5s")], ids=lambda each: each.name)
def test_compiled_is_interpreted(execution, on):
    data = market(on=on)
    assert make(execution, data).digest == make(execution, data, interpret=False).digest
    assert make(execution, data).trades.height > 3


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: Twap(0, "1h"), "a quantity that is not 0"),
        (lambda: Twap(1, "0s"), "duration is '0s'; it must be above 0"),
        (lambda: Twap(1, "1h", slices=0), "slices is 0"),
        (lambda: Twap(1, "1h", patience=1.5), "a patience from 0 to 1"),
        (lambda: Twap(1, "1h", limit=-1), "limit is -1"),
        (lambda: Twap(1, "1h", start=datetime(2024, 1, 1)), "a datetime with a zone"),  # no zone
        (lambda: Pov(1, 1.5, 1, "1h"), "a share of at most 1"),
        (lambda: Pov(1, 0.1, 1, "1s", "2s"), "longer than the duration"),
        (lambda: Pov(1, 0.1, 0, "1h"), "clip is 0"),
    ],
)
def test_terms_that_cannot_be_are_told(make_it, words):
    with pytest.raises(StrategyError) as told:
        make_it()
    assert words in str(told.value)
