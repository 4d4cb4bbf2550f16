"""Margin that is moved by hand (rule 79): ten at 100 alone set 100 aside, and must keep a twentieth."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.test_rules_margin import ALONE, BUY, SWAP, closings, held, moves, totals
from tests.engine.tiny import run, schedule, stamps, table


def moved(*rows: tuple[float, float]) -> bt.data.CashFlows:
    """At these times, so much."""
    times, amounts = zip(*rows, strict=True)
    frame = {"time": stamps(times), "instrument": ["p_usd"] * len(rows), "amount": [float(each) for each in amounts]}
    return bt.data.margin_transfers(pl.DataFrame(frame))


def test_rule_79_what_is_added_is_set_aside_and_bears_the_position():
    """With 150 it holds at 90, where 50 of 45 are left, and not at 89; with 100 it is closed at 94."""
    result = held(100, 100, 94, 90, 89, cash_flows=moved((1.5, 50)))
    assert table(result.balances.filter(asset="usd"), "total", "free")[1:3] == [(1_000, 900), (1_000, 850)]
    assert (closings(result), result.cash_flows.height) == ([(10, 89)], 0)
    assert not [text for text in result.warnings if "transfer" in text]
    assert closings(held(100, 100, 94, 90, 89)) == [(10, 94)]


@pytest.mark.parametrize(
    ("rows", "usd", "free"),
    [
        (((1.5, 50),), 120, 0),  # 20 of it are there
        (((1.5, 50), (1.6, -80)), 1_000, 900),  # down to what the position needs
        (((1.5, 50), (1.6, -20)), 1_000, 870),
        (((1.5, -1),), 1_000, 900),
        (((0.1, 50),), 1_000, 900),  # nothing is held yet
    ],
)
def test_rule_79_no_more_is_moved_than_there_is_to_spare(rows, usd, free):
    result = held(100, 100, 100, usd=usd, cash_flows=moved(*rows))
    assert totals(result) == (usd, free)
    assert bool([text for text in result.warnings if "1 transfer(s) of margin" in text]) == (free != 870)


def test_rule_79_what_the_position_has_lost_cannot_be_taken():
    """At 96 it has lost 40 of 150: of 110, 96 are needed. At 104 a gain is not taken: 104 are needed of 150."""
    for price, free in ((96, 864), (104, 896)):
        assert totals(held(100, price, price, cash_flows=moved((1.2, 50), (2.5, -99)))) == (1_000, free)


def test_rule_79_cross_positions_need_what_they_need():
    """Of 300 a cross position needs 100 and is worth 0, and 100 are aside: 100 are spare."""
    other = bt.Instrument("x", "q_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    venue = bt.Venue(margin=bt.Margin("10%"), margin_by_instrument={"p_usd": ALONE})
    market = [moves(100, 100, 100), bt.testing.trades((0, 100, 9), (1, 100, 9), (2, 100, 9), instrument="q_usd")]
    plan = schedule(BUY, {"at": 0.6, "buy": 10, "on": "q_usd"})
    options = {"venues": venue, "balances": {"usd": 300}, "cash_flows": moved((1.5, 500))}
    result = run(market, plan, [SWAP, other], **options)
    assert totals(result) == (300, 100)


def test_rule_79_only_isolated_margin_is_moved():
    with pytest.raises(ConfigError, match="margin of 'x.p_usd' is moved by hand, and it is not isolated"):
        held(100, 100, margin=bt.Margin("10%"), cash_flows=moved((1.5, 50)))
