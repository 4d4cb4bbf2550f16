"""Random ways in which targets enter, and random prices that triggers look at."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.conditions import told
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import NEAR, in_ticks, price
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import (
    CANDLE_FILLS,
    PROTECT_BY,
    Entry,
    InstrumentSpec,
    ProtectBy,
    Row,
    Scenario,
    TriggerBy,
    conditions_of,
)
from barter_bt.testing.scenario.timing import SESSION_TIMES, is_held, make_time

DRAWN: tuple[str, ...] = ("entries", "trigger_by", "size_at")  # of random scenarios
RATES = (0.01, 0.02, 0.03, 0.001, 0.012345678)  # of a price of about a hundred ticks


def with_entries(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, some of its targets with limits, stops and times, some of its triggers with a choice."""
    if "entries" in DRAWN and chance(source, 50):
        by = source.pick(PROTECT_BY)
        items, times = {item.name: item for item in scenario.instruments}, sorted(set(times_of(scenario)))
        rows = tuple(
            told(row, replace(conditions_of(row), entry=make_entry(source, scenario, items[row[2]], row, by, times)))
            if row[0] == "target" and row[3] is not None and chance(source, 70)
            else row
            for row in scenario.schedule
        )
        scenario = replace(scenario, schedule=rows, price_by=by)
    if "size_at" in DRAWN and scenario.size != "units" and not _enters(scenario) and chance(source, 50):
        scenario = replace(scenario, size_at="fill")
    if "trigger_by" in DRAWN and chance(source, 50):
        scenario = replace(scenario, schedule=tuple(_with_choice(source, scenario, row) for row in scenario.schedule))
    return scenario


def _enters(scenario: Scenario) -> bool:
    """Whether a target enters by a limit or a stop."""
    entries = [conditions_of(row).entry for row in scenario.schedule if row[0] == "target"]
    return any(one is not None and (one.limit is not None or one.stop is not None) for one in entries)


def make_entry(
    source: Source, scenario: Scenario, item: InstrumentSpec, row: Row, by: ProtectBy, times: list[int]
) -> Entry:
    """A limit, a stop, both or neither."""

    def number() -> float:
        if by == "price":
            return price(source, item, NEAR)
        return source.pick(RATES) if by == "fraction" else in_ticks(item, source.integer(1, 4))

    kind = source.pick(("limit", "limit", "limit", "stop", "stop_limit", "market"))
    entry = Entry(
        limit=number() if kind in ("limit", "stop_limit") else None,
        stop=number() if kind in ("stop", "stop_limit") else None,
    )
    held = entry.stop is not None
    if chance(source, 60):
        return replace(entry, post_only=kind == "limit" and chance(source, 20))
    if scenario.sessions and chance(source, 60):
        return replace(entry, time_in_force="day" if held else source.pick(SESSION_TIMES))
    force = source.pick(("gtc", "gtc", "ioc", "fok"))
    after = make_time(source, times, row[1]) if chance(source, 30) else None
    till = make_time(source, times, row[1]) if force == "gtc" and chance(source, 50) else None
    if after is not None and till is not None and after >= till:
        after = None
    takes = not held and (kind == "market" or force != "gtc")
    fill = source.pick(CANDLE_FILLS) if takes and chance(source, 50) else None
    return replace(entry, time_in_force=force, good_after=after, good_till=till, candle_fill=fill)


def _with_choice(source: Source, scenario: Scenario, row: Row) -> Row:
    """A row whose triggers look at prices that the data has."""
    if row[0] == "cancel" or not chance(source, 60):
        return row
    conditions = conditions_of(row)
    stops = conditions.stop_loss is not None or conditions.trailing_stop is not None
    enters = conditions.entry is not None and conditions.entry.stop is not None
    if not (stops or enters or (row[0] == "open" and is_held(row))):
        return row
    there = [one.kind for one in scenario.streams if any(row[2] in line for line in one.rows)]
    choices: list[TriggerBy] = ["mark"] if there else []
    if "quotes" in there:
        choices.append("quote")
    if "trades" in there or "candles" in there:
        choices.append("last")
    return told(row, replace(conditions, trigger_by=source.pick(choices))) if choices else row
