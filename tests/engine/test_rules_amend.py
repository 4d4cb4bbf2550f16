"""Rule 33: orders that are amended, on hand-made markets and from every driver."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.strategy import AmendRequest, OrderRequest, api
from barter_bt.testing import assert_all
from barter_bt.testing.scenario import amends as drawing
from barter_bt.testing.scenario import random_scenario, to_backtest
from barter_bt.testing.strategies import accepted
from tests.engine.tiny import A, S, bars, quotes, run, schedule, table, trades

ORDER = ("price", "quantity", "filled", "status", "amended")
FILLS = ("time_exchange", "order_id", "price", "quantity", "liquidity")
CONTRACT = bt.Instrument("x", "a_usd", kind="future", price_increment=1, quantity_increment=1)
LATE = bt.Venue(latency=bt.Latency("1s", "1s"))


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, *FILLS)


def answers(result: bt.Result) -> list[tuple]:
    return table(result.amends, "order_id", "status", "reason", "time_exchange", "time_engine")


def two_bids(quantity: float) -> bt.Result:
    """Two orders at 99; the first is amended, then three lots trade through them."""
    plan = schedule(
        {"at": 1, "buy": 3, "limit": 99}, {"at": 1, "buy": 3, "limit": 99}, {"at": 2, "amend": 0, "quantity": quantity}
    )
    return run(trades((0, 100, 9), (3, 98, 3)), plan)


def test_rule_33_place_is_kept_by_one_that_shrinks_and_lost_by_one_that_grows():
    assert fills(two_bids(2)) == [(3, 0, 99, 2, "maker"), (3, 1, 99, 1, "maker")]
    assert fills(two_bids(3)) == [(3, 0, 99, 3, "maker")]
    assert fills(two_bids(4)) == [(3, 1, 99, 3, "maker")]


def test_rule_33_another_price_takes_like_a_new_order():
    """Rules 14 and 33: at 101 it meets the offer of one lot, and its rest makes at 101."""
    market = quotes((0, 100, 9, 101, 1), (5, 100, 9, 101, 9))
    result = run(market, schedule({"at": 1, "buy": 3, "limit": 99}, {"at": 2, "amend": 0, "limit": 101}))
    assert fills(result) == [(2, 0, 101, 1, "taker"), (5, 0, 101, 2, "maker")]
    assert orders(result) == [(101, 3, 3, "filled", 1)]


def test_rule_33_equals_a_cancel_and_a_new_order_for_the_rest():
    """Rule 33: what grows or moves fills where a cancel and a new order would, on all evidence."""
    for market in (
        trades((0, 100, 9), (2, 98, 1), (4, 97, 1), (6, 95, 9), (8, 94, 9)),
        quotes((0, 99, 9, 100, 9), (2, 97, 9, 98, 1), (4, 96, 9, 97, 1), (6, 94, 9, 95, 9)),
        bars(100, 98, (98, 99, 96, 97), 95, 96),
    ):
        for price, whole in ((96, 4), (97, 6), (99, 4), (101, 5)):
            first = {"at": 1, "buy": 4, "limit": 99}
            amended = run(market, schedule(first, {"at": 5, "amend": 0, "limit": price, "quantity": whole}))
            done = amended.orders["filled"][0] if amended.orders["amended"][0] else None
            before = sum(q for time, _, _, q, _ in fills(amended) if time < 5)
            if done is None:
                continue
            fresh = {"at": 5, "buy": whole - before, "limit": price}
            anew = run(market, schedule(first, {"at": 5, "cancel": 0}, fresh))
            drop = ("time_exchange", "price", "quantity", "liquidity")
            assert table(amended.trades, *drop) == table(anew.trades, *drop)


def test_rule_33_at_most_what_is_filled_cancels():
    market = trades((0, 100, 9), (3, 98, 2), (9, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 5, "limit": 99}, {"at": 4, "amend": 0, "quantity": 2}))
    assert orders(result) == [(99, 5, 2, "cancelled", 0)]
    assert answers(result) == [(0, "cancelled", None, 4, 4)]
    assert table(result.balances, "total", "free")[-1] == (9_802, 9_802)


def test_rule_33_an_amend_races_with_fills_and_is_one_event_if_it_fails():
    """Rules 11 and 33: filled at 4 while the amend is on its way; the error is one event."""
    market = trades((0, 100, 9), (4, 98, 9), (9, 100, 9))
    plan = schedule({"at": 1, "buy": 2, "limit": 99}, {"at": 3.5, "amend": 0, "limit": 97})
    alone = run(market, schedule({"at": 1, "buy": 2, "limit": 99}), venues=LATE)
    result = run(market, plan, venues=LATE)
    assert orders(result) == [(99, 2, 2, "filled", 0)]
    assert answers(result) == [(0, "rejected", "order_ended", 4.5, 5.5)]
    assert result.state.engine.sequence[0] == alone.state.engine.sequence[0] + 2  # the row, and the error


def test_rule_33_several_in_flight_arrive_in_order_and_what_is_not_given_stays():
    plan = schedule(
        {"at": 1, "buy": 2, "limit": 90},
        {"at": 1.2, "amend": 0, "quantity": 5},
        {"at": 1.4, "amend": 0, "limit": 95},
        {"at": 1.6, "amend": 0, "quantity": 4},
    )
    result = run(trades((0, 100, 9), (9, 94, 9)), plan, venues=LATE)
    assert orders(result) == [(95, 4, 4, "filled", 3)]
    assert [time for *_, time, _ in answers(result)] == [2.2, 2.4, 2.6]


def test_rule_33_cancel_beats_amend():
    plan = schedule({"at": 1, "buy": 2, "limit": 90}, {"at": 2, "cancel": 0}, {"at": 2.5, "amend": 0, "limit": 95})
    result = run(trades((0, 100, 9), (9, 94, 9)), plan, venues=LATE)
    assert answers(result) == [(0, "refused", "order_ended", None, 2.5)]
    assert orders(result) == [(90, 2, 0, "cancelled", 0)]


def test_rule_33_reserves_what_it_needs_or_stays_as_it_was():
    plan = schedule(
        {"at": 1, "buy": 50, "limit": 100},
        {"at": 1, "buy": 40, "limit": 100},
        {"at": 2, "amend": 0, "quantity": 61},
        {"at": 3, "amend": 0, "quantity": 60},
        {"at": 4, "amend": 0, "limit": 50},
    )
    result = run(trades((0, 110, 9), (9, 110, 9)), plan)
    assert answers(result)[0] == (0, "rejected", "insufficient_balance", 2, 2)
    assert table(result.balances.filter(pl.col("asset") == "usd"), "free") == [
        *((10_000,), (5_000,), (1_000,)),
        *((0,), (3_000,)),
    ]


def test_rule_33_waits_for_what_the_same_settlement_releases():
    """Rules 17 and 33: the sale that arrives at 2 pays for the amend that arrived before it was settled."""
    plan = schedule(
        {"at": 0.5, "buy": 50, "limit": 101},
        {"at": 1, "buy": 40, "limit": 99},
        {"at": 2, "sell": 50},
        {"at": 2, "amend": 1, "quantity": 60},
    )
    result = run(quotes((0, 100, 99, 101, 99), (9, 100, 99, 101, 99)), plan)
    assert answers(result) == [(1, "done", None, 2, 2)]
    assert orders(result)[1] == (99, 60, 0, "open", 1)


@pytest.mark.parametrize(
    ("amend", "reason"),
    [
        ({"quantity": 1}, "below_minimum"),
        ({"limit": 4}, "below_price_min"),
        ({"limit": 9}, "below_minimum"),
        ({"limit": 101}, "post_only"),
    ],
)
def test_rule_33_checks_hold_anew(amend: dict, reason: str):
    """Rules 17 and 33: minima of the whole quantity, and post-only; the order stays as it was."""
    limited = bt.Instrument(
        "x", "a_usd", price_increment=1, quantity_increment=1, quantity_min=2, notional_min=100, price_min=5
    )
    plan = schedule({"at": 1, "buy": 5, "limit": 90, "post_only": True}, {"at": 2, "amend": 0} | amend)
    result = run(quotes((0, 100, 9, 101, 9), (9, 88, 9, 89, 9)), plan, limited)
    assert answers(result) == [(0, "rejected", reason, 2, 2)]
    assert fills(result) == [(9, 0, 90, 5, "maker")]
    assert orders(result) == [(90, 5, 5, "filled", 0)]
    assert any(reason in warning for warning in result.warnings)


def test_rule_33_what_is_matched_is_settled_first():
    """Rules 17 and 33: it takes three of five as it arrives; the amend of that time meets the two that are left."""
    market = quotes((0, 100, 9, 101, 3), (5, 100, 9, 101, 9))
    result = run(market, schedule({"at": 1, "buy": 5, "limit": 101}, {"at": 1, "amend": 0, "quantity": 4}))
    assert fills(result) == [(1, 0, 101, 3, "taker"), (5, 0, 101, 1, "maker")]
    less = run(market, schedule({"at": 1, "buy": 5, "limit": 101}, {"at": 1, "amend": 0, "quantity": 3}))
    assert orders(less) == [(101, 5, 3, "cancelled", 0)]


def test_rule_33_only_candles_that_open_later_count():
    """Rules 16 and 33: amended within the second candle, whose low was 90, it fills in the third."""
    plan = schedule({"at": 1, "buy": 1, "limit": 80}, {"at": 15, "amend": 0, "limit": 92})
    result = run(bars(100, (100, 100, 90, 100), (100, 100, 91, 100), 100), plan)
    assert fills(result) == [(30, 0, 92, 1, "maker")]


def test_rule_33_a_trigger_that_the_market_has_passed_triggers_at_once():
    market = quotes((0, 100, 9, 101, 9), (9, 100, 9, 101, 9))
    result = run(market, schedule({"at": 1, "buy": 1, "stop": 120}, {"at": 2, "amend": 0, "trigger": 101}))
    assert table(result.orders, "trigger", "status", "time_triggered", "amended") == [(101, "filled", 2, 1)]


def test_rule_33_a_trigger_sees_candles_from_then_on():
    """Rules 29 and 33: the second candle was at 110 before the amend, or after; the third counts."""
    plan = schedule({"at": 1, "buy": 1, "stop": 200}, {"at": 15, "amend": 0, "trigger": 105})
    result = run(bars(100, (100, 110, 100, 100), (100, 106, 100, 100), 100), plan)
    assert fills(result) == [(30, 0, 105, 1, "taker")]


def test_rule_33_what_was_triggered_has_no_trigger_any_more():
    market = trades((0, 100, 9), (3, 105, 9), (9, 105, 9))
    plan = schedule(
        {"at": 1, "buy": 1, "stop": 104, "limit": 103},
        {"at": 4, "amend": 0, "trigger": 110, "limit": 106},
        {"at": 5, "amend": 0, "limit": 104},
    )
    result = run(market, plan)
    assert answers(result) == [(0, "rejected", "no_longer_held", 4, 4), (0, "done", None, 5, 5)]
    assert orders(result) == [(104, 1, 0, "open", 1)]


def test_rule_33_a_trailing_stop_follows_at_its_new_distance():
    """Rules 33 and 34: ten behind 110, then two behind what comes next; a wider one leaves the trigger."""
    market = trades((0, 100, 9), (2, 110, 9), (4, 111, 9), (6, 109, 9), (8, 109, 9))
    first = {"at": 1, "sell": 1, "trailing": 10}
    near = run(market, schedule(first, {"at": 3, "amend": 0, "trailing": 2}), CONTRACT)
    assert table(near.trades, "time_exchange", "price") == [(6, 109)]
    wide = run(market, schedule(first, {"at": 3, "amend": 0, "trailing_rate": 0.5}), CONTRACT)
    assert table(wide.orders, "status", "amended") == [("open", 1)]
    assert wide.venue.orders.trigger[0] == 100


def protected(state: Any, woken: int) -> Any:
    if woken == 1:
        return [], [OrderRequest(0, 2, price=100, stop_loss=0.1, take_profit=0.1, protect_by="fraction")]
    if woken == 2:
        return [], [state.amend(1, trigger=98), state.amend(2, price=103)]
    return [], []


class Ask:
    """Asks for what a function gives at each trade."""

    wake = "trade"

    def __init__(self, ask: Any) -> None:
        self.ask, self.woken = ask, 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.woken += 1
        return self.ask(state, self.woken)


@pytest.mark.parametrize("fill", [3, 1.5])
def test_rule_33_protection_goes_on_with_its_new_prices(fill: float):
    """Rules 31 and 33: whether it has started or waits, a price takes the place of a distance."""
    market = trades((1, 101, 9), (fill, 99, 9), (4, 101, 9), (5, 104, 9))
    result = run(market, Ask(protected))
    assert table(result.orders, "price", "trigger", "quantity", "status", "amended") == [
        (100, None, 2, "filled", 0),
        (None, 98, 2, "cancelled", 1),
        (103, None, 2, "filled", 1),
    ]


def test_rule_33_what_follows_waits_for_the_new_quantity():
    plan = schedule(
        {"at": 1, "buy": 2, "limit": 99},
        {"at": 1, "sell": 1, "limit": 120, "follows": 0},
        {"at": 2, "amend": 0, "quantity": 3},
        {"at": 2, "amend": 1, "limit": 110},
    )
    result = run(trades((0, 100, 9), (3, 98, 2), (4, 111, 9), (5, 98, 9), (6, 111, 9)), plan)
    assert fills(result) == [(3, 0, 99, 2, "maker"), (5, 0, 99, 1, "maker"), (6, 1, 110, 1, "maker")]


def test_rule_33_what_gives_nothing_new_changes_nothing():
    market = trades((0, 100, 9), (3, 98, 2), (5, 98, 9))
    first = [{"at": 1, "buy": 3, "limit": 99}, {"at": 1, "buy": 3, "limit": 99}]
    alone = run(market, schedule(*first))
    result = run(market, schedule(*first, {"at": 2, "amend": 0, "limit": 99, "quantity": 3}))
    assert result.orders.drop("amended").equals(alone.orders.drop("amended"))
    for name in ("trades", "positions", "balances"):
        assert getattr(result, name).equals(getattr(alone, name))


def drive(s: Any, my: Any) -> None:
    if s.engine.time[0] == 2 * S:
        api.limit_buy(s, 0, 2.0, 90.0)
    elif s.engine.time[0] == 3 * S:
        api.amend(s, 0, price=98.0, quantity=3.0)
    elif s.engine.time[0] == 4 * S and api.amends_in_flight(s, 0) == 1:
        api.amend(s, 0, 99.0)


def asked(state: Any, woken: int) -> Any:
    second = [state.amend(0, price=99)] if woken == 4 and state.read_order(0).amends_in_flight == 1 else []
    third = [AmendRequest(0, price=98, quantity=3)] if woken == 3 else []
    return [], [OrderRequest(0, 2, price=90)] if woken == 2 else third + second


def test_rule_33_every_driver_gives_one_run():
    """Rule 33: schedules, Python and compiled functions ask for the same, interpreted or not."""
    market = trades(*((second, 100 - (second == 8) * 3, 9) for second in range(1, 10)))
    plan = schedule(
        {"at": 2, "buy": 2, "limit": 90},
        {"at": 3, "amend": 0, "limit": 98, "quantity": 3},
        {"at": 4, "amend": 0, "limit": 99},
    )
    strategies = {"schedule": plan, "python": Ask(asked), "compiled": bt.Compiled(drive, wake="trade")}
    runs = [run(market, one, venues=LATE, audit="full") for one in strategies.values()]
    assert [orders(one) for one in runs] == [[(99, 3, 3, "filled", 2)]] * 3
    assert all(one.amends.equals(runs[0].amends) for one in runs)
    for name in ("schedule", "compiled"):
        fast = run(market, strategies[name], venues=LATE, audit="full", interpret=False)
        assert fast.digest == runs[list(strategies).index(name)].digest
    for one in runs:
        assert differences(one.replica().state, one.state) == []
        done = one.audit.explode("outputs").unnest("outputs", separator=":")
        assert done.filter(pl.col("outputs:output") == "sent_amend")["outputs:amend_id"].to_list() == [0, 1]


def test_rule_33_commands_amend(tmp_path: Any):
    at = [datetime.fromtimestamp(second, UTC) for second in (1, 2)]
    rows = {"time": at, "command": ["open", "amend"], "instrument": ["a_usd", "a_usd"], "order": [None, 0]}
    frame = pl.DataFrame(rows | {"quantity": [2.0, 3.0], "price": [90.0, 99.0]})
    result = run(trades((0, 100, 9), (3, 98, 9)), schedule({"at": 0, "target": 0}), commands=bt.Commands(frame))
    assert orders(result) == [(99, 3, 3, "filled", 1)]
    saved = bt.read(result.save(tmp_path / "run"))
    assert saved.amends.select("price", "status").rows() == [(99, "done")]
    with pytest.raises(ConfigError, match="'amend', gives nothing"):
        run(
            trades((0, 100, 9)),
            schedule({"at": 0, "target": 0}),
            commands=bt.Commands(frame[1:].with_columns(price=None, quantity=None)),
        )


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        ({}, "gives nothing"),
        ({"price": 0}, "not positive"),
        ({"price": 99.5}, "off the instrument's grid"),
        ({"quantity": -2}, "not positive"),
        ({"trigger": 99}, "an order that has none"),
        ({"trailing": 1}, "does not trail"),
        ({"order": 7, "price": 1}, "there is no order 7"),
    ],
)
def test_rule_33_what_cannot_be_is_an_error(asks: dict, says: str):
    def ask(state: Any, woken: int) -> Any:
        return [], [OrderRequest(0, 2, price=90)] if woken == 1 else [AmendRequest(**{"order": 0} | asks)]

    with pytest.raises(StrategyError, match=says):
        run(trades((1, 100, 9), (2, 100, 9)), Ask(ask))


def test_rule_33_a_schedule_refuses_what_cannot_be():
    for amend, says in (
        ({"trigger": 9}, "a trigger of an order that has none"),
        ({"quantity": -1}, "the other side"),
        ({"limit": 9.5}, "off the grid"),
        ({}, "gives nothing"),
    ):
        with pytest.raises(BarterBtError, match=says):
            run(trades((0, 100, 9)), schedule({"at": 1, "buy": 2, "limit": 90}, {"at": 2, "amend": 0} | amend))


def limited(*rows: dict, **limits: Any) -> bt.Result:
    plan = schedule({"at": 1, "buy": 4, "limit": 90}, *({"at": 2, "amend": 0} | row for row in rows))
    return run(trades((0, 100, 9), (9, 100, 9)), plan, A, venues=LATE, risk=bt.Limits(**limits))


def test_rules_27_and_33_limits_are_asked_for_what_grows_or_moves():
    """Rules 27 and 33: the position limit counts what amends in flight may come to; less is never held against it."""
    ten = {"position_quantity": 10}
    assert [status for _, status, *_ in answers(limited({"quantity": 10}, {"quantity": 11}, **ten))] == [
        "done",
        "refused",
    ]
    assert table(limited({"quantity": 8}, {"quantity": 10}, **ten).amends, "status") == [("done",), ("done",)]
    grows = limited({"quantity": 8}, {"quantity": 12}, {"quantity": 3}, **ten)
    assert table(grows.amends, "status", "reason") == [("done", None), ("refused", "position_limit"), ("done", None)]
    banded = limited({"limit": 112}, {"limit": 111, "quantity": 4}, price_band=0.1)
    assert table(banded.amends, "reason") == [("price_band",), ("price_band",)]
    rated = limited({"limit": 91}, {"quantity": 2}, {"limit": 92}, order_rate=(2, "1h"))
    assert table(rated.amends, "reason") == [(None,), (None,), ("order_rate_limit",)]
    whole = limited({"quantity": 6}, order_quantity=5)
    assert table(whole.amends, "reason") == [("order_quantity_limit",)]


def test_rules_56_and_33_risk_managers_are_asked_of_what_is_added():
    class Two:
        def check(self, state: Any, order: Any) -> Any:
            asked.append((order.quantity, order.price))
            return 2 if len(asked) == 2 else "enough" if len(asked) == 3 else None

    asked: list[tuple] = []
    plan = schedule(
        {"at": 1, "buy": 4, "limit": 90},
        {"at": 2, "amend": 0, "limit": 91, "quantity": 9},
        {"at": 3, "amend": 0, "quantity": 8},
        {"at": 4, "amend": 0, "limit": 80},
    )
    result = run(trades((0, 100, 9), (9, 100, 9)), plan, risk=Two())
    assert asked == [(4, 90), (5, 91), (2, 91)]
    assert table(result.amends, "quantity", "reason") == [(6, None), (8, "enough"), (None, None)]
    assert orders(result) == [(80, 6, 0, "open", 2)]


def test_rule_33_targets_count_the_terms_that_are_known():
    """Rules 18 and 33: two are at work when the target comes, and five when the next does."""
    plan = schedule(
        {"at": 1, "buy": 2, "limit": 90},
        {"at": 2, "amend": 0, "quantity": 5},
        {"at": 3, "target": 5},
        {"at": 6, "target": 5},
    )
    result = run(trades((0, 100, 9), (9, 100, 9)), plan, A, venues=LATE)
    assert table(result.orders, "side", "quantity") == [("buy", 5), ("buy", 3), ("sell", 3)]


def test_rule_33_what_keeps_its_place_is_not_held_against_post_only():
    """On trades the offer may pass an order that rests; making that smaller enters nothing."""
    market = [trades((0, 100, 9), (9, 100, 9)), quotes((0, 100, 9, 101, 9), (2, 88, 9, 89, 9))]
    post = {"at": 1, "buy": 5, "limit": 90, "post_only": True}
    result = run(market, schedule(post, {"at": 3, "amend": 0, "quantity": 4}, {"at": 4, "amend": 0, "quantity": 6}))
    assert answers(result) == [(0, "done", None, 3, 3), (0, "rejected", "post_only", 4, 4)]


def test_rule_33_amends_are_part_of_the_digest():
    """Rules 25 and 33: two runs that differ in what an amend gave, though it failed."""
    first = {"at": 1, "buy": 5, "limit": 90}
    runs = [
        run(trades((0, 100, 9), (9, 100, 9)), schedule(first, {"at": 2, "amend": 0, "quantity": quantity}))
        for quantity in (200, 201)
    ]
    assert len({one.digests["orders"] for one in runs}) == 1
    assert len({one.digest for one in runs}) == 2


def test_rule_33_what_holds_of_every_run_holds_of_amends(monkeypatch: pytest.MonkeyPatch):
    """Random scenarios with amends: invariants, replica, and the venue's own order of its lists."""
    monkeypatch.setattr(drawing, "DRAWS_AMENDS", True)
    ends: Counter[str] = Counter()
    for seed in range(130):
        scenario = random_scenario(seed)
        if not any(row[0] == "amend" for row in scenario.schedule):
            continue
        with accepted():
            result = bt.backtest(**to_backtest(scenario), interpret=True, audit="full")
            assert_all(result)
            assert differences(result.replica().state, result.state) == []
            ends.update(result.amends["status"].cast(pl.String).to_list())
            _expect_alike(result)
    assert ends["done"] > 40
    assert min(ends["rejected"], ends["refused"]) > 20


def _expect_alike(result: bt.Result) -> None:
    """What is live at the end has the terms that the engine knows, and what it reserves adds up."""
    ours, theirs, terms = result.state.orders, result.venue.orders, result.venue.terms
    reserved = [0] * len(result.venue.accounts)
    for order in range(len(theirs)):
        if not theirs.live[order]:
            continue
        i, sells = theirs.instrument[order], theirs.side[order] < 0
        reserved[terms.base[i] if sells else terms.quote[i]] += theirs.reserved[order]
        for name in ("price", "quantity", "trail", "trail_rate", "offset", "offset_rate", "filled"):
            assert getattr(theirs, name)[order] == getattr(ours, name)[order], (name, order)
    assert reserved == result.venue.accounts.array("reserved").tolist()
