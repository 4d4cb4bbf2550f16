"""What a strategy asks for and cannot mean is an error, whichever way it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from math import nan
from typing import Any

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.strategy import api
from barter_bt.strategy.driver import wake_bits
from barter_bt.testing import run_prices

FIRST = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
LIMIT: dict[str, Any] = {"price": 90.0}
TAKES: list[dict[str, Any]] = [{}, LIMIT | {"time_in_force": "ioc"}, LIMIT | {"time_in_force": "at_close"}]


class Once:
    """Answers the first candle."""

    wake = "bar_close"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def generate_algo_orders(self, state: Any) -> Any:
        answer, self.answer = self.answer, lambda state: []
        return [], answer(state)


def refused(strategy: Any, why: str, **terms: Any) -> None:
    with pytest.raises(BarterBtError, match=why):
        run_prices([100, 101, 102], strategy, **terms)


@pytest.mark.parametrize("terms", TAKES)
def test_what_takes_is_not_post_only(terms: dict[str, Any]) -> None:
    """Rule 17: in requests, rows of schedules and commands."""
    asked = {"instrument": "a_usd", "quantity": 1.0, "post_only": True} | terms
    refused(Once(lambda state: [bt.OrderRequest(**asked)]), "is post_only, and has")
    row = pl.DataFrame({"time": [FIRST], "action": ["open"]} | {name: [value] for name, value in asked.items()})
    refused(bt.Schedule(row), "post_only where it has no effect")
    command = row.drop("action").with_columns(command=pl.lit("open"))
    refused(Once(lambda state: []), "is post_only, and has", commands=bt.Commands(command))


def test_an_entry_that_ends_at_once_is_not_post_only() -> None:
    """Rule 60: the row of a target."""
    row = {"instrument": ["a_usd"], "target": [1.0], "price": [99.0], "post_only": [True], "time_in_force": ["fok"]}
    refused(bt.Schedule(pl.DataFrame({"time": [FIRST]} | row)), "post_only where it has no effect")


def test_compiled_what_takes_is_not_post_only() -> None:
    """A limit that ends at once; one that makes, and is then to be for a close."""

    def at_once(s: Any, my: Any) -> None:
        api.limit_buy(s, 0, 1.0, 90.0, time_in_force=api.IOC, post_only=1)

    def closing(s: Any, my: Any) -> None:
        api.at_close(s, api.limit_buy(s, 0, 1.0, 90.0, post_only=1))

    refused(bt.Compiled(at_once, wake="bar_close"), "time in force or post-only cannot be")
    refused(bt.Compiled(closing, wake="bar_close"), "with times or a candle_fill that cannot be")


@pytest.mark.parametrize(
    ("wake", "why"),
    [
        ("timer:0s", "it must be above 0"),
        ("timer:-1m", "it must be above 0"),
        (("timer:1m", "timer:5m"), "has one timer, not"),
        (5, "cannot be woken by 5"),
        (None, "cannot be woken by None"),
    ],
)
def test_a_wake_that_would_never_come_or_never_end(wake: Any, why: str) -> None:
    """A timer of no length never fires, one that goes back always would."""
    with pytest.raises((StrategyError, ConfigError), match=why):
        wake_bits(wake)


def test_no_strategy_is_told() -> None:
    """An empty list has none."""
    refused([], "strategy is an empty list")


@pytest.mark.parametrize(
    ("target", "why"),
    [(nan, "must be a finite number"), ("50%", "must be a finite number"), (1e9, "left the range")],
)
def test_a_target_says_what_is_wrong_with_it(target: Any, why: str) -> None:
    """One that is beyond all range does not lack a price."""
    refused(Once(lambda state: state.order_target_percent("a_usd", target)), why)


def test_a_target_before_the_first_price_lacks_one() -> None:
    """Of the second of two instruments nothing is known yet."""
    pair = [bt.Instrument("x", name, quantity_increment=1) for name in ("a_usd", "b_usd")]
    late = Once(lambda state: state.order_target_percent("b_usd", 0.5))
    later = {"a_usd": [100, 101, 102], "b_usd": [None, 101, 102]}
    with pytest.raises(StrategyError, match="it has no price yet"):
        run_prices(later, late, pair)


def test_a_number_of_any_kind_is_a_target() -> None:
    """Of NumPy, too."""
    for half in (0.5, np.float32(0.5), np.float64(0.5)):
        bought = run_prices([100, 100, 100], Once(lambda state, half=half: state.order_target_percent("a_usd", half)))
        assert bought.trades["quantity"].to_list() == [50.0]
