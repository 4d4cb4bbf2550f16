"""Rules 64 and 65: options, their exercise, and physical delivery."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import BarterBtError, ConfigError, EngineError, StrategyError
from barter_bt.strategy import api
from barter_bt.testing import assert_all
from barter_bt.testing.scenario import Case, endings, random_scenario
from tests.engine.tiny import A, B, S, Watch, flat, quotes, run, schedule, table, trades

CALL = bt.Instrument.option(
    "x", "a_call", "call", 95, 5 * S, "a_usd", contract_size=10, price_increment=1, quantity_increment=1
)
PUT = replace(CALL, name="a_put", option_kind="put", strike=115)
FUTURE = bt.Instrument(
    "x",
    "a_future",
    "a",
    "usd",
    kind="future",
    contract_size=10,
    price_increment="0.5",
    quantity_increment=1,
    expiry=5 * S,
    underlying="a_usd",
    delivery="physical",
)
MARGIN = bt.Venue(margin=bt.Margin("20%"))
PAID = {"balances": {"usd": 10_000}}


def physical(one: bt.Instrument) -> bt.Instrument:
    return replace(one, delivery="physical")


def prices(*of: tuple[Any, ...]) -> bt.data.Stream:
    """Of the underlying."""
    return trades(*of)


def premiums(*of: tuple[Any, ...], name: str = "a_call") -> bt.data.Stream:
    return trades(*of, instrument=name)


DATA = [prices((1, 100, 50), (4, 110, 50), (9, 110, 50)), premiums((1, 6, 50), (2, 7, 50), (4, 12, 50))]
PUTS = [DATA[0], premiums((1, 6, 50), (2, 7, 50), (4, 12, 50), name="a_put")]


def fills(result: bt.Result) -> list[tuple[Any, ...]]:
    return table(result.trades, "time_exchange", "instrument", "side", "price", "quantity")[1:]


def reasons(result: bt.Result) -> list[Any]:
    return result.orders["reason"].to_list()[1:]


def money(result: bt.Result, asset: str = "usd") -> float:
    return float(result.balances.filter(pl.col("asset").cast(pl.String) == asset)["total"][-1])


def test_rule_64_a_premium_is_paid_and_the_option_is_worth_its_mark():
    """Like spot, but for the base asset, of which nothing moves; a fee is paid, too."""
    venue = bt.Venue(fees=bt.Fees(taker=0.01))
    watch = Watch(
        lambda s: (s.time / S, s.equity, s.cash("a_call"), s.free_margin("usd")),
        lambda s, woken: ([], [s.buy("a_call", 2)] if woken == 1 else []),
        wake=("trade",),
    )
    result = run(DATA, watch, [A, replace(CALL, expiry=50 * S)], venues=venue)
    fee = 0.01 * 2 * 7 * 10
    assert money(result) == 10_000 - 140 - fee
    assert watch.seen[-1] == (9, 10_000 - fee + 2 * 5 * 10, 10_000 - 140 - fee, 10_000 - 140 - fee)
    assert result.balances["asset"].cast(pl.String).to_list() == ["a", "usd", "usd"]


@pytest.mark.parametrize(("balance", "end"), [(140, "filled"), (139, "rejected")])
def test_rule_64_a_long_option_is_paid_whole(balance, end):
    """Whatever it is worth: nothing is bought on the strength of it."""
    result = run(
        DATA, schedule({"at": 1, "buy": 2, "on": "a_call"}), [A, CALL], venues=MARGIN, balances={"usd": balance}
    )
    assert result.orders["status"][0] == end


@pytest.mark.parametrize(("margin", "needed"), [("20%", 380), (bt.Margin(per_contract=50), 100)])
def test_rule_64_a_short_option_ties_up_a_part_of_its_strike(margin, needed):
    """A fifth of 2 x 10 x 95, beside the premium of 140, which is owed and was received."""
    for missing, end in ((0, "filled"), (1, "rejected")):
        rows, venue = schedule({"at": 1, "sell": 2, "on": "a_call"}), bt.Venue(margin=margin)
        result = run(DATA, rows, [A, CALL], venues=venue, balances={"usd": needed - missing})
        assert result.orders["status"][0] == end
    result = run(DATA, rows, [A, CALL], venues=venue, balances={"usd": needed})
    assert result.equity["equity"][-1] == max(needed + 140 - 300, 0)


def test_rule_64_a_short_option_is_liquidated():
    """Worth 380 + 140 - 2 x 10 x 30 is below a maintenance of 95."""
    data = [prices((1, 100, 9), (9, 100, 9)), premiums((1, 6, 9), (2, 7, 9), (3, 20, 9), (4, 30, 9))]
    venue = bt.Venue(margin=bt.Margin("20%", maintenance="5%"))
    result = run(data, schedule({"at": 1, "sell": 2, "on": "a_call"}), [A, CALL], venues=venue, balances={"usd": 380})
    assert table(result.orders, "reason")[1] == ("liquidation",)
    assert fills(result) == [(4, "a_call", "buy", 30, 2)]


@pytest.mark.parametrize(
    ("one", "side", "settles", "end"),
    [
        (CALL, "buy", None, (15, "exercise")),
        (CALL, "sell", None, (15, "assignment")),
        (CALL, "buy", 96, (1, "exercise")),
        (CALL, "buy", 95, (0, "expiry")),
        (CALL, "sell", "95.5", (0, "expiry")),  # half to even: 96 - 95 were 1
        (PUT, "buy", None, (5, "exercise")),
        (PUT, "sell", 114, (1, "assignment")),
        (PUT, "sell", 115, (0, "expiry")),
    ],
)
def test_rule_64_what_is_in_the_money_by_a_tick_is_exercised_in_cash(one, side, settles, end):
    """At the mark of the underlying, or the price that is given."""
    if settles == "95.5":
        end = (1, "assignment")  # 95.5 is 96 ticks
    data, one = (DATA if one is CALL else PUTS), replace(one, settlement_price=settles)
    result = run(data, schedule({"at": 1, side: 2, "on": one.name}), [A, one], venues=MARGIN)
    back = "sell" if side == "buy" else "buy"
    assert fills(result) == [(5, one.name, back, end[0], 2)]
    assert reasons(result) == [end[1]] == result.round_trips["reason_exit"].to_list()
    way = 1 if side == "buy" else -1
    assert result.equity["equity"][-1] == money(result) == 10_000 + way * 20 * (end[0] - 7)


def test_rule_64_an_underlying_without_a_price_settles_at_the_options_own():
    """Nobody knows what the right is worth."""
    late = [prices((8, 100, 5)), DATA[1]]
    result = run(late, schedule({"at": 1, "buy": 2, "on": "a_call"}), [A, CALL])
    assert (fills(result), reasons(result)) == ([(5, "a_call", "sell", 12, 2)], ["settlement"])


def test_rule_64_an_option_needs_no_underlying_in_the_run():
    """If its settlement price is known; else the run is refused."""
    alone = replace(CALL, underlying=None, settlement_price=100)
    result = run(DATA[1:], schedule({"at": 1, "buy": 2, "on": "a_call"}), alone)
    assert reasons(result) == []  # the data ends before
    result = run(
        [*DATA[1:], trades((9, 1, 1), instrument="b_usd")], schedule({"at": 1, "buy": 2, "on": "a_call"}), [alone, B]
    )
    assert fills(result) == [(5, "a_call", "sell", 5, 2)]
    with pytest.raises(ConfigError, match="has the underlying 'a_usd', which is no instrument of the run"):
        run(DATA[1:], schedule({"at": 1, "buy": 2, "on": "a_call"}), CALL)


@pytest.mark.parametrize(
    ("one", "side", "has", "way", "reason"),
    [
        (CALL, "buy", {"usd": 2_100}, "buy", "exercise"),
        (CALL, "sell", {"usd": 2_000, "a": 20}, "sell", "assignment"),
        (PUT, "buy", {"usd": 2_000, "a": 20}, "sell", "exercise"),
        (PUT, "sell", {"usd": 2_200}, "buy", "assignment"),
    ],
)
def test_rule_65_the_underlying_is_delivered_at_the_strike(one, side, has, way, reason):
    """Twenty of it for two contracts of ten; the option ends at nothing, the position is marked by the market."""
    data, one = (DATA if one is CALL else PUTS), physical(one)
    rows = schedule({"at": 1, side: 2, "on": one.name})
    result = run(data, rows, [A, one], venues=MARGIN, balances=has)
    back = "sell" if side == "buy" else "buy"
    strike = float(one.strike)
    assert fills(result) == [(5, "a_usd", way, strike, 20), (5, one.name, back, 0, 2)]
    assert reasons(result) == [reason, reason]
    assert table(result.orders, "kind", "time_sent", "filled")[1] == ("market", None, 20)
    premium = -140 if side == "buy" else 140
    lots = 20 if way == "buy" else -20
    assert money(result) == has["usd"] + premium - lots * strike
    assert money(result, "a") == has.get("a", 0) + lots
    assert result.equity["equity"][-1] == money(result) + 110 * money(result, "a")


@pytest.mark.parametrize(
    ("one", "side", "has"),
    [(CALL, "buy", {"usd": 2_039}), (PUT, "buy", {"usd": 9_000, "a": 19}), (PUT, "sell", {"usd": 2_159})],
)
def test_rule_65_what_cannot_be_delivered_is_settled_in_cash(one, side, has):
    """A dollar or a share too few; the warnings say so."""
    data, one = (DATA if one is CALL else PUTS), physical(one)
    result = run(data, schedule({"at": 1, side: 2, "on": one.name}), [A, one], venues=MARGIN, balances=has)
    assert len(fills(result)) == 1
    assert any("settled in cash" in told for told in result.warnings)


def test_rule_65_orders_of_the_underlying_reserve_what_would_pay():
    """What is reserved is not free for a delivery."""
    rows = schedule({"at": 1, "buy": 2, "on": "a_call"}, {"at": 2, "buy": 1, "limit": 50})
    for usd, delivered in ((2_090, True), (2_089, False)):
        result = run(DATA, rows, [A, physical(CALL)], balances={"usd": usd})
        assert any(fill[1] == "a_usd" for fill in fills(result)) is delivered


def test_rule_65_a_delivery_in_a_margin_account_needs_margin_alone():
    """Short twenty of which 20 % of 1,900 must be there; it is marked at 110 at once."""
    venue = bt.Venue(account="margin", margin=bt.Margin("20%"))
    result = run(DATA, schedule({"at": 1, "sell": 2, "on": "a_call"}), [A, physical(CALL)], venues=venue)
    assert fills(result)[0] == (5, "a_usd", "sell", 95, 20)
    assert result.equity["equity"][-1] == 10_000 + 140 - 20 * 15


def test_rule_65_a_delivery_ends_what_only_reduces():
    """A reduce-only sale of a_usd has nothing left to sell; the flow of the position goes on."""
    rows = schedule(
        {"at": 1, "buy": 20},
        {"at": 1, "buy": 2, "on": "a_put"},
        {"at": 4, "sell": 20, "stop": 50, "reduce_only": True},
    )
    data = [prices((1, 100, 50), (2, 100, 50), (4, 110, 50), (9, 110, 50)), PUTS[1]]
    result = run(data, rows, [A, physical(PUT)])
    assert table(result.orders, "status", "reason")[2] == ("cancelled", "reduce_only")
    assert result.round_trips.sort("instrument")["reason_exit"].to_list() == ["exercise", "exercise"]


@pytest.mark.parametrize("given", [None, 105])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_rule_65_a_future_is_delivered_at_its_price(given, side):
    """At its own mark, or its settlement price, in ticks of what is delivered, half to even."""
    data = [DATA[0], trades((1, 100.5, 9), (2, 101, 9), (4, 106.5, 9), instrument="a_future")]
    venue = bt.Venue(account="margin", margin=bt.Margin("20%"))
    result = run(
        data, schedule({"at": 1, side: 2, "on": "a_future"}), [A, replace(FUTURE, settlement_price=given)], venues=venue
    )
    at, closed = (given, given) if given else (106, 106.5)
    back, way = ("sell", 1) if side == "buy" else ("buy", -1)
    assert fills(result) == [(5, "a_usd", side, at, 20), (5, "a_future", back, closed, 2)]
    assert reasons(result) == ["delivery", "delivery"]
    assert result.equity["equity"][-1] == 10_000 + way * 20 * (closed - 101 + 110 - at)


def test_rule_65_a_future_that_cannot_be_delivered_is_settled_in_cash():
    """Nobody has twenty to sell in a cash account."""
    data = [DATA[0], trades((1, 100, 9), (2, 101, 9), (4, 106, 9), instrument="a_future")]
    result = run(data, schedule({"at": 1, "sell": 2, "on": "a_future"}), [A, FUTURE], venues=MARGIN)
    assert (fills(result), reasons(result)) == ([(5, "a_future", "buy", 106, 2)], ["settlement"])


def american(one: bt.Instrument) -> bt.Instrument:
    return replace(one, exercise="american", expiry=50 * S)


def exercised(*rows: tuple[float, float]) -> bt.Schedule:
    """Two bought at 1, and contracts exercised by time."""
    at = [1.0, *(row[0] for row in rows)]
    frame = pl.DataFrame(
        {
            "time": [datetime.fromtimestamp(each, UTC) for each in at],
            "instrument": "a_call",
            "action": ["open", *["exercise"] * len(rows)],
            "quantity": [2.0, *(row[1] for row in rows)],
        }
    )
    return bt.Schedule(frame)


def test_rule_64_an_american_option_is_exercised_by_request():
    """For what it is worth at the underlying's mark, part by part, without a fee; what is not there expires."""
    venue = bt.Venue(fees=bt.Fees(taker=0.1), latency=bt.Latency(request_ns=S // 2))
    data = [prices((1, 100, 50), (4, 110, 50), (9, 120, 50)), DATA[1]]
    result = run(data, exercised((4, 1), (8, 9)), [A, american(CALL)], venues=venue)
    assert fills(result) == [(4.5, "a_call", "sell", 15, 1), (8.5, "a_call", "sell", 15, 1)]
    assert table(result.orders, "kind", "status", "reason", "filled", "fees")[1:] == [
        ("exercise", "filled", None, 1, 0),
        ("exercise", "expired", "not_filled", 1, 0),
    ]
    assert result.round_trips["reason_exit"].to_list() == ["exercise"]


@pytest.mark.parametrize(
    ("rows", "data", "reason"),
    [
        (((2, 1),), [prices((1, 95, 5), (4, 110, 5)), DATA[1]], "not_in_the_money"),
        (((2, 1),), [prices((3, 110, 5), (4, 110, 5)), DATA[1]], "no_price"),
        (((2, 2), (2, 1)), DATA, "reduce_only"),
        (((60, 1),), [prices((1, 95, 5), (70, 110, 5)), DATA[1]], "expired"),
    ],
)
def test_rule_64_an_exercise_may_be_rejected(rows, data, reason):
    """Nothing is exercised at a loss, or without a position."""
    result = run(data, exercised(*rows), [A, american(CALL)])
    assert result.orders.filter(pl.col("kind").cast(pl.String) == "exercise")["reason"][-1] == reason


def test_rule_64_physical_exercise_delivers_before_the_expiry():
    """And ends a reduce-only order of the option, as there is nothing left of it."""

    def ask(s: Any, woken: int) -> Any:
        what = {
            1: [s.buy("a_call", 2)],
            3: [s.sell("a_call", 2, price=99, reduce_only=True)],
            4: [s.exercise("a_call", 2)],
        }
        return [], what.get(woken, [])

    watch = Watch(lambda s: s.position("a_usd"), ask, wake=("timer:1s",))
    result = run(DATA, watch, [A, physical(american(CALL))], audit="full")
    assert fills(result) == [(4, "a_usd", "buy", 95, 20), (4, "a_call", "sell", 0, 2)]
    assert table(result.orders, "kind", "status", "reason")[1:] == [
        ("limit", "cancelled", "reduce_only"),
        ("exercise", "filled", None),
        ("market", "filled", "exercise"),
    ]
    assert watch.seen[-1] == 20
    assert differences(result.state, result.replica().state) == []


def buy_and_exercise(s, my):
    """The call is instrument 0."""
    my.variables.woken[0] += 1
    if my.variables.woken[0] == 1:
        api.buy(s, 0, 2.0)
    elif my.variables.woken[0] == 4:
        api.exercise(s, 0, 2.0)


def test_rule_64_every_driver_and_commands_exercise_alike():
    """Compiled strategies by `exercise`, those in Python by `state.exercise`, commands by their name."""

    def ask(s: Any, woken: int) -> Any:
        return [], {1: [s.buy("a_call", 2)], 4: [s.exercise("a_call", 2)]}.get(woken, [])

    own = [A, american(CALL)]
    told = pl.DataFrame(
        {"time": [datetime.fromtimestamp(4, UTC)], "command": ["exercise"], "instrument": ["a_call"], "quantity": [2.0]}
    )
    results = [
        run(DATA, exercised((4, 2)), own),
        run(DATA, Watch(lambda s: 0, ask, wake=("timer:1s",)), own),
        run(DATA, exercised(), own, commands=told),
        run(DATA, bt.Compiled(buy_and_exercise, variables={"woken": 0}, wake="timer:1s"), own),
    ]
    assert {tuple(fills(each)) for each in results} == {((4, "a_call", "sell", 15, 2),)}


def test_rule_64_what_cannot_be_exercised_is_refused_when_it_is_asked_for():
    """European options, other terms, other quantities."""
    with pytest.raises(StrategyError, match="no American option"):
        run(DATA, exercised((4, 1)), [A, CALL])
    with pytest.raises(StrategyError, match="negative quantity"):
        run(DATA, exercised((4, -1)), [A, american(CALL)])
    for other in ({"price": 9.0}, {"trigger_by": "mark"}):
        frame = exercised((4, 1)).frame.with_columns(**{name: pl.lit(value) for name, value in other.items()})
        with pytest.raises(StrategyError, match="other terms"):
            run(DATA, bt.Schedule(frame.with_columns(stop=pl.lit(None, pl.Float64))), [A, american(CALL)])
    for other in ({"price": 9}, {"trigger_by": "mark"}, {"worth": -90}):
        asked = Watch(
            lambda s: 0, lambda s, n, other=other: ([], [replace(s.exercise("a_call", 1), **other)]), wake=("timer:1s",)
        )
        with pytest.raises(BarterBtError, match="exercises, with other terms"):
            run(DATA, asked, [A, american(CALL)])
    european = Watch(
        lambda s: 0, lambda s, n: ([], [s.buy("a_call", 2) if n == 1 else s.exercise("a_call", 2)]), wake=("timer:1s",)
    )
    result = run(DATA, european, [A, CALL])
    assert "not_american" in result.orders["reason"].to_list()
    for what in ("a_call", "a_usd"):  # before it is asked whether there is a position
        bare = Watch(lambda s: 0, lambda s, n, what=what: ([], [s.exercise(what, 2)] * (n == 1)), wake=("timer:1s",))
        assert run(DATA, bare, [A, CALL]).orders["reason"].to_list() == ["not_american"]


def test_rule_64_a_replica_follows_a_delivery():
    """All that the venue does by itself is in the audit."""
    rows = schedule({"at": 1, "buy": 2, "on": "a_call"})
    result = run(DATA, rows, [A, physical(CALL)], audit="full")
    assert differences(result.state, result.replica().state) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"exercise": "bermudan"}, "bermudan"),
        ({"settlement": "a"}, "settled in a"),
        ({"strike": "95.5"}, "not a whole number of its ticks"),
        ({"delivery": "physical", "contract_size": "0.5"}, "must be a whole number"),
        ({"delivery": "physical", "underlying": "c_usd"}, "which is no instrument of the run"),
    ],
)
def test_rule_64_what_is_not_simulated_is_refused(wrong, says):
    """With what is wrong and what is allowed."""
    with pytest.raises(ConfigError, match=says):
        run(DATA, schedule({"at": 1, "buy": 2, "on": "a_call"}), [A, replace(CALL, **wrong)])


