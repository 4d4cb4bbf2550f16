"""Margin used, free margin and buying power; orders with their terms in compiled code."""

from __future__ import annotations

from math import floor, isnan
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import A, Watch, quotes, run, trades

PERPETUAL = bt.Instrument("x", "a_usd", kind="perpetual", price_increment=1, quantity_increment=1)
SIZED = bt.Instrument("x", "a_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)
INVERSE = bt.Instrument(
    "x", "a_usd", kind="perpetual", settlement="a", contract_size=100, price_increment=1, quantity_increment=1
)
MARKET = trades((1, 100, 999), (2, 100, 999), (3, 120, 999), (4, 120, 999), (5, 120, 999))
RATE, EACH = bt.Venue(margin="20%"), bt.Venue(margin={"per_contract": 25})

CASES = {
    "a perpetual, by rate": (PERPETUAL, RATE, {"usd": 10_000}, 1.0),
    "a future of ten, by contract": (SIZED, EACH, {"usd": 3_000}, 10.0),
    "spot in a margin account": (A, bt.Venue(account="margin", margin="50%"), {"usd": 10_000}, 1.0),
    "spot in a cash account": (A, bt.Venue(), {"usd": 10_000}, 1.0),
    "inverse, by rate": (INVERSE, RATE, {"a": 10}, 100.0),
    "inverse, by contract": (INVERSE, bt.Venue(margin={"per_contract": 0.5}), {"a": 10}, 100.0),
}


def at_the_limit(case: str, more: int, first: float = 3) -> tuple[Any, bt.Result]:
    """Buy some at 100, and at 120 as many as the buying power says, and ``more``."""
    one, venue, balances, size = CASES[case]
    figures: list[Any] = []

    def ask(state: Any, n: int) -> Any:
        if n == 1:
            return [], [bt.OrderRequest("a_usd", first)]
        if state.position("a_usd") and state.price("a_usd") == 120.0 and not figures:
            power = state.buying_power("a_usd")
            asset = "a" if one.is_inverse else "usd"
            figures.extend((power, state.margin_used(asset), state.free_margin(asset), state.free_balance(asset)))
            contracts = power * 120 / size if one.is_inverse else power / 120 / size
            return [], [bt.OrderRequest("a_usd", floor(contracts + 1e-9) + more)]
        return None

    result = run(MARKET, Watch(lambda s: None, ask, wake="trade"), one, venues=venue, balances=balances)
    return figures, result


@pytest.mark.parametrize("case", CASES)
def test_so_much_can_be_bought_and_no_lot_more(case):
    """The venue's own check (rules 17 and 19) takes an order of the whole buying power, and none that is larger."""
    assert at_the_limit(case, 0)[1].orders["status"].to_list() == ["filled", "filled"]
    assert at_the_limit(case, 1)[1].orders["status"].to_list() == ["filled", "rejected"]


def test_figures_by_hand():
    """Three at 100, now 120, at a fifth: 72 are tied up; 10,000 and a gain of 60 are there."""
    (power, used, free, balance), _ = at_the_limit("a perpetual, by rate", 0)
    assert (used, free, balance, power) == (72.0, 9_988.0, 10_000.0, 49_940.0)
    (power, used, free, balance), _ = at_the_limit("spot in a cash account", 0)
    assert (used, free, balance, power) == (0.0, 9_700.0, 9_700.0, 9_700.0)


def test_own_fills_mark_what_is_tied_up_until_the_market_moves():
    """Between 90 and 110 a buy costs 110: 4 tie up a fifth of 440, with one more of 550; then the mid marks them."""
    watch = Watch(
        lambda s: (s.position("a_usd"), s.margin_used("usd"), s.free_margin("usd")),
        lambda s, n: ([], [s.buy("a_usd", {0: 4, 4: 1}[s.position("a_usd")])]) if s.position("a_usd") < 5 else None,
        wake=("quote", "fill"),
    )
    run(quotes((1, 90, 9, 110, 9), (2, 90, 9, 110, 9)), watch, PERPETUAL, venues=RATE)
    assert list(dict.fromkeys(watch.seen)) == [
        (0.0, 0.0, 10_000.0),
        (4.0, 88.0, 10_000.0 - 88),
        (5.0, 110.0, 10_000.0 - 110),
        (5.0, 100.0, 10_000.0 - 50 - 100),
    ]


def test_each_asset_has_its_own_margin():
    other = bt.Instrument("x", "b_eur", kind="perpetual", price_increment=1, quantity_increment=1)
    watch = Watch(
        lambda s: [(s.margin_used(asset), s.free_margin(asset)) for asset in ("usd", "eur")],
        lambda s, n: ([], [bt.OrderRequest("b_eur", 2)]) if n == 1 else None,
        wake="trade",
    )
    both = [MARKET, trades((1, 50, 9, "b_eur"), (2, 50, 9, "b_eur"), (3, 60, 9, "b_eur"))]
    run(both, watch, [PERPETUAL, other], venues=RATE, balances={"usd": 10_000, "eur": 1_000}, reporting="usd")
    assert watch.seen[-1] == [(0.0, 10_000.0), (24.0, 1_020.0 - 24)]


def test_what_spot_holds_counts_where_it_is_quoted():
    """Two of ``a`` at 100: 200 of usd, and nothing of ``a``, in which something else could be margined (rule 19)."""
    seen = Watch(
        lambda s: (s.free_margin("a"), s.free_margin("usd")),
        lambda s, n: ([], [bt.OrderRequest("a_usd", 2)]) if n == 1 else None,
        wake="trade",
    )
    run(MARKET, seen, A, venues=bt.Venue(account="margin", margin="50%"), balances={"usd": 1_000, "a": 5})
    assert seen.seen[2] == (5, 1_000 + 2 * 20 - 2 * 120 / 2)


def test_what_has_no_price_has_no_buying_power_by_contract():
    other = bt.Instrument("x", "b_usd", kind="future", price_increment=1, quantity_increment=1)
    watch = Watch(lambda s: (s.buying_power("b_usd"), s.buying_power("a_usd")), wake="trade")
    run(MARKET, watch, [SIZED, other], venues=EACH)
    assert isnan(watch.seen[0][0])
    assert watch.seen[0][1] == 10_000 / 25 * 10 * 100


def walks(s, my):
    """Adds up what its live orders say, and asks for three of them once."""
    v, order = my.variables, api.first_order(s, 0)
    v.orders[0] = 0
    while order != -1:
        v.orders[0] += 1
        v.sum[0] = v.sum[0] * 10.0 + api.order_leaves(s, order)
        v.prices[0] = api.order_price(s, order) + 1000.0 * api.order_trigger(s, order)
        v.wished[0] = api.order_quantity(s, order)
        order = api.order_after(s, order)
    v.used[0], v.free[0] = api.margin_used(s, s.terms.quote[0]), api.free_margin(s, s.terms.quote[0])
    v.power[0] = api.buying_power(s, 0)
    if v.done[0] == 0:
        v.done[0] = 1
        api.limit_buy(s, 0, 4.0, 99.0)
        api.sell(s, 0, 2.0)
        api.stop_sell(s, 0, 3.0, 90.0, 80.0)


@pytest.mark.parametrize("interpret", [True, False])
def test_a_compiled_strategy_reads_the_same(interpret):
    """The sale of 2 is filled at 100, the limit with 1 of 4 at 99: short 1 at 120, of which a fifth is tied up."""
    market = trades((1, 100, 9), (2, 100, 9), (3, 98, 1), (4, 120, 9))
    names = ("sum", "prices", "wished", "used", "free", "power")
    variables = dict.fromkeys(names, 0.0) | {"orders": 0, "done": 0}
    one = bt.Compiled(walks, variables=variables, wake="trade", name="walks")
    result = bt.backtest(market, PERPETUAL, one, balances={"usd": 10_000}, venues=RATE, interpret=interpret)
    own = result.own["walks"]["variables"].row(0, named=True)
    assert (own["orders"], own["prices"], own["wished"]) == (2, 80.0 + 90_000.0, -3.0)
    assert (own["used"], own["free"]) == (24.0, 10_000.0 + 1 - 20 - 24)
    assert own["power"] == own["free"] / 0.2


def test_an_order_that_is_not_there_ends_the_run():
    def wrong(s: Any, my: Any) -> None:
        api.order_price(s, 7)

    with pytest.raises(StrategyError, match="for order 7, which is not there"):
        run(MARKET, bt.Compiled(wrong, wake="trade"))


def test_all_terms_of_an_order_are_read():
    orders: list[Any] = []

    def ask(state: Any, n: int) -> Any:
        orders[:] = [state.read_order(k) for k in state.open_orders("a_usd")]
        rests = bt.OrderRequest("a_usd", 1, price=50, post_only=True)
        follows = bt.OrderRequest("a_usd", -1, trailing=7, reduce_only=True)
        return [], {1: [bt.OrderRequest("a_usd", 1)], 3: [rests, follows]}.get(n, [])

    run(MARKET, Watch(lambda s: None, ask, wake="trade"), PERPETUAL, venues=RATE)
    rests, follows = orders
    assert (rests.post_only, rests.reduce_only, rests.trailing) == (True, False, None)
    assert (follows.post_only, follows.reduce_only, follows.trailing, follows.trailing_rate) == (False, True, 7.0, None)
