"""Rule 44: interest on cash and debt, and fees for what is borrowed, on hand-made markets of days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError
from tests.engine.test_rules_flows import cash, flows
from tests.engine.tiny import FUTURE, A, Watch, quotes, run, schedule, table, trades

DAY = 86_400
YEARLY = "3.65%"  # a ten-thousandth of a day
MARGIN = bt.Venue(account="margin", margin=bt.Margin(0.5))


def days(*prices: float) -> object:
    """A trade of 1,000 at each noon, the first at the very start of 1970."""
    return trades((0, prices[0], 1000), *((DAY * (k + 0.5), price, 1000) for k, price in enumerate(prices)))


def paid(result: bt.Result) -> list[tuple]:
    """Days after the start, reason and amount."""
    return [(time / DAY, reason, amount) for time, _, _, reason, amount in flows(result)]


def at(day: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)


def test_rule_44_cash_bears_interest_at_each_midnight_after_the_start():
    """Rule 44: not at the start, which is one; a ten-thousandth of what is there then, so it bears interest itself."""
    result = run(days(100, 100, 100), schedule(), cash_flows=bt.data.interest("usd", cash=YEARLY, debt="90%"))
    assert flows(result) == [(DAY, "usd", None, "interest", 1.0), (2 * DAY, "usd", None, "interest", 1.0001)]
    assert result.equity["equity"][-1] == 10_002.0001


def test_rule_44_what_is_reserved_and_negative_rates():
    """Rules 44 and 48: 9,900 are reserved; all 10,000 count, and a rate below 0 takes."""
    market, plan = days(100, 100), schedule({"at": 1, "buy": 99, "limit": 99})
    result = run(market, plan, cash_flows=bt.data.interest("usd", cash=-0.0365))
    assert paid(result) == [(1, "interest", -1)]
    assert table(result.balances, "total", "free")[-1] == (9_999, 9_999 - 99 * 99)


def test_rule_44_debt_pays():
    """Rule 44: 150 bought at 100 leave -5,000; cash that is not there gets nothing."""
    market, given = days(100, 100, 100), bt.data.interest("usd", cash=9, debt=YEARLY)
    result = run(market, schedule({"at": 1, "buy": 150}), venues=MARGIN, cash_flows=given)
    assert paid(result) == [(1, "debt_interest", -0.5), (2, "debt_interest", -0.50005)]


def test_rule_44_what_is_borrowed_pays_at_the_mark():
    """Rule 44: 3 sold short are at 120 then; what came in for them is cash, and bears interest as such."""
    market = trades((0, 100, 9), (2, 100, 9), (9, 120, 9), (DAY + 9, 90, 9))
    given = [bt.data.interest(instrument="a_usd", borrow=YEARLY), bt.data.interest("usd", cash=YEARLY)]
    result = run(market, schedule({"at": 1, "sell": 3}), venues=MARGIN, cash_flows=given)
    assert flows(result) == [
        (DAY, "usd", "a_usd", "borrow_fee", -0.036),
        (DAY, "usd", None, "interest", 1.0299964),  # of 10,299.964
    ]


@pytest.mark.parametrize(("held", "sold", "borrowed"), [(2, 3, 1), (2, 2, 0), (2, -3, 0), (0, 3, 3)])
def test_rule_44_only_what_the_account_did_not_have_is_borrowed(held, sold, borrowed):
    """Rule 44: the lots by which the base's total is below 0."""
    plan = schedule({"at": 1, "sell": sold} if sold > 0 else {"at": 1, "buy": -sold})
    given = bt.data.interest(instrument="a_usd", borrow=YEARLY)
    result = run(days(100, 100), plan, balances={"usd": 10_000, "a": held}, venues=MARGIN, cash_flows=given)
    assert paid(result) == [(1, "borrow_fee", -0.01 * borrowed)][: min(borrowed, 1)]


def test_rule_44_nobody_borrows_what_another_instrument_holds():
    """Rule 44: short of one and long of another with the same base, the account owes the difference; and no more."""
    other = bt.Instrument("x", "a_eur", base="a", price_increment=1, quantity_increment=1)
    rows = [(0, 100, 9), (2, 100, 9), (DAY + 9, 100, 9)]
    market = [trades(*rows), trades(*rows, instrument="a_eur")]
    plan = schedule({"at": 1, "sell": 3}, {"at": 1, "buy": 1, "on": "a_eur"})
    given = bt.data.interest(instrument="a_usd", borrow=YEARLY)
    funds = {"usd": 10_000, "eur": 10_000}
    result = run(market, plan, [A, other], balances=funds, venues=MARGIN, cash_flows=given)
    assert paid(result) == [(1, "borrow_fee", -0.02)]


