"""Trailing stops, by hand: rule 34."""

from __future__ import annotations

from typing import Any

import pytest

from .tiny import candle, fills, held, moves, quote, simulate, triggered


@pytest.mark.parametrize(
    ("prices", "quantity", "conditions", "fill"),
    [
        ((100, 100, 104, 102, 101, 99), -1, {"trailing": 3}, (4, 101)),  # 97, 101, 101
        ((100, 100, 96, 98, 99, 101), 1, {"trailing": 3}, (4, 99)),  # 103, 99
        ((100, 100, 98, 97, 103, 100), -1, {"trailing": 3}, (3, 97)),  # it never moves back
        ((100, 100, 104, 97, 90, 90), -1, {"trailing": 3}, (3, 97)),  # meets the trade, not its trigger of 101
        ((100, 2, 1, 1, 1, 1), -1, {"trailing": 4}, (2, 1)),  # at least 1
        ((100, 50, 49, 48, 47, 46), -1, {"trailing_rate": 0.05}, (3, 48)),  # 2.5 are 2: 48
        ((100, 70, 69, 67, 66, 65), -1, {"trailing_rate": 0.05}, (4, 66)),  # 3.5 are 4: 66
        ((100, 50, 51, 52, 53, 54), 1, {"trailing_rate": 0.05}, (3, 52)),
        ((100, 99, 101, 98, 97, 96), -1, {"trailing": 3, "stop": 97}, (3, 98)),  # 97, 98
        ((100, 97, 110, 107, 97, 96), -1, {"trailing": 3, "stop": 97}, (1, 97)),  # held against it, then it follows
        ((100, 104, 99, 103, 103, 103), 1, {"trailing": 3, "stop": 104}, (1, 104)),
        ((100, 103, 99, 102, 103, 103), 1, {"trailing": 3, "stop": 104}, (3, 102)),
        ((100, 100, 104, 102, 103, 103), -1, {"trailing": 3}, None),
    ],
)
def test_a_trigger_trails(prices: tuple[int, ...], quantity: int, conditions: Any, fill: Any) -> None:
    tables = simulate("trades", moves(*prices), [held(0.5, quantity, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])
    assert tables.orders[0]["trigger"] == conditions.get("stop", 0)  # that it moved is not told


def test_the_standing_quote_sets_a_trailing_trigger() -> None:
    """The bid of 99 at arrival: 97, which the bid of 97 reaches; the ask is not shown to a sale."""
    rows = [quote(0, 99, 9, 120, 9), quote(5, 98, 9, 99, 9), quote(6, 97, 9, 99, 9)]
    assert triggered(simulate("quotes", rows, [held(1, -1, trailing=2)], btc="1")) == [6]


@pytest.mark.parametrize(
    ("prices", "quantity", "conditions", "fill"),
    [
        # from the open of 100: 96 for a sale, 104 for a purchase
        ((100, 103, 96, 102), -1, {"trailing": 4}, (20, 96)),  # the low first, against the trigger as it stands
        ((100, 103, 97, 100), -1, {"trailing": 4}, None),  # then it follows the high to 99, and the close is above it
        ((100, 103, 97, 99), -1, {"trailing": 4}, (20, 99)),  # the close comes after the high
        ((100, 110, 97, 99), -1, {"trailing": 4}, (20, 106)),  # at its trigger
        ((100, 104, 97, 99), 1, {"trailing": 4}, (20, 104)),
        ((100, 103, 97, 101), 1, {"trailing": 4}, (20, 101)),
        ((100, 103, 97, 100), 1, {"trailing": 4}, None),
        ((100, 103, 97, 98), -1, {"trailing": 4, "stop": 98}, (20, 98)),  # the low reaches 98
        ((100, 103, 97, 98), -1, {"trailing": 4, "stop": 100}, (10, 100)),  # the open does
        ((100, 103, 98, 100), -1, {"trailing_rate": 0.02}, (20, 98)),
        ((100, 103, 99, 102), -1, {"trailing_rate": 0.02}, None),  # 103 less 2.06: 101
        ((100, 103, 99, 101), -1, {"trailing_rate": 0.02}, (20, 101)),
    ],
)
def test_a_trailing_stop_inside_a_candle(prices: Any, quantity: int, conditions: Any, fill: Any) -> None:
    """There before the candle opens at 10."""
    rows = [candle(0, (100,) * 4), candle(10, prices)]
    tables = simulate("candles", rows, [held(5, quantity, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])
    assert triggered(tables) == [fill[0] if fill else None]


def test_a_trailing_stop_sees_nothing_of_a_candle_that_was_open_when_it_arrived() -> None:
    """The first candle's high of 130 moves nothing, the next one's open of 100 sets it to 96."""
    rows = [candle(0, (100, 130, 80, 120)), candle(10, (100, 101, 97, 98)), candle(20, (96, 96, 96, 96))]
    assert triggered(simulate("candles", rows, [held(1, -1, trailing=4)], btc="1")) == [20]


def test_a_trailing_stop_goes_on_from_candle_to_candle() -> None:
    """96 from the open, 106 from the high of 110; the next open of 107 moves it no further, its low reaches it."""
    rows = [candle(0, (100, 110, 97, 108)), candle(10, (107, 109, 106, 108)), candle(20, (108,) * 4)]
    assert fills(simulate("candles", rows, [held(0, -1, trailing=4)], btc="1")) == [(20, 106, 1, "taker")]
