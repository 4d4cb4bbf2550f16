"""What a candle does not tell, taken for the better (rule 105), by hand; then many brackets at random, both ways."""

from __future__ import annotations

import random
from typing import Any

import pytest

from barter_bt.testing.scenario import Row
from tests.draws import draws

from .compare import disagreement
from .engine import run
from .tables import Tables
from .tiny import agreed, bar, candle, ends, held, limit, market, scenario_of, simulate, trade

GOOD, BAD = "optimistic", "pessimistic"
PATHS = (GOOD, BAD, "open_high_low_close", "open_low_high_close", "adaptive")
Prices = tuple[float, float, float, float]
FIRST = candle(0, (100,) * 4)


def met(path: str, prices: Prices, *schedule: Row, **terms: Any) -> Tables:
    """A quiet candle, then this one, with enough of both assets."""
    given: dict[str, Any] = {"btc": "9", "candle_path": path} | terms
    return simulate("candles", [FIRST, candle(10, prices)], list(schedule), **given)


def made(tables: Tables) -> list[tuple[int, int, str]]:
    """Of each trade: the order, price and liquidity."""
    return [(row["order"], row["price"], row["liquidity"]) for row in tables.trades]


@pytest.mark.parametrize(("path", "out"), [(GOOD, (2, 105, "maker")), (BAD, (1, 95, "taker"))])
@pytest.mark.parametrize("quantity", [1, -1])
def test_of_both_ends_the_better_comes_first(path: str, out: Any, quantity: int) -> None:
    levels = {"stop_loss": 95, "take_profit": 105} if quantity > 0 else {"stop_loss": 105, "take_profit": 95}
    number, price, liquidity = out
    out = (number, price if quantity > 0 else 200 - price, liquidity)
    tables = met(path, (100, 110, 90, 100), held(1, quantity, **levels), account="margin")
    assert made(tables) == [(0, 100, "taker"), out]
    assert ends(tables)[3 - number] == ("cancelled", "sibling_filled")


@pytest.mark.parametrize("account", ["cash", "margin"])
def test_of_two_brackets_each_ends_better(account: str) -> None:
    """The stop of the first has a lower number than the target of the second, and neither fills."""
    rows = [held(1, 2, stop_loss=95, take_profit=105), held(1, 1, stop_loss=96, take_profit=104)]
    tables = met(GOOD, (100, 110, 90, 100), *rows, account=account)
    assert sorted(made(tables)[2:]) == [(2, 105, "maker"), (5, 104, "maker")]


def test_a_stop_alone_is_reached_all_the_same() -> None:
    assert made(met(GOOD, (100, 110, 90, 100), held(1, 1, stop_loss=95))) == [(0, 100, "taker"), (1, 95, "taker")]


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (GOOD, (100, 101, 90, 100), [(2, 99, "maker")]),  # it fell to 97, then rose to 99
        (BAD, (100, 101, 90, 100), [(1, 95, "taker")]),
        (GOOD, (100, 101, 90, 98), [(2, 99, "maker")]),
        (GOOD, (98, 99, 90, 96), []),  # the range does not go through 99, nor does the close reach 95
        (GOOD, (98, 99, 90, 95), [(1, 95, "taker")]),  # the close does, behind all else
        (GOOD, (100, 101, 90, 94), [(2, 99, "maker")]),  # both: the better
    ],
)
def test_inside_the_candle_that_filled_the_entry(path: str, prices: Prices, out: Any) -> None:
    """Bought at 97 by its range."""
    tables = met(path, prices, held(1, 1, 97, stop_loss=95, take_profit=99))
    assert made(tables) == [(0, 97, "maker"), *out]


def test_a_stop_meets_the_close_behind_its_entry() -> None:
    """Bought at 105 on the way up, its stop at 104 is reached when it closes at 103."""
    tables = met(GOOD, (100, 106, 99, 103), held(1, 1, stop=105, stop_loss=104))
    assert made(tables) == [(0, 105, "taker"), (1, 104, "taker")]


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (GOOD, (100, 110, 95, 109), 106),  # the low reaches the trigger at 96: then the high came before
        (BAD, (100, 110, 95, 109), 96),
        (GOOD, (100, 110, 97, 109), None),  # the low leaves it, the close is above 106
        (BAD, (100, 110, 97, 109), None),
        (GOOD, (100, 110, 97, 105), 106),
        (GOOD, (100, 101, 95, 96), 97),  # no better than the high has moved it to
    ],
)
def test_a_trailing_stop_that_is_reached_followed_the_other_extreme_before(
    path: str, prices: Prices, out: int | None
) -> None:
    """Four below the open of 100, then below the high."""
    assert made(met(path, prices, held(5, -1, trailing=4))) == ([(0, out, "taker")] if out else [])


@pytest.mark.parametrize(
    ("path", "prices", "out"),
    [
        (GOOD, (100, 110, 90, 104), [(0, 103, "maker")]),
        (BAD, (100, 110, 90, 104), []),
        (GOOD, (104, 110, 103, 104), []),  # the range does not go through 103
    ],
)
def test_a_limit_that_is_triggered_fills_in_the_rest_of_the_candle(path: str, prices: Prices, out: Any) -> None:
    """At 105 it does not allow the price."""
    assert made(met(path, prices, held(1, 1, 103, stop=105))) == out


def test_a_limit_that_cannot_reserve_when_it_is_triggered_does_not() -> None:
    """Its money comes from what this candle sells, when all of it has been seen."""
    rows = [held(1, 1, 103, stop=105), limit(1, -1, 108)]
    assert made(met(GOOD, (100, 110, 90, 104), *rows, usd="0", btc="1")) == [(1, 108, "maker")]