def test_rule_44_an_interval_and_the_time_for_which_a_rate_is_given():
    """Rule 44: later than its start, not later than its end; for a whole interval each time."""
    given = [
        bt.data.interest("usd", cash=YEARLY, every="12h", end=at(1)),
        bt.data.interest("usd", cash="7.3%", every="12h", start=at(1)),
    ]
    result = run(days(100, 100), schedule(), cash_flows=given)
    assert paid(result) == [
        (0.5, "interest", 0.5),
        (1, "interest", 0.500025),
        (1.5, "interest", 1.000100002),
    ]  # a half, to even


def test_rule_44_of_one_time_as_given():
    """Rule 48: what was given first is paid first, whatever is due again and again."""
    gift, given = cash((DAY, "usd", 10_000.0, "gift")), bt.data.interest("usd", cash=YEARLY)
    first = run(days(100, 100), schedule(), cash_flows=[given, gift])
    assert paid(first) == [(1, "interest", 1), (1, "gift", 10_000)]
    assert paid(run(days(100, 100), schedule(), cash_flows=[gift, given])) == [(1, "gift", 10_000), (1, "interest", 2)]


def test_rule_44_a_mark_that_nobody_else_asks_for():
    """Rule 44: in a cash account the venue keeps marks for what is borrowed; what was taken of a is not paid back."""
    market = quotes((0, 99, 9, 101, 9), (3, 99, 9, 101, 9), (9, 119, 9, 121, 9), (DAY + 9, 9, 9, 11, 9))
    given = [cash((4, "a", -2.0, "lost")), bt.data.interest(instrument="a_usd", borrow=YEARLY)]
    plan = schedule({"at": 1, "sell": 2})
    result = run(market, plan, balances={"usd": 10_000, "a": 2}, cash_flows=given)
    assert paid(result)[1:] == [(1, "borrow_fee", -0.024)]
    assert paid(run(market, schedule(), cash_flows=given)) == [(4 / DAY, "lost", -2)]  # owed, but not sold short


def test_rule_44_a_strategy_is_told_by_one_balance_event():
    watch = Watch(lambda s: (s.event, s.time // 10**9))
    run(days(100, 100), watch, cash_flows=bt.data.interest("usd", cash=YEARLY))
    assert ("balance", DAY) in watch.seen


def test_interest_that_is_never_due_is_told():
    given = [bt.data.interest("usd", cash=YEARLY), bt.data.interest("usd", cash=YEARLY, end=at(0.5))]
    result = run(trades((0, 100, 9), (5, 100, 9)), schedule(), cash_flows=given)
    assert "1 rate(s) of interest were never due: the run ends before" in result.warnings
    assert "1 rate(s) of interest end before they are due in this run and were left out" in result.warnings
    assert not [text for text in run(days(9, 9), schedule(), cash_flows=given[0]).warnings if "interest" in text]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cash": 0.05}, "interest is of nothing"),
        ({"asset": "usd", "instrument": "a_usd", "cash": 0.05}, "interest is both of asset 'usd'"),
        ({"asset": "usd"}, "there is no rate of it"),
        ({"asset": "usd", "borrow": 0.05}, "borrow is no rate of it"),
        ({"instrument": "a_usd", "debt": 0.05, "borrow": 0.05}, "debt is no rate of it"),
        ({"asset": "usd", "cash": 11}, "cash rate is 11; allowed: -1 to 10"),
        ({"asset": "usd", "debt": "-1%"}, "debt rate is '-1%'; allowed: 0 to 10"),
        ({"asset": "usd", "cash": "a lot"}, "which is no number"),
        ({"asset": "usd", "cash": 0.05, "every": "1ms"}, "allowed: whole seconds"),
        ({"asset": "usd", "cash": 0.05, "every": "366d"}, "allowed: whole seconds"),
        ({"asset": "usd", "cash": 0.05, "start": datetime(2024, 1, 1)}, "must be a datetime with a zone"),
        ({"asset": "usd", "cash": 0.05, "start": at(2), "end": at(2)}, "which is not before end"),
        ({"asset": 5, "cash": 0.05}, "asset is 5; it must be a name"),
    ],
)
def test_bad_interest_is_told(given, said):
    with pytest.raises(ConfigError, match=said):
        bt.data.interest(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (bt.data.interest("eur", cash=1), "eur"),
        (bt.data.interest(instrument="f_usd", borrow=1), "only what is sold short of spot is borrowed"),
    ],
)
def test_interest_of_nothing_that_is_there_is_refused(given, said):
    with pytest.raises(BarterBtError, match=said):
        run(trades((0, 100, 9), instrument="f_usd"), schedule(), FUTURE, cash_flows=given)
