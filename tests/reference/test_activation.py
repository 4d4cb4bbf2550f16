"""Rule 103 on both engines: by hand, and on random schedules in which most orders trail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Conditions, Row, Scenario, Seeded, random_scenario
from barter_bt.testing.scenario.activation import in_counted_ticks, with_activation
from barter_bt.testing.scenario.conditions import RATES, told
from barter_bt.testing.scenario.numbers import in_ticks
from barter_bt.testing.scenario.source import chance
from barter_bt.testing.scenario.spec import conditions_of

from .compare import disagreement
from .tiny import agreed, candle, fills, held, moves, quote, t, triggered

NOTHING = (None,) * 5


def amend(time: float, ref: int, **given: Any) -> Row:
    return ("amend", t(time), ref, *NOTHING, Conditions(**given))


@pytest.mark.parametrize(
    ("prices", "quantity", "conditions", "fill"),
    [
        # Without a stop nothing triggers before 103 was there, and what was best before does not count.
        ((100, 102, 90, 80, 102, 70), -1, {"trailing": 3, "activation": 103}, None),
        ((100, 102, 103, 101, 100, 99), -1, {"trailing": 3, "activation": 103}, (4, 100)),  # 103 itself counts
        ((100, 102, 109, 107, 106, 99), -1, {"trailing": 3, "activation": 103}, (4, 106)),  # a gap beyond it
        ((100, 105, 104, 102, 99, 99), -1, {"trailing": 3, "activation": 95}, (3, 102)),  # reached on arrival
        ((100, 98, 97, 99, 100, 101), 1, {"trailing": 3, "activation": 97}, (4, 100)),
        ((100, 98, 101, 105, 110, 120), 1, {"trailing": 3, "activation": 97}, None),
        ((100, 102, 103, 101, 98, 97), -1, {"trailing_rate": 0.05, "activation": 103}, (4, 98)),  # 103 less 5.15
        ((100, 102, 103, 101, 100, 99), -1, {"trailing_ticks": 3, "activation": 103}, (4, 100)),
        # With a stop that triggers where it stands until then.
        ((100, 102, 96, 95, 80, 70), -1, {"trailing": 3, "stop": 95, "activation": 103}, (3, 95)),
        ((100, 104, 102, 101, 80, 70), -1, {"trailing": 3, "stop": 95, "activation": 103}, (3, 101)),
        ((100, 103, 101, 96, 95, 70), -1, {"trailing": 9, "stop": 95, "activation": 103}, (4, 95)),  # never back
    ],
)
def test_a_stop_trails_from_its_activation(prices: Any, quantity: int, conditions: Any, fill: Any) -> None:
    tables = agreed({"trades": moves(*prices)}, [held(0.5, quantity, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])
    assert tables.orders[0]["activation"] == conditions["activation"]  # that it was reached is not told


def test_the_standing_quote_activates() -> None:
    """The bid of 99 does on arrival: the trigger is 97. The ask of 120 is not shown to a sale."""
    rows = [quote(0, 99, 9, 120, 9), quote(5, 98, 9, 99, 9), quote(6, 97, 9, 99, 9)]
    assert triggered(agreed({"quotes": rows}, [held(1, -1, trailing=2, activation=99)], btc="1")) == [6]
    assert triggered(agreed({"quotes": rows}, [held(1, -1, trailing=2, activation=100)], btc="1")) == [None]


@pytest.mark.parametrize(
    ("prices", "conditions", "fill"),
    [
        # The open of 100 is shown first; then the low, against the trigger as it stands; the high; the close.
        ((100, 103, 90, 102), {"trailing": 4, "activation": 103}, None),  # 99 from the high, below the close
        ((100, 110, 90, 105), {"trailing": 4, "activation": 103}, (20, 106)),  # the close comes behind the high
        ((100, 102, 90, 91), {"trailing": 4, "activation": 103}, None),
        ((100, 110, 90, 105), {"trailing": 4, "stop": 92, "activation": 103}, (20, 92)),  # the low comes first
        ((100, 110, 93, 107), {"trailing": 4, "stop": 92, "activation": 103}, None),
        ((104, 110, 90, 105), {"trailing": 4, "activation": 103}, (20, 100)),  # the open activates it
    ],
)
def test_inside_a_candle(prices: Any, conditions: Any, fill: Any) -> None:
    rows = [candle(0, (100, 100, 100, 100)), candle(10, prices)]
    tables = agreed({"candles": rows}, [held(1, -1, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])


@pytest.mark.parametrize(("path", "fill"), [("open_high_low_close", [(20, 106)]), ("open_low_high_close", [(20, 106)])])
def test_on_the_path_of_a_candle(path: Any, fill: Any) -> None:
    """110 activates it at either point; behind it comes the low of 90, or the close of 105."""
    rows = [candle(0, (100, 100, 100, 100)), candle(10, (100, 110, 90, 105))]
    tables = agreed({"candles": rows}, [held(1, -1, trailing=4, activation=103)], btc="1", candle_path=path)
    assert [(time, price) for time, price, *_ in fills(tables)] == fill


@pytest.mark.parametrize(
    ("by", "ahead", "trail"), [("price", 103, 2), ("distance", 3, 2), ("fraction", 0.03, 0.02), ("ticks", 3, 2)]
)
def test_protection_trails_from_its_activation(by: Any, ahead: float, trail: float) -> None:
    """Bought at 100, it follows from 103 on; before, the position has no stop."""
    entry = held(0.5, 1, trailing_stop=trail, trailing_activation=ahead)
    tables = agreed({"trades": moves(100, 100, 90, 103, 105, 103)}, [entry], protect_by=by)
    assert [(time, price) for time, price, *_ in fills(tables)] == [(1, 100), (5, 103)]
    assert tables.orders[1]["activation"] == 103  # told when it starts
    assert tables.orders[1]["trigger"] == 0


def test_a_stop_loss_stands_until_it_trails() -> None:
    entry = held(0.5, 1, stop_loss=5, trailing_stop=2, trailing_activation=3)
    for prices, left in (((100, 100, 102, 99, 95, 94), 95), ((100, 100, 104, 103, 102, 94), 102)):
        tables = agreed({"trades": moves(*prices)}, [entry], protect_by="distance")
        assert [price for _, price, *_ in fills(tables)] == [100, left]


@pytest.mark.parametrize(
    ("time", "activation", "status", "fill"),
    [
        (1.5, 101, "done", [(4, 101)]),  # 102 activates it then, and 104 moves it
        (1.5, 110, "done", []),
        (3.5, 110, "rejected", [(4, 101)]),  # 104 was there
    ],
)
def test_it_can_be_amended_until_it_is_reached(time: float, activation: float, status: str, fill: Any) -> None:
    rows = [held(0.5, -1, trailing=3, activation=103), amend(time, 0, activation=activation)]
    tables = agreed({"trades": moves(100, 100, 102, 104, 101, 101)}, rows, btc="1")
    assert [(when, price) for when, price, *_ in fills(tables)] == fill
    assert tables.amends[0]["status"] == status
    assert tables.amends[0]["reason"] == ("" if status == "done" else "already_active")
    assert tables.orders[0]["activation"] == (activation if status == "done" else 103)


def test_that_of_protection_can_be_amended_before_it_starts_and_after() -> None:
    """From 103 put to 101, where its distance from an entry becomes a price; the entry waits for 99, or does not."""
    for price in (99.0, None):
        entry = held(0.5, 1, price, trailing_stop=2, trailing_activation=103)
        rows = [entry, amend(1.5, 0, trailing_activation=101)]
        tables = agreed({"trades": moves(100, 98, 98, 101, 100, 99)}, rows)
        assert [price for _, price, *_ in fills(tables)][1:] == [99]


def most_trail(scenario: Scenario, seed: int) -> Scenario:
    """The same scenario in which most orders that can trail do, and with what activates them."""
    source, rows = Seeded(seed), list[Row]()
    by_name = {item.name: item for item in scenario.instruments}
    for row in scenario.schedule:
        said = conditions_of(row)
        may = row[0] == "open" and not row[6] and row[5] in ("gtc", "day") and said.if_touched is None
        trails = any(getattr(said, name) is not None for name in ("trailing", "trailing_rate", "trailing_ticks"))
        if not may or trails or not chance(source, 80):
            rows.append(row)
        elif chance(source, 50):
            rows.append(told(row, replace(said, trailing_rate=source.pick(RATES), candle_fill=None)))
        else:
            distance = in_ticks(by_name[row[2]], source.integer(1, 4))
            rows.append(told(row, replace(said, trailing=distance, candle_fill=None)))
    return with_activation(source, replace(scenario, schedule=tuple(rows)))


def test_on_random_schedules_both_engines_agree() -> None:
    seen = 0
    for seed in range(60):
        scenario = most_trail(random_scenario(seed), seed)
        if all(conditions_of(row).activation is None for row in scenario.schedule) or seen == 12:
            continue
        text = disagreement(scenario, interpret=True)
        assert not text, (seed, text)
        seen += 1
    assert seen == 12


def test_distances_in_ticks_mean_the_same() -> None:
    """What is not a distance stays; the tables are equal."""
    from .compare import fast, tables_of

    seen = 0
    for seed in range(400):
        scenario = random_scenario(seed)
        if scenario.protect_by != "distance" or not all(item.declares_tick for item in scenario.instruments):
            continue
        if any(conditions_of(row).trailing_ticks for row in scenario.schedule):
            continue
        counted = in_counted_ticks(scenario)
        assert counted.protect_by == "ticks"
        assert tables_of(fast(counted, interpret=True)) == tables_of(fast(scenario, interpret=True)), seed
        seen += 1
        if seen == 5:
            return
    raise AssertionError("too few")
