"""Margin that is asked for (rule 104): ten at 100 alone set 100 aside, in each driver the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.strategy import api
from tests.engine.test_rules_margin import ALONE, BUY, SWAP, TOGETHER, closings, moves, totals
from tests.engine.test_rules_transfers import moved
from tests.engine.tiny import Watch, quotes, run, schedule, stamps, table

PRICES = (100, 100, 94, 90, 89)


def rows(*asked: tuple[float, float]) -> bt.Schedule:
    """The purchase at 0.5, and margin at these times."""
    times, amounts = zip(*asked, strict=True)
    frame = {
        "time": stamps((0.5, *times)),
        "action": ["open"] + ["margin"] * len(asked),
        "instrument": ["p_usd"] * (1 + len(asked)),
        "quantity": [10.0] + [None] * len(asked),
        "amount": [None, *(float(each) for each in amounts)],
    }
    return bt.Schedule(pl.DataFrame(frame).sort("time"))


def commands(*asked: tuple[float, Any], **columns: Any) -> pl.DataFrame:
    times, amounts = zip(*asked, strict=True)
    frame = {
        "time": stamps(times),
        "command": "margin",
        "instrument": "p_usd",
        "amount": pl.Series(amounts, dtype=float),
    }
    return pl.DataFrame(frame | columns)


def held(strategy: Any, *prices: float, margin: Any = ALONE, usd: float = 1_000, **options: Any) -> bt.Result:
    options = {"venues": bt.Venue(margin=margin), "balances": {"usd": usd}} | options
    return run(moves(*prices or PRICES), strategy, SWAP, **options)


def python(*amounts: float) -> list[Any]:
    """Asks for these at the trade of 2."""
    ask = lambda state, n: ((), [bt.MarginRequest("p_usd", each) for each in amounts] if n == 3 else ())  # noqa: E731
    return [schedule(BUY), Watch(lambda state: state.margin_aside("p_usd"), ask, wake="trade")]


def compiled(amount: float) -> list[Any]:
    def decide(s, my):
        my.variables.trades[0] += 1
        if my.variables.trades[0] == 3:
            api.move_margin(s, 0, my.variables.amount[0])

    return [schedule(BUY), bt.Compiled(decide, variables={"trades": 0, "amount": amount}, wake="trade")]


def test_rule_104_every_driver_and_commands_move_it_alike():
    """With 150 it holds at 90 and not at 89, as with a cash flow; without, it is gone at 94."""
    runs = [
        held(schedule(BUY), cash_flows=moved((2, 50))),
        held(rows((2, 50))),
        held(schedule(BUY), commands=commands((2, 50))),
        held(python(50)),
        held(compiled(50)),
        held(compiled(50), interpret=False),
    ]
    for one in runs:
        assert (closings(one), totals(one)) == ([(10, 89)], (890, 890))
        assert table(one.balances.filter(asset="usd"), "time_exchange", "free")[2] == (2, 850)
        assert one.balances.equals(runs[0].balances)
        assert one.equity.equals(runs[0].equity)
        assert one.orders.drop("strategy").equals(runs[0].orders.drop("strategy"))
    assert len({one.digest for one in runs[:3]}) == 1
    assert runs[4].digest == runs[5].digest
    assert closings(held(schedule(BUY))) == [(10, 94)]


@pytest.mark.parametrize(("first", "then", "free"), [(50, -20, 870), (50, -50, 900), (50, -60, 900), (900, -900, 900)])
def test_rule_104_it_is_taken_as_far_as_the_position_does_not_need_it(first, then, free):
    result = held(rows((1.5, first), (2.5, then)), 100, 100, 100)
    assert totals(result) == (1_000, free)
    assert any("transfer" in text for text in result.warnings) == (-then > first)


def test_rule_104_what_was_decided_before_is_moved_as_far_as_it_goes():
    result = held(rows((1.5, 5_000)), 100, 100, 100)
    assert totals(result) == (1_000, 0)
    assert any("1 transfer(s) of margin were not made whole" in text for text in result.warnings)


def test_rule_104_a_request_is_answered_though_nothing_is_moved():
    """Before there is a position, and of the one that is named alone."""
    result = held(rows((0.2, 50)), 100, 100)
    assert table(result.balances.filter(asset="usd"), "time_exchange", "free")[1] == (0.2, 1_000)
    other = bt.Instrument("x", "q_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    market = [moves(100, 100, 100), moves(100, 100, 100, name="q_usd")]
    both = run(market, rows((1.5, 50)), [SWAP, other], venues=bt.Venue(margin=ALONE), balances={"usd": 1_000})
    assert totals(both) == (1_000, 850)


def test_rule_104_what_is_moved_may_be_missing_to_what_must_be_kept():
    """Five q need 35 and must keep 100: of 110 a request moves 75, and they are closed when it arrives."""
    other = bt.Instrument("x", "q_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    market = [moves(100, 100, 100), moves(100, 100, 100, name="q_usd")]
    plan = rows((1.5, 900)).frame
    bought = plan.head(1).with_columns(instrument=pl.lit("q_usd"), quantity=pl.lit(5.0))
    each = {"p_usd": ALONE, "q_usd": bt.Margin(per_contract=7, maintenance="20%")}
    options = {"venues": bt.Venue(margin_by_instrument=each), "balances": {"usd": 210}}
    result = run(market, bt.Schedule(pl.concat([bought, plan])), [SWAP, other], **options)
    assert closings(result) == [(5, 100)]
    assert table(result.balances.filter(asset="usd"), "time_exchange", "free")[3:] == [(1.5, 35), (1.5, 35)]


def test_rule_104_before_the_first_trade_the_weighted_mid_says_what_is_not_needed():
    """Of 200 a loss of 50 and a tenth of 950 stay, though marks are of trades (rule 73)."""
    market = quotes((0, 99, 9, 100, 9), (1, 99, 9, 100, 9), (2, 94, 9, 96, 9), (3, 94, 9, 96, 9), instrument="p_usd")
    venue = bt.Venue(margin=ALONE, mark="last")
    result = run(market, rows((1.5, 100), (2.5, -200)), SWAP, venues=venue, balances={"usd": 1_000})
    assert totals(result) == (1_000, 855)


def test_rule_104_it_takes_as_long_as_a_request_and_its_answer():
    """Asked for at 1.5, moved at 1.75, known at 2.25."""
    venue = bt.Venue(margin=ALONE, latency=bt.Latency(250_000_000, 500_000_000, 0))
    watch = Watch(lambda state: (state.time / 1e9, state.margin_aside("p_usd")), wake="every_event")
    result = held([rows((1.5, 50)), watch], 100, 100, 100, venues=venue)
    assert table(result.balances.filter(asset="usd"), "time_exchange", "free")[2] == (1.75, 850)
    assert next(at for at, aside in watch.seen if aside == 150) == 2.25


def test_rule_104_a_strategy_reads_what_is_aside_and_asks_for_several_at_once():
    one = python(50, -20)
    result = held(one, 100, 100, 100, 100)
    assert one[1].seen == [0, 100, 100, 130, 130]
    assert totals(result) == (1_000, 870)


def test_rule_104_rows_are_passed_over_while_trading_is_disabled():
    """Commands are not."""
    off = pl.DataFrame({"time": stamps([1.2]), "command": ["disable_trading"]})
    assert totals(held(rows((1.5, 50)), 100, 100, 100, commands=off)) == (1_000, 900)
    both = pl.concat([off, commands((1.5, 50))], how="diagonal")
    assert totals(held(schedule(BUY), 100, 100, 100, commands=both)) == (1_000, 850)


@pytest.mark.parametrize(
    ("amount", "margin", "said"),
    [
        (0, ALONE, "is of nothing"),
        (1e-12, ALONE, "is of nothing"),
        (1e300, ALONE, "or beyond what can be counted"),
        (Decimal("sNaN"), ALONE, "it must be a number"),
        (901, ALONE, "is of more than is free"),
        (-101, ALONE, "takes more than the position has set aside"),
        (float("nan"), ALONE, "it must be a number"),
        ("all", ALONE, "it must be a number"),
        (50, TOGETHER, "is of margin that is not isolated"),
    ],
)
def test_rule_104_what_a_strategy_cannot_ask_for_is_told(amount, margin, said):
    with pytest.raises(StrategyError) as raised:
        held(python(amount), margin=margin)
    assert said in str(raised.value)
    assert "MarginRequest" in str(raised.value)
    if isinstance(amount, int | float):
        with pytest.raises(
            StrategyError, match="margin of 'p_usd' is asked for at 1970-01-01 00:00:02 UTC that cannot be moved"
        ):
            held(compiled(amount), margin=margin)
    with pytest.raises(StrategyError, match="amount is 1000.*; it must be a number"):
        held(python(10**400))
    assert totals(held(python(900), 100, 100, 100)) == (1_000, 0)


def test_rule_104_what_a_schedule_or_a_command_cannot_ask_for_is_told():
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (rows((2, 50)), {"margin": TOGETHER}, "margin of 'p_usd' is asked for"),
        (rows((2, 0)), {}, "an amount of margin that is none"),
        (rows((2, 1e30)), {}, "an amount of margin that is none"),
        (rows((2, 1e300)), {}, "or beyond what can be counted"),
        (rows((2, 4e-10)), {}, "a unit is 1E-9 usd"),
        (schedule(BUY), {"commands": commands((2, 50)), "margin": TOGETHER}, "whose margin is not isolated"),
        (schedule(BUY), {"commands": commands((2, 0))}, "has amount 0.0: nothing"),
        (schedule(BUY), {"commands": commands((2, None))}, "needs an instrument and an amount"),
        (schedule(BUY), {"commands": commands((2, 1), amount=["all"])}, "'amount' of the commands is String"),
        (schedule(BUY), {"commands": commands((2, 1), command="cancel_orders")}, "has amount"),
        (schedule(BUY), {"commands": commands((2, 50), instrument="q_usd")}, "q_usd"),
        (bt.Schedule(rows((2, 50)).frame.with_columns(amount=pl.lit(1.0))), {}, "amount where it has no effect"),
    ]
    for strategy, options, said in cases:
        with pytest.raises(BarterBtError) as raised:
            held(strategy, **options)
        assert said in str(raised.value)
    with pytest.raises(ConfigError):
        held(schedule(BUY), commands=commands((2, 50), command="margins"))


def test_a_run_that_ends_before_anything_is_recorded_says_why():
    """Its record is empty, which is no error of its own."""
    asks = Watch(lambda state: 0, lambda state, n: ([99], []), wake="trade")
    with pytest.raises(StrategyError, match="for order 99, which is not there"):
        held(asks, record=bt.Record(("instruments.quantity",)), mark_every=10**12, start=None)
