"""The same scenario at another time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from barter_bt.testing.scenario.spec import (
    Conditions,
    DelaySpec,
    Entry,
    ExchangeSpec,
    Row,
    Scenario,
    conditions_of,
)

TIMES = {"trades": (0, 1), "quotes": (0, 1), "candles": (0, 1, 2), "book": (0, 1), "book_orders": (0, 1)}


def changed(row: Row, cells: dict[int, object]) -> Row:
    """A row with some cells replaced."""
    return tuple(cells.get(place, cell) for place, cell in enumerate(row))


def shifted(scenario: Scenario, by: int) -> Scenario:
    """All times later by a constant."""

    def later(kind: str, row: Row) -> Row:
        return changed(row, {place: row[place] + by for place in TIMES[kind] if row[place] is not None})

    streams = tuple(replace(one, rows=tuple(later(one.kind, row) for row in one.rows)) for one in scenario.streams)
    schedule = tuple(_later(row, by) for row in scenario.schedule)
    start = None if scenario.start is None else scenario.start + by
    instruments = tuple(
        one if one.expiry is None else replace(one, expiry=one.expiry + by) for one in scenario.instruments
    )
    flows = tuple(
        changed(row, {place: row[place] + by for place in ((1, 4) if row[0] == "payout" else (1,))})
        for row in scenario.cash_flows
    )
    exchanges = tuple(_delayed(one, by) for one in scenario.exchanges)
    moved = replace(scenario, exchanges=exchanges)
    moved = replace(moved, instruments=instruments, streams=streams, schedule=schedule, start=start, cash_flows=flows)
    sessions = ((name, tuple((opens + by, closes + by) for opens, closes in each)) for name, each in scenario.sessions)
    rates = (
        (base, quote, tuple((None if time is None else time + by, rate) for time, rate in rows))
        for base, quote, rows in scenario.rates
    )
    return replace(moved, sessions=tuple(sessions), rates=tuple(rates))


def _delayed(spec: ExchangeSpec, by: int) -> ExchangeSpec:
    """Terms whose delays change at times that much later."""

    def later(given: DelaySpec | None) -> DelaySpec | None:
        return given and (given[0], given[1], tuple(time + by for time in given[2]))

    ways: dict[str, Any] = {
        name: later(getattr(spec, name)) for name in ("request_delays", "response_delays", "feed_delays")
    }
    return replace(spec, **ways)


def _later(row: Row, by: int) -> Row:
    """A row of a schedule, with the times of its order."""
    row, conditions = changed(row, {1: row[1] + by}), conditions_of(row)
    later = _times(conditions, by)
    if conditions.entry is not None:
        later["entry"] = replace(conditions.entry, **_times(conditions.entry, by))
    return (*row[:-1], replace(conditions, **later)) if later else row


def _times(terms: Conditions | Entry, by: int) -> dict[str, Any]:
    times = {name: getattr(terms, name) for name in ("good_till", "good_after")}
    return {name: time + by for name, time in times.items() if time is not None}
