"""Rule 74: rates that convert what no instrument of the run does, on hand-made markets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, DataError
from tests.engine.tiny import A, bars, run, schedule, table, trades

EUR = bt.Instrument("x", "a_eur", price_increment=1, quantity_increment=1)
MARKET = trades((0, 100, 9), (1, 100, 9), (2, 110, 9), (3, 110, 9), instrument="a_eur")
PLAN = schedule({"at": 0.5, "buy": 2, "on": "a_eur"})


def dated(*rows: tuple[int, float]) -> pl.DataFrame:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return pl.DataFrame({"time": [start + timedelta(seconds=at) for at, _ in rows], "rate": [rate for _, rate in rows]})


def equity(rates: object, **options: object) -> list[float | None]:
    """Of 1,000 eur, and two bought at 100."""
    given = {"balances": {"eur": 1_000}, "reporting": "usd", "mark_every": "1s"} | options
    result = run(MARKET, PLAN, EUR, rates=rates, **given)
    return result.equity["equity"].to_list()


@pytest.mark.parametrize("pair", [{"eur/usd": 1.25}, {"usd/eur": 0.8}, {"eur/usd": "1.25"}])
def test_rule_74_a_constant_converts_in_either_direction(pair):
    """1,000 and then 1,020 eur at 1.25, in an asset that no instrument has."""
    assert equity(pair) == [1_250, 1_250, 1_275, 1_275]


def test_rule_74_rates_hold_from_their_time_on():
    assert equity({"eur/usd": dated((1, 1.2), (2, 1.5))}) == [None, 1_200, 1_530, 1_530]
    assert equity({"usd/eur": dated((-5, 0.5), (3, 0.4))}) == [2_000, 2_000, 2_040, 2_550]


def test_rule_74_over_several_pairs():
    """1,020 eur at 0.8 gbp, of which one is 1.5 usd."""
    assert equity({"eur/gbp": 0.8, "gbp/usd": 1.5})[-1] == 1_224


def test_rule_74_an_instrument_comes_before_a_pair_and_both_make_a_path():
    """b is 10 usd at the market; one usd is two chf."""
    one = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
    market = trades((0, 10, 9), (1, 10, 9), instrument="b_usd")
    for rates in ({"usd/chf": 2}, {"b/usd": 7, "usd/chf": 2}):
        result = run(market, schedule(), one, balances={"b": 3, "usd": 1}, reporting="chf", rates=rates)
        assert result.equity["equity"][-1] == 62


def test_rule_74_half_a_unit_is_rounded_to_even():
    """0.5 and 1.5 of the units of 1e-9."""
    for amount, worth in ((1e-9, 0), (3e-9, 2e-9)):
        result = run(
            trades((0, 100, 9)), schedule(), A, balances={"usd": amount}, reporting="eur", rates={"usd/eur": 0.5}
        )
        assert result.equity["equity"][-1] == worth


def test_rates_by_time_count_at_marks_that_nobody_looks_at():
    """Candles one after the other, without orders: each mark is converted at the rate of its time."""
    rates = {"usd/eur": dated((10, 0.5), (30, 0.8))}
    options = {"balances": {"usd": 100}, "reporting": "eur", "rates": rates}
    result = run(bars(10, 10, 10, 10, 10, 10), schedule(), A, **options)
    assert table(result.equity, "time", "equity")[1:] == [(10, 50), (20, 50), (30, 80), (40, 80), (50, 80), (60, 80)]


def test_a_rate_before_its_time_is_told():
    result = run(
        MARKET, PLAN, EUR, rates={"eur/usd": dated((9, 1.2))}, balances={"eur": 1_000}, reporting="usd", mark_every="1s"
    )
    assert any("'eur' is converted by 'eur/usd', without a price then" in told for told in result.warnings)


def test_a_share_of_the_equity_needs_an_instrument_in_the_same_asset():
    """Also at a rate of one: it is another name (rule 18)."""
    frame = dated((1, 0.5)).select("time", pl.lit("a_eur").alias("instrument"), target="rate")
    targets = bt.Schedule(frame, size="equity")
    with pytest.raises(BarterBtError, match="the instrument's money is in 'eur'"):
        run(MARKET, targets, EUR, rates={"eur/usd": 1}, balances={"eur": 1_000}, reporting="usd")


def test_limits_convert_by_rates():
    """Exposure of 200 eur is 250 usd."""
    for most, status in ((250, "filled"), (249, "refused")):
        result = run(
            MARKET,
            PLAN,
            EUR,
            rates={"eur/usd": 1.25},
            balances={"eur": 1_000},
            reporting="usd",
            risk=bt.Limits(exposure=most, resize=False),
        )
        assert table(result.orders, "status") == [(status,)]


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (1.2, "it must say of which pair"),
        ({"eurusd": 1}, "which is no pair of two assets"),
        ({"usd/usd": 1}, "which is no pair of two assets"),
        ({"eur/usd": 1, "usd/eur": 1}, "twice"),
        ({"eur/usd": 0}, "rate of eur/usd is 0; allowed: 1e-15 to 1e"),
        ({"eur/usd": "much"}, "rate of eur/usd"),
    ],
)
def test_rates_that_cannot_be(rates, message):
    with pytest.raises(ConfigError, match=message.replace("+", r"\+")):
        equity(rates)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (dated((1, 1.0), (1, 2.0)), "is not later than the one before"),
        (dated((1, -1.0)), "is not from 1e-15 to 1e"),
        (dated((1, 1.0)).rename({"rate": "price"}), "has no column 'rate'"),
        (dated((1, 1.0)).with_columns(time=1), "it must be a Datetime with a time zone"),
        (dated((1, 1.0)).with_columns(rate=pl.lit("1")), "it must be a number"),
        (dated((1, 1.0)).with_columns(rate=pl.lit(None, pl.Float64)), "has a null"),
        (dated((1, 1.0))[:0], "has no row"),
    ],
)
def test_frames_that_cannot_be(frame, message):
    with pytest.raises(DataError, match=message):
        equity({"eur/usd": frame})
