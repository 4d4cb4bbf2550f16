"""Rule 101 on both engines: by hand, and on random schedules whose protected opens are amended."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from barter_bt.testing.scenario import Row, Scenario, random_scenario
from barter_bt.testing.scenario.amends import renumbered
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.spec import Conditions, conditions_of

from .compare import disagreement
from .tiny import agreed, fills, held, moves, t

NOTHING = (None,) * 5
AROUND_ZERO = (2292, 2907)
"""Seeds of schedules that give a price of 0."""


def amend(time: float, ref: int, price: float | None = None, **protection: Any) -> Row:
    return ("amend", t(time), ref, price, *NOTHING[1:], Conditions(**protection))


def test_a_stop_that_has_not_started_starts_at_the_price_that_it_was_given() -> None:
    """The entry waits at 95 for the fifth trade; its stop at 80 is put to 92 before."""
    rows = [held(0.5, 2, 95, stop_loss=80, take_profit=120), amend(1.5, 0, stop_loss=92, take_profit=97)]
    for prices, left in (((100, 100, 100, 94, 94, 91), 91), ((100, 100, 100, 94, 94, 98), 97)):
        tables = agreed({"trades": moves(*prices)}, rows)
        assert [price for _, price, *_ in fills(tables)] == [95, left]


def test_a_stop_that_trails_is_drawn_nearer_before_and_after_it_starts() -> None:
    for entry in (held(0.5, 2, trailing_stop=20), held(0.5, 2, 95, trailing_stop=20)):
        rows = [entry, amend(1.5, 0, trailing_stop=3)]
        tables = agreed({"trades": moves(100, 100, 94, 99, 96, 90)}, rows)
        assert len(tables.amends) == 1


def with_amends(scenario: Scenario, seed: int) -> Scenario:
    """Each protected open, an entry by prices, has its prices swapped about by later rows."""
    random, times = Random(seed), times_of(scenario)
    keyed = [((row[1], 1), number, row) for number, row in enumerate(scenario.schedule)]
    for number, row in enumerate(scenario.schedule):
        said = conditions_of(row)
        has = {name: getattr(said, name) for name in ("stop_loss", "take_profit", "trailing_stop")}
        has = {name: value for name, value in has.items() if value is not None}
        later = [time for time in times if time > row[1]]
        if row[0] != "open" or not has or not later:
            continue
        for _ in range(random.randint(1, 3)):
            names = random.sample(sorted(has), random.randint(1, len(has)))
            given: dict[str, Any] = {
                name: has[name] if random.random() < 0.3 else near(scenario, row[2], has[name]) for name in names
            }
            time = random.choice(later[: random.choice((3, 9, 99))])
            keyed.append(((time, 0), -1, ("amend", time, number, *NOTHING, Conditions(**given))))
    keyed.sort(key=lambda one: one[0])
    now = {number: place for place, (_, number, _) in enumerate(keyed) if number >= 0}
    return replace(scenario, schedule=tuple(renumbered(row, now) for _, _, row in keyed))


def near(scenario: Scenario, name: str, price: float) -> float:
    """A tick above: on the grid, and above 0."""
    (item,) = [each for each in scenario.instruments if each.name == name]
    return float(f"{price + float(item.tick):.9g}")


def test_on_random_schedules_both_engines_agree() -> None:
    seen = 0
    for seed in (*range(400), *AROUND_ZERO):
        scenario = random_scenario(seed)
        amended = with_amends(scenario, seed) if scenario.protect_by == "price" else scenario
        if amended.schedule == scenario.schedule or (seen >= 12 and seed not in AROUND_ZERO):
            continue
        text = disagreement(amended, interpret=True)
        assert not text, (seed, text)
        seen += 1
    assert seen == 12 + len(AROUND_ZERO)
