"""Random times of orders: held back until something happens, for sessions, and at prices of candles of their choice."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from barter_bt.testing.scenario.conditions import told
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import SECOND
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import CANDLE_FILLS, Conditions, Row, Scenario, Session, conditions_of

SESSION_TIMES = ("day", "at_open", "at_close", "at_close")


def with_timing(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, two of five times with sessions, and some of its orders with times and prices of candles."""
    if not chance(source, 40):
        return scenario
    times = sorted(set(times_of(scenario)))
    names = {item.name: make_sessions(source, times) for item in scenario.instruments}
    rows: list[Row] = []
    for row in scenario.schedule:
        if row[0] != "open" or not chance(source, 45):
            rows.append(row)
            continue
        conditions, held = conditions_of(row), is_held(row)
        timed = conditions.good_till is not None
        if row[5] == "gtc" and not timed and not row[6] and chance(source, 50):
            force = "day" if held else source.pick(SESSION_TIMES)
            rows.append((*row[:5], force, *row[6:]))
            continue
        after = make_time(source, times, row[1]) if chance(source, 70) else None
        if after is not None and timed and after >= (conditions.good_till or 0):
            after = None
        takes = not held and (row[4] is None or row[5] != "gtc")
        fill = source.pick(CANDLE_FILLS) if takes and chance(source, 60) else None
        rows.append(told(row, replace(conditions, good_after=after, candle_fill=fill)))
    return replace(scenario, schedule=tuple(rows), sessions=tuple(names.items()))


def is_held(row: Row) -> bool:
    """Whether an order waits for a trigger."""
    conditions: Conditions = conditions_of(row)
    kinds = ("stop", "if_touched", "trailing", "trailing_rate", "trailing_ticks")
    return any(getattr(conditions, kind) is not None for kind in kinds)


def make_time(source: Source, times: list[int], sent: int) -> int:
    """A time at which something happens anyway, or close to it, after an order was sent."""
    later = [time for time in times if time > sent]
    time = source.pick(later[: source.pick((99, 20, 6))]) if later else sent
    return max(time + source.pick((0, 0, 0, 0, -1, 1)), sent + 1)


def make_sessions(source: Source, times: list[int]) -> tuple[Session, ...]:
    """Sessions that open and close when something happens anyway, some as one closes; the last goes on behind all."""
    ends, place = [times[0] - source.pick((0, SECOND))], 0
    while place + 1 < len(times):
        place += source.integer(1, 4)
        ends.append(times[min(place, len(times) - 1)])
    ends = sorted(set(ends))
    found = [(opens, closes) for opens, closes in pairwise(ends) if chance(source, 75)]
    last = max(ends[-1], times[-1])
    return (*found, (last, last + 1_000 * SECOND))
