"""Targets by quantity, by value and by a share of the equity, in each driver: one arithmetic (rule 18)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.errors import StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.draws import draws
from tests.engine.tiny import FUTURE, A, B, bars, run, schedule, table, trades

SIZES = {"units": UNITS, "notional": NOTIONAL, "equity": EQUITY}
ORDER = ("time_sent", "side", "quantity_requested", "quantity", "status", "reason", "resize_free")
SHOWN = ("time_sent", "side", "quantity_requested", "quantity", "status", "reason")


class Targets:
    """Asks for one target at each bar close."""

    wake = "bar_close"

    def __init__(self, size: str, targets: list[float]) -> None:
        self.targets, self.name = iter(targets), {"units": "", "notional": "_value", "equity": "_percent"}[size]

    def generate_algo_orders(self, state: Any) -> Any:
        return [], getattr(state, f"order_target{self.name}")("a_usd", next(self.targets))


def compiled_target(s, my):
    """The same, compiled: the n-th of a list that is a number in base 10."""
    k = my.variables.count[0]
    my.variables.count[0] = k + 1
    wanted = my.parameters.first[0] if k % 2 == 0 else my.parameters.second[0]
    if my.parameters.size[0] == 0:
        api.target(s, 0, wanted)
    elif my.parameters.size[0] == 1:
        api.target_value(s, 0, wanted)
    else:
        api.target_percent(s, 0, wanted)


def scheduled(prices: list[int], size: str, targets: list[float]) -> Any:
    market = bars(*prices)
    rows = [{"at": 10 * (k + 1), "target": each} for k, each in enumerate(targets)]
    return run(market, bt.Schedule(schedule(*rows).frame, size=size), venues=bt.Venue(account="margin", fees="0.1%"))


@settings(max_examples=draws(40), deadline=None)
@given(
    prices=st.lists(st.integers(50, 150), min_size=3, max_size=6),
    size=st.sampled_from(list(SIZES)),
    data=st.data(),
)
def test_a_strategy_in_python_asks_for_what_signals_ask_for(prices, size, data):
    """Order by order: the same lots at the same time, cut in the same way."""
    amounts = {"units": st.integers(-5, 5), "notional": st.integers(-900, 900), "equity": st.integers(-9, 9)}[size]
    scale = 0.1 if size == "equity" else 1.0
    targets = [each * scale for each in data.draw(st.lists(amounts, min_size=len(prices), max_size=len(prices)))]
    venue = bt.Venue(account="margin", fees="0.1%")
    ours = run(bars(*prices), Targets(size, targets), venues=venue)
    assert table(ours.orders, *SHOWN) == table(scheduled(prices, size, targets).orders, *SHOWN)


@pytest.mark.parametrize("interpret", [True, False])
@pytest.mark.parametrize(
    ("size", "pair"), [("units", (3.0, -2.0)), ("notional", (250.0, -610.0)), ("equity", (0.4, -0.25))]
)
def test_a_compiled_strategy_asks_for_the_same(size, pair, interpret):
    prices = [100, 104, 97, 110, 90, 95]
    parameters = {"first": pair[0], "second": pair[1], "size": list(SIZES).index(size)}
    one = bt.Compiled(compiled_target, parameters=parameters, variables={"count": 0}, wake="bar_close")
    venue = bt.Venue(account="margin", fees="0.1%")
    ours = bt.backtest(bars(*prices), A, one, balances={"usd": 10_000}, venues=venue, interpret=interpret)
    plan = scheduled(prices, size, [pair[k % 2] for k in range(len(prices))])
    assert table(ours.orders, *SHOWN) == table(plan.orders, *SHOWN)


def test_half_of_the_equity_is_half_of_it():
    """10,000 at a close of 100: 50 of them; at 80, with 5,000 + 4,000 left: 56.25, so 6 more."""
    result = run(bars(100, 100, 80, 80), Targets("equity", [0.5, 0.5, 0.5, 0.5]))
    assert table(result.orders, "quantity")[:2] == [(50,), (6,)]


def test_a_target_without_a_price_is_told():
    """In Python as an error with a hint, compiled as a refused order."""

    class Early:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], state.order_target_value("b_usd", 100.0)

    market = trades((0, 100, 5), (2, 100, 5))
    with pytest.raises(StrategyError, match=r"a target of 100.0 for 'b_usd' .* has no price yet") as caught:
        run(market, Early(), [A, B])
    assert "state.price" in (caught.value.hint or "")

    def early(s, my):
        api.target_value(s, 1, 100.0)

    result = run(market, bt.Compiled(early, wake="trade"), [A, B])
    assert table(result.orders, "status", "reason") == [("refused", "no_price")] * 2


def test_a_share_of_equity_in_another_asset_is_refused():
    eur = bt.Instrument("x", "a_eur", price_increment=1, quantity_increment=1)

    class Share:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], state.order_target_percent("a_eur", 0.5)

    market = trades((0, 100, 5), (2, 100, 5), instrument="a_eur")
    with pytest.raises(StrategyError, match="a share of the equity in 'a_eur'"):
        run(market, Share(), [A, eur], reporting="usd")


def test_close_and_cancel_all_say_what_to_do():
    """Three bought and a limit at rest: all of it goes away, once."""

    class Leave:
        wake = "bar_close"

        def __init__(self) -> None:
            self.seen: list[Any] = []

        def generate_algo_orders(self, state: Any) -> Any:
            self.seen.append((state.cancel_all("a_usd"), state.close("a_usd")))
            if len(self.seen) == 1:
                return [], [state.buy("a_usd", 3), state.sell("a_usd", 1, price=150)]
            return self.seen[-1]

    leave = Leave()
    result = run(bars(100, 100, 100, 100), leave, venues=bt.Venue(account="margin"))
    assert leave.seen[:2] == [([], []), ([1], [OrderRequest("a_usd", -3.0, time_in_force="ioc")])]
    assert table(result.orders, "status") == [("filled",), ("cancelled",), ("filled",)]
    assert leave.seen[-1] == ([], [])


def test_of_a_future_the_notional_counts():
    """Ten per contract at 100: 2,500 are two contracts."""

    class Value:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], state.order_target_value("f_usd", 2_500.0)

    result = run(trades((0, 100, 5), (2, 100, 5), instrument="f_usd"), Value(), FUTURE)
    assert table(result.orders, "quantity") == [(2,)]
