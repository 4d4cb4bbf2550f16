"""The path of a candle by hand: rule 59. The candle in question opens at 10 and closes at 20."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .tables import Tables
from .tiny import BTC, ETH, agreed, bar, candle, each_filled, ends, fills, held, limit, simulate, trade

UP, DOWN, NEAR, NONE = "open_high_low_close", "open_low_high_close", "adaptive", "pessimistic"
Prices = tuple[float, float, float, float]
FIRST = candle(0, (100,) * 4)


def along(path: str, prices: Prices, *schedule: Row, **terms: Any) -> Tables:
    """A quiet candle, then this one, with enough of both assets."""
    given: dict[str, Any] = {"btc": "9", "candle_path": path} | terms
    return simulate("candles", [FIRST, candle(10, prices)], list(schedule), **given)


def made(tables: Tables) -> list[tuple[int, int, str]]:
    """Of each trade: the order, price and liquidity."""
    return [(row["order"], row["price"], row["liquidity"]) for row in tables.trades]


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (UP, (100, 110, 90, 100), (2, 105, "maker")),
        (DOWN, (100, 110, 90, 100), (1, 95, "taker")),
        (NONE, (100, 110, 90, 100), (1, 95, "taker")),
        (NEAR, (100, 110, 90, 100), (2, 105, "maker")),  # equally near: the high first
        (NEAR, (100, 110, 91, 100), (1, 95, "taker")),
        (NEAR, (100, 109, 90, 100), (2, 105, "maker")),
    ],
)
def test_what_comes_first_ends_a_bracket(path: str, prices: Prices, out: Any) -> None:
    tables = along(path, prices, held(1, 1, stop_loss=95, take_profit=105))
    assert made(tables) == [(0, 100, "taker"), out]
    assert [fill[0] for fill in fills(tables)] == [10, 20]


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (UP, (100, 101, 90, 100), (1, 95, "taker")),  # further down on the same way
        (DOWN, (100, 101, 90, 100), (1, 95, "taker")),
        (UP, (100, 101, 96, 100), (2, 99, "maker")),  # from the low to the close
        (UP, (100, 101, 96, 99), None),
        (DOWN, (100, 101, 96, 97), (2, 99, "maker")),  # from the low to the high
        (NONE, (100, 101, 96, 100), None),
    ],
)
def test_what_protects_an_entry_sees_the_rest_of_the_way(path: str, prices: Prices, out: Any) -> None:
    """Bought at 97 on the way to the low."""
    entry = held(1, 1, 97, stop_loss=95, take_profit=99)
    assert made(along(path, prices, entry)) == [(0, 97, "maker"), *([out] if out else [])]


def test_a_stop_is_reached_behind_its_entry() -> None:
    """Bought at 105 on the way up, its stop at 104 is reached on the way down, not by the open before it."""
    tables = along(UP, (100, 106, 99, 100), held(1, 1, stop=105, stop_loss=104))
    assert made(tables) == [(0, 105, "taker"), (1, 104, "taker")]


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (UP, (100, 110, 97, 109), 106),  # the low, behind the high
        (DOWN, (100, 110, 97, 105), 106),  # the low leaves 96, the close is behind the high
        (DOWN, (100, 110, 97, 107), None),
        (DOWN, (100, 110, 96, 107), 96),
    ],
)
def test_a_trailing_stop_follows_from_point_to_point(path: str, prices: Prices, out: int | None) -> None:
    """Four below the open of 100, then below the high of 110."""
    assert made(along(path, prices, held(5, -1, trailing=4))) == ([(0, out, "taker")] if out else [])


@pytest.mark.parametrize(("path", "out"), [(UP, [(0, 103, "maker")]), (DOWN, []), (NONE, [])])
def test_a_limit_that_is_triggered_rests_for_the_points_behind_it(path: str, out: Any) -> None:
    """At 105 it does not allow the price; the low is behind that on one path only, and the close is not below 103."""
    assert made(along(path, (100, 110, 90, 104), held(1, 1, 103, stop=105))) == out


def test_a_point_is_met_again_by_what_it_has_triggered() -> None:
    """Trades fill takers, and there is none: it rests at 103, and the high is through it."""
    streams = {"candles": [FIRST, candle(10, (100, 110, 99, 100))], "trades": [trade(0, 100, 9)]}
    terms: dict[str, Any] = {"maker_fills_on": "candles", "triggers_on": "candles", "btc": "1", "candle_path": UP}
    assert made(agreed(streams, [held(1, -1, 103, if_touched=105)], **terms)) == [(0, 103, "maker")]


@pytest.mark.parametrize(
    ("btc", "eth", "end"),
    [
        ((100, 109, 90, 100), (100, 110, 91, 100), ("filled", "")),  # sold at the first point, bought at the second
        ((100, 109, 90, 100), (100, 109, 90, 100), ("filled", "")),  # both at the first
        ((100, 110, 91, 100), (100, 109, 90, 100), ("rejected", "insufficient_balance")),  # bought before it is sold
    ],
)
def test_all_that_close_at_one_time_settle_point_by_point(btc: Prices, eth: Prices, end: Any) -> None:
    """What is sold on the way to a high pays for what is bought on the way to one; nearer extremes come first."""
    rows = [FIRST, candle(0, (100,) * 4, "eth_usd"), candle(10, eth, "eth_usd"), candle(10, btc)]
    schedule = [held(1, 1, stop=105, name="eth_usd"), limit(1, -2, 105)]
    tables = simulate("candles", rows, schedule, usd="0", btc="2", item=(BTC, ETH), candle_path=NEAR)
    assert ends(tables) == [end, ("filled", "")]


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
@pytest.mark.parametrize("path", [UP, DOWN])
def test_takers_meet_the_close_which_comes_last(path: str, fill: str) -> None:
    """What was lower before does not reach the stop, what was higher not the target."""
    tables = along(path, (100, 110, 90, 100), held(12, 1, stop_loss=95, take_profit=105), candle_fill=fill)
    assert fills(tables) == [(20, 100, 1, "taker")]
    assert [order["status"] for order in tables.orders] == ["filled", "open", "open"]


@pytest.mark.parametrize(("how", "out"), [("through", []), ("touch", [(0, 110, "maker"), (1, 90, "maker")])])
def test_a_point_goes_through_a_limit_or_touches_it(how: str, out: Any) -> None:
    tables = along(UP, (100, 110, 90, 100), limit(1, -1, 110), limit(1, 1, 90), limit_fill=how)
    assert made(tables) == out


@pytest.mark.parametrize(("path", "got"), [(UP, {0: 3, 1: 2}), (DOWN, {0: 1, 1: 4})])
def test_a_participation_is_of_the_whole_way(path: str, got: dict[int, int]) -> None:
    """Five of ten: at the high and at the low, whichever comes first."""
    rows = [FIRST, bar(10, (100, 110, 90, 100), 10)]
    schedule = [limit(1, -3, 105), limit(1, 4, 95)]
    tables = simulate("candles", rows, schedule, btc="9", participation="0.5", candle_path=path)
    assert {row["order"]: row["quantity"] for row in tables.trades} == got


@pytest.mark.parametrize("path", [UP, DOWN])
def test_who_came_after_the_open_takes_no_part(path: str) -> None:
    schedule = [limit(12, 1, 95), held(12, -1, stop=95), held(12, -1, trailing=4)]
    assert made(along(path, (100, 110, 90, 100), *schedule)) == []


@pytest.mark.parametrize("first", ["candles", "trades"])
@pytest.mark.parametrize(("path", "filled"), [(DOWN, {1: 1}), (UP, {1: 1}), (NONE, {0: 1})])
def test_what_a_trade_has_triggered_meets_this_close_at_the_end_of_the_way(
    first: str, path: str, filled: dict[int, int]
) -> None:
    """The limit at 97 lies on the way to the close that the stop buys at; there is money for one, whichever is first.

    Without a way both are settled together, by number.
    """
    rows = {"candles": [FIRST, candle(10, (100, 104, 96, 101))], "trades": [trade(5, 100, 9), trade(20, 104, 9)]}
    streams = {kind: rows[kind] for kind in (first, *rows)}
    terms = {"taker_fills_on": "candles", "maker_fills_on": "candles", "candle_fill": "this_close"}
    schedule = [held(1, 1, stop=103, trigger_by="last"), limit(1, 1, 97)]
    tables = agreed(streams, schedule, usd="110", account="margin", candle_path=path, **terms)
    assert each_filled(tables) == filled