def test_rule_64_quotes_and_candles_fill_options_like_anything():
    """An option has a market of its own; the underlying's is looked at when it expires."""
    data = [
        quotes((1, 99, 9, 101, 9), (4, 109, 9, 111, 9), (9, 1, 9, 3, 9)),
        quotes((1, 5, 9, 7, 9), instrument="a_call"),
    ]
    result = run(data, schedule({"at": 2, "buy": 2, "on": "a_call"}), [A, CALL])
    assert fills(result) == [(5, "a_call", "sell", 15, 2)]
    bars = [flat(100, 110, 120), flat(6, 7, 8, instrument="a_call")]
    result = run(bars, schedule({"at": 10, "buy": 2, "on": "a_call"}), [A, replace(CALL, expiry=20 * S)])
    assert fills(result) == [(20, "a_call", "sell", 15, 2)]


def test_rules_46_64_and_65_hold_of_random_scenarios(monkeypatch):
    """What holds of every run, and what a replica makes of it; the reference follows the rules itself."""
    monkeypatch.setattr(endings, "DRAWS_ENDINGS", True)
    seen: set[str] = set()
    for scenario in map(random_scenario, range(10_000, 10_300)):
        if any(item.right or item.physical for item in scenario.instruments):
            data, instruments, strategy, settings = Case(scenario)
            try:
                result = bt.backtest(data, instruments, strategy, **settings, interpret=True, audit="full")
            except EngineError:  # an amount leaves the range
                continue
            assert_all(result)
            assert differences(result.state, result.replica().state) == []
            seen |= set(result.orders["reason"].drop_nulls().to_list())
    assert {"exercise", "assignment", "expiry"} & seen
