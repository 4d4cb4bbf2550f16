"""Futures that are settled by day (rule 102): two at 100, ten of the underlying each, computed by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, EngineError
from barter_bt.testing.scenario import Scenario, random_scenario, to_backtest
from tests.engine.test_rules_settlement_prices import prices
from tests.engine.tiny import FUTURE, A, S, Watch, quotes, run, schedule, stamps, table, trades

DAILY = bt.Venue(margin=bt.Margin(0.5, settlement="daily"))
CLOSING = bt.Venue(margin=bt.Margin(0.5))
MARKET = trades((0, 100, 9), (1, 100, 9), (3, 104, 9), (5, 104, 9), (7, 98, 9), instrument="f_usd")
BUY, SELL = {"at": 0.5, "buy": 2, "on": "f_usd"}, {"at": 4.5, "sell": 1, "on": "f_usd"}
DAYS = prices((2, 103), (4, 101))


def deal(*steps: dict[str, Any], market: Any = MARKET, instrument: Any = FUTURE, **options: Any) -> bt.Result:
    """These orders, settled at 103 and 101 unless said otherwise."""
    return run(market, schedule(*steps), instrument, **{"cash_flows": DAYS, "venues": DAILY} | options)


def totals(result: bt.Result) -> list[float]:
    """Balances behind the start, and behind the fill that opens."""
    return result.balances.filter(asset="usd")["total"].to_list()[2:]


@pytest.mark.parametrize(("side", "sign"), [("buy", 1), ("sell", -1)])
def test_rule_102_what_it_gains_is_paid_and_counts_from_that_price(side, sign):
    """+60 and -40; one is closed at 104, of which 30 are owed since 101, though the trade has made 40."""
    other = "sell" if side == "buy" else "buy"
    result = deal({"at": 0.5, side: 2, "on": "f_usd"}, {"at": 4.5, other: 1, "on": "f_usd"})
    assert totals(result) == [10_000 + sign * gained for gained in (60, 20, 50)]
    assert table(result.cash_flows, "time_exchange", "asset", "instrument", "reason", "amount") == [
        (2, "usd", "f_usd", "variation_margin", sign * 60),
        (4, "usd", "f_usd", "variation_margin", -sign * 40),
    ]
    assert result.equity["equity"][-1] == 10_000 + sign * (40 - 20)  # the other one is at 98
    assert result.state.instruments.realised[0] == sign * 40 / Decimal("1e-9")


def test_rule_102_the_sum_is_what_is_realised():
    """A third of a position with a basis that does not divide by three: what is paid adds up all the same."""
    one = replace(FUTURE, contract_size="0.0000000333")
    steps = [
        {"at": k + 0.5, "buy" if k == 0 else "sell": n, "on": "f_usd"} for k, n in ((0, 3), (2, 1), (4, 1), (6, 1))
    ]
    result = deal(*steps, instrument=one, units={"usd": Decimal("1e-7")})
    assert totals(result)[-1] - 10_000 == pytest.approx(result.positions["pnl_realised"].item(), abs=1e-12)


def test_rule_102_a_strategy_reads_the_trades_entry_and_pnl():
    """At the trade of 3 two have gained 80, of which 60 are paid, before and after one is sold."""
    see = lambda state: (state.entry_average("f_usd"), state.unrealised("f_usd"), state.equity)  # noqa: E731
    one = Watch(see, wake="trade")
    bought = bt.Schedule(
        pl.DataFrame({"time": stamps([0.5]), "instrument": ["f_usd"], "quantity": [2.0]}).with_columns(
            action=pl.lit("open")
        )
    )
    run(MARKET, [bought, one], FUTURE, cash_flows=DAYS, venues=DAILY)
    assert one.seen[2:] == [(100, 80, 10_080), (100, 80, 10_080), (100, -40, 9_960)]


def test_rule_102_what_has_been_paid_bears_no_position_twice():
    """2,060 are there, 60 of them paid: four at 103 need half of 4,120, and five do not fit."""
    market = trades((0, 100, 9), (1, 100, 9), (3, 103, 9), (5, 103, 9), instrument="f_usd")
    for settled, flows in ((DAILY, prices((2, 103))), (CLOSING, None)):
        for more, fits in ((2, True), (3, False)):
            steps = BUY, {"at": 2.5, "buy": more, "on": "f_usd"}
            options = {"venues": settled, "cash_flows": flows, "balances": {"usd": 2_000}}
            result = deal(*steps, market=market, **options)
            assert (result.orders["filled"][1] == more) == fits


def test_rule_102_nor_at_the_time_at_which_it_is_paid():
    """Of 3,000, 60 of them paid between two fills of one time, 1,470 are free: for two more, not for three."""
    venue = bt.Venue(margin=bt.Margin(0.5), margin_by_instrument={"f_usd": DAILY.margin})
    other = replace(FUTURE, name="g_usd")
    market = [
        quotes((0, 99, 9, 100, 9), (1, 102, 9, 104, 9), (3, 102, 9, 104, 9), instrument="f_usd"),
        quotes((0, 100, 9, 102, 9), (2, 99, 9, 100, 20), instrument="g_usd"),
    ]
    rests = {"at": 0.6, "buy": 1, "limit": 100, "on": "g_usd"}
    for more, fits in ((2, True), (3, False)):
        steps = BUY, rests, {"at": 2, "buy": more, "on": "g_usd"}
        options = {"instrument": [FUTURE, other], "balances": {"usd": 2_940}, "cash_flows": prices((2, 103))}
        result = deal(*steps, market=market, venues=venue, **options)
        assert result.orders["filled"].to_list() == [2, 1, more if fits else 0]


def test_rule_102_a_new_position_counts_from_its_own_cost():
    """A flip at 104 gives 2 x 30 since 101 and opens one short at 104, which is worth 60 more at 98."""
    result = deal(BUY, {"at": 4.5, "sell": 3, "on": "f_usd"})
    assert totals(result) == [10_060, 10_020, 10_080]
    assert (result.positions["pnl_realised"].item(), result.equity["equity"][-1]) == (80, 10_140)


def test_rule_102_without_prices_at_the_close_of_each_session_at_the_mark():
    """The mark of 3, which is 104, at the close of 4; the trade at 7 itself is seen at the close of 7, none at 9."""
    spans = [(0, 4), (4, 7), (7, 9)]
    days = bt.data.sessions(pl.DataFrame({"open": stamps(o for o, _ in spans), "close": stamps(c for _, c in spans)}))
    result = deal(BUY, cash_flows=None, sessions={"f_usd": days})
    assert table(result.cash_flows, "time_exchange", "amount") == [(4, 80), (7, -120)]
    assert not [text for text in result.warnings if "cash flows" in text]
    with_prices = deal(BUY, sessions={"f_usd": days})
    assert table(with_prices.cash_flows, "time_exchange", "amount") == [(2, 60), (4, -40)]


def test_rule_102_a_session_may_close_while_the_last_event_is_still_on_its_way():
    """The trade of 7 arrives at 8, when the session closes; the next closes behind that, one before the run."""
    days = bt.data.sessions(pl.DataFrame({"open": stamps([-3, 0, 8]), "close": stamps([-1, 8, 9])}))
    late = replace(DAILY, latency=bt.Latency(feed_ns=S))
    result = deal(BUY, cash_flows=None, sessions={"f_usd": days}, venues=late)
    assert table(result.cash_flows, "time_exchange", "amount") == [(8, -40)]
    assert not [text for text in result.warnings if "cash flow" in text]


def test_rule_102_at_the_expiry_only_the_rest_is_paid():
    """At 6 it is settled at 105: 40 each since 101, and its position has made 50 each."""
    ends = replace(FUTURE, expiry=6 * S)
    result = deal(BUY, instrument=ends, cash_flows=prices((2, 103), (4, 101), (6, 105)))
    assert totals(result) == [10_060, 10_020, 10_100]
    assert (result.positions["pnl_realised"].item(), result.cash_flows.height) == (100, 2)


def test_rule_102_nothing_is_held_or_nothing_gained():
    """Before the position, and at the price at which it was settled, nothing happens."""
    result = deal(BUY, cash_flows=prices((0.2, 90), (2, 100), (4, 101)))
    assert table(result.cash_flows, "time_exchange", "amount") == [(4, 20)]


def test_rule_102_the_posting_takes_as_long_as_any_response():
    """The engine learns at 2.4 of what was paid at 2; the equity in between is the same."""
    venue = replace(DAILY, latency=bt.Latency(0, 400_000_000, 0))
    result = deal(BUY, venues=venue, mark_every=100_000_000)
    assert table(result.cash_flows, "time_exchange", "time_engine") == [(2, 2.4), (4, 4.4)]
    assert set(result.equity.filter(pl.col("time") < stamps([3])[0])["equity"]) == {10_000}


def test_rule_102_inverse_futures_are_settled_the_other_way_round():
    """200 contracts of 10 at 100 are 20; at 125 they are 16, so 4 are gained; at 80 they are 25."""
    one = replace(FUTURE, settlement="f", base="f")
    market = trades((0, 100, 999), (1, 100, 999), (3, 125, 999), (5, 80, 999), instrument="f_usd")
    options = {"market": market, "instrument": one, "balances": {"f": 100}, "cash_flows": prices((2, 125), (4, 100))}
    result = deal({"at": 0.5, "buy": 200, "on": "f_usd"}, {"at": 4.5, "sell": 100, "on": "f_usd"}, **options)
    assert result.cash_flows["amount"].to_list() == [4, -4]
    assert result.balances.filter(asset="f")["total"][-1] == 97.5
    assert result.equity["equity"][-1] == 95


def test_rule_102_prices_below_0_are_settled_as_others():
    """Two that were bought at -3 have gained 40 at -1, and lose 60 down to -4."""
    one = replace(FUTURE, price_can_be_negative=True)
    market = trades((0, -3, 9), (1, -3, 9), (3, -1, 9), (5, -4, 9), instrument="f_usd")
    result = deal(BUY, SELL, market=market, instrument=one, cash_flows=prices((2, -1), (4, 0)))
    assert totals(result) == [10_040, 10_060, 10_020]
    assert result.equity["equity"][-1] == 9_980


def test_rule_102_interest_is_on_what_has_been_paid():
    """Cash is cash: of 10,060 instead of 10,000, for a second at 1,000 % a year."""
    rate = bt.data.interest("usd", cash=10, every="1s", start=stamps([2])[0], end=stamps([3])[0])
    result = deal(BUY, cash_flows=[prices((2, 103)), rate])
    assert result.cash_flows["reason"].to_list() == ["variation_margin", "interest"]
    assert result.cash_flows["amount"][-1] == pytest.approx(10_060 * 10 / (365 * 86_400), abs=1e-9)


def test_rule_102_the_figure_of_cash_flows_is_without_it():
    assert deal(BUY, SELL).summary()["cash_flows"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cash_flows": None}, "'x.f_usd' is settled daily, and nothing says when"),
        ({"cash_flows": prices((2, 0))}, "a settlement price of 'x.f_usd' is 0.0; its prices are above 0"),
        ({"cash_flows": prices((2, 100.5))}, "settlement_price of 'x.f_usd'"),
        ({"venues": CLOSING}, "settlement prices of 'x.f_usd', which has no expiry"),
        (
            {"venues": bt.Venue(margin_by_instrument={"f_usd": bt.Margin(0.5, settlement="daily")})}
            | {"instrument": replace(FUTURE, kind="perpetual"), "cash_flows": None},
            "'x.f_usd' is 'daily', and it is perpetual: only futures",
        ),
    ],
)
def test_rule_102_what_cannot_be_is_told(options, said):
    with pytest.raises(ConfigError) as raised:
        deal(BUY, **options)
    assert said in str(raised.value)


def test_rule_102_is_of_cross_margin():
    with pytest.raises(ConfigError, match="'daily', and its mode 'isolated'"):
        bt.Margin(0.5, mode="isolated", settlement="daily")
    with pytest.raises(ConfigError, match="settlement of a margin is 'hourly'; allowed: closing, daily"):
        bt.Margin(0.5, settlement="hourly")  # type: ignore[arg-type]


def test_rule_102_of_all_an_exchange_has_its_futures_alone_are_settled():
    """Spot of a venue with that margin is as ever."""
    result = run(trades((0, 100, 9), (1, 100, 9), (3, 104, 9)), schedule({"at": 0.5, "buy": 2}), A, venues=DAILY)
    assert (result.cash_flows.height, result.equity["equity"][-1]) == (0, 10_008)


def test_rule_102_beyond_the_range_the_run_ends():
    one = replace(FUTURE, contract_size="1e6")
    far = prices((2, 9e11))
    with pytest.raises(EngineError, match="f_usd"):
        deal(BUY, instrument=one, cash_flows=far, balances={"usd": "1e9"}, units={"usd": Decimal("1e-9")})


def without(scenario: Scenario) -> Scenario:
    """Nothing is settled by day, nor has a price for it alone."""
    names = {one.name for one in scenario.instruments if one.daily and one.expiry is None}
    kept = tuple(row for row in scenario.cash_flows if row[0] != "settlement" or row[2] not in names)
    return replace(
        scenario, instruments=tuple(replace(one, daily=False) for one in scenario.instruments), cash_flows=kept
    )


def test_rule_102_equity_fills_and_round_trips_are_those_of_a_run_without_it():
    """Of random scenarios without interest, to the last unit: at all times at which both are marked."""
    seen, kinds = 0, set[str]()
    for seed in range(600):
        scenario = random_scenario(seed)
        interest = any(row[0] in ("interest", "borrow") for row in scenario.cash_flows)
        if interest or not any(one.daily for one in scenario.instruments):
            continue
        try:
            one, other = (bt.backtest(**to_backtest(each), interpret=True) for each in (scenario, without(scenario)))
        except EngineError:
            continue
        paid = set(one.cash_flows.filter(reason="variation_margin")["instrument"].cast(pl.String))
        seen += len(paid)
        kinds |= {each.kind for each in scenario.instruments if each.name in paid}
        both = one.equity.join(other.equity, on="time")
        assert both["equity"].equals(both["equity_right"]), seed
        trades_, others = (each.trades.drop("time_engine") for each in (one, other))  # behind what is told of the flow
        assert trades_.equals(others) and one.positions.equals(other.positions), seed  # noqa: PT018
    assert seen > 5
    assert kinds == {"future", "inverse"}


@pytest.mark.parametrize("interpret", [True, False])
def test_rule_102_compiled_and_interpreted_are_one(interpret):
    result = deal(BUY, SELL, interpret=interpret)
    assert totals(result) == [10_060, 10_020, 10_050]