@pytest.mark.parametrize(("path", "first"), [(GOOD, 1), (BAD, 0)])
def test_of_a_group_stops_come_last(path: str, first: int) -> None:
    rows = [held(1, -1, stop=95, group=1), held(1, -1, 105, group=1)]
    tables = met(path, (100, 110, 90, 100), *rows)
    assert [row["order"] for row in tables.trades] == [first]


def test_a_fill_inside_gets_what_is_left_of_a_participation() -> None:
    """Half of four: the entry of one takes one, its target the other."""
    rows = [FIRST, bar(10, (100, 110, 90, 100), 4)]
    schedule = [held(1, 1, 97, take_profit=99), limit(1, -1, 109)]
    tables = simulate("candles", rows, schedule, btc="9", participation="0.5", candle_path=GOOD)
    assert sorted(made(tables)) == [(0, 97, "maker"), (2, 109, "maker")]
    tables = simulate("candles", rows, schedule[:1], btc="9", participation="0.5", candle_path=GOOD)
    assert made(tables) == [(0, 97, "maker"), (1, 99, "maker")]


def test_what_is_filled_inside_is_not_there_for_the_next() -> None:
    """Half of six: one for each of two entries, and one for the target of the first."""
    rows, entry = [FIRST, bar(10, (100, 110, 90, 100), 6)], held(1, 1, 97, take_profit=99)
    tables = simulate("candles", rows, [entry, entry], btc="9", participation="0.5", candle_path=GOOD)
    assert sorted(made(tables)) == [(0, 97, "maker"), (1, 99, "maker"), (2, 97, "maker")]


def test_what_trades_fill_knows_the_order() -> None:
    """Candles beside them decide nothing."""
    streams = {"candles": [FIRST, candle(10, (100, 110, 90, 100))], "trades": [trade(k, 100 - k, 9) for k in range(9)]}
    rows = [market(1, 1), held(1, 1, stop_loss=95, take_profit=105)]
    by = [agreed(streams, rows, btc="9", candle_path=path) for path in (GOOD, BAD)]
    assert made(by[0]) == made(by[1]) == [(0, 98, "taker"), (1, 98, "taker"), (2, 95, "taker")]


# At random: prices so near that most candles reach both ends


def drawn(seed: int) -> Any:
    """Some brackets over candles, entered in every way."""
    dice = random.Random(seed)

    def near(middle: int = 100, reach: int = 3) -> int:
        return middle + dice.randint(-reach, reach)

    rows = []
    for k in range(8):
        low, *inner, high = sorted(near() for _ in range(4))
        dice.shuffle(inner)
        rows.append(bar(10 * k, (inner[0], high, low, inner[1]), dice.randint(1, 8)))
    schedule, groups = list[Row](), 0
    for at in sorted(dice.randint(0, 60) for _ in range(dice.randint(2, 6))):
        side, own = dice.choice((1, -1)), near()
        quantity = side * dice.randint(1, 3)
        how: dict[str, Any] = {"trailing": dice.randint(1, 3)} if dice.random() < 0.1 else {}
        kind = dice.choice(("market", "limit", "stop", "stop_limit"))
        if not how and kind in ("stop", "stop_limit"):
            how = {dice.choice(("stop", "if_touched")): own}
        price = own if kind == "limit" else near(own, 2) if kind == "stop_limit" and how else None
        if "trailing" in how and price is not None:
            how = {}
        own = own if price is None else price
        ends_at = {"stop_loss": own - side * dice.randint(1, 3), "take_profit": own + side * dice.randint(1, 3)}
        if dice.random() < 0.3:
            ends_at["trailing_stop"] = dice.randint(1, 3)
            if dice.random() < 0.5:
                del ends_at["stop_loss"]
        if dice.random() < 0.15:  # a group in place of a bracket
            groups += 1
            schedule.append(held(at + groups / 100, -quantity, stop=100 - 2 * side, group=groups))
            schedule.append(held(at + groups / 100, -quantity, 100 + 2 * side, group=groups))
        schedule.append(held(at + groups / 100, quantity, price, **how, **ends_at))
    schedule.sort(key=lambda row: row[1])
    terms: dict[str, Any] = {
        "candle_path": dice.choice((GOOD, GOOD, GOOD, *PATHS)),
        "account": dice.choice(("cash", "margin")),
        "limit_fill": dice.choice(("through", "touch")),
        "participation": dice.choice((None, None, "0.5")),
        "candle_fill": dice.choice(("next_open", "next_open", "next_close", "this_close")),
    }
    return scenario_of({"candles": rows}, schedule, usd=dice.choice(("150", "2000")), btc="5", **terms)


@pytest.mark.parametrize("block", range(4))
def test_brackets_at_random(block: int) -> None:
    for seed in range(block, draws(160), 4):
        text = disagreement(drawn(seed), interpret=True)
        assert not text, f"{seed}: {text}"


def test_brackets_are_drawn_that_the_way_decides() -> None:
    """Not the same trades either way."""
    changed = 0
    for seed in range(draws(60)):
        scenario = drawn(seed)
        spec = scenario.exchanges[0]
        spec_of = [type(spec)(**{**spec.__dict__, "candle_path": path}) for path in (GOOD, BAD)]
        tables = [run(type(scenario)(**{**scenario.__dict__, "exchanges": (one,)})) for one in spec_of]
        changed += made(tables[0]) != made(tables[1])
    assert changed > draws(60) // 4
