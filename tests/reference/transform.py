"""Scenarios made from scenarios, for relations between runs that hold without knowing the right answer."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

from barter_bt.testing.scenario import ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec

T = TypeVar("T")
BYSTANDER = "aaa_bystander"  # sorts before all others: every index moves
MINUTE = 60 * 10**9
PRICES = {"trades": (3,), "quotes": (3, 5), "candles": (4, 5, 6, 7)}
AMOUNTS = {"trades": (4,), "quotes": (4, 6), "candles": (8,)}
TIMES = {"trades": (0, 1), "quotes": (0, 1), "candles": (0, 1, 2)}
NAME = {"trades": 2, "quotes": 2, "candles": 3}


def changed(row: Row, cells: dict[int, object]) -> Row:
    """A row with some cells replaced."""
    return tuple(cells.get(place, cell) for place, cell in enumerate(row))


def permuted(scenario: Scenario, seed: int) -> Scenario:
    """Instruments, exchanges and balances declared in another order."""
    order = random.Random(seed)

    def shuffled(part: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(order.sample(part, len(part)))

    return replace(
        scenario,
        instruments=shuffled(scenario.instruments),
        exchanges=shuffled(scenario.exchanges),
        balances=shuffled(scenario.balances),
    )


def permuted_rows(scenario: Scenario, seed: int) -> Scenario:
    """Rows of one stamp of one stream in another order of instruments."""
    rank = random.Random(seed)
    order = {item.name: rank.random() for item in scenario.instruments}

    def key(kind: str, row: Row) -> tuple[int, int, float]:
        stamp = 1 if kind == "candles" else 0
        return row[stamp], row[stamp + 1] or 0, order[row[NAME[kind]]]

    streams = []
    for one in scenario.streams:
        streams.append(StreamSpec(one.kind, tuple(sorted(one.rows, key=partial(key, one.kind)))))
    return replace(scenario, streams=tuple(streams))


def shift_of(scenario: Scenario) -> int:
    """A shift that keeps marks where they are: many intervals."""
    return (scenario.mark_every_ns or MINUTE) * 1_000_003


def shifted(scenario: Scenario, by: int) -> Scenario:
    """All times later by a constant."""

    def later(kind: str, row: Row) -> Row:
        return changed(row, {place: row[place] + by for place in TIMES[kind] if row[place] is not None})

    streams = tuple(StreamSpec(one.kind, tuple(later(one.kind, row) for row in one.rows)) for one in scenario.streams)
    schedule = tuple(changed(row, {1: row[1] + by}) for row in scenario.schedule)
    start = None if scenario.start is None else scenario.start + by
    instruments = tuple(
        one if one.expiry is None else replace(one, expiry=one.expiry + by) for one in scenario.instruments
    )
    return replace(scenario, instruments=instruments, streams=streams, schedule=schedule, start=start)


def earliest_cut(scenario: Scenario) -> int:
    """From here on each stream has shown each of its instruments, so that nothing is decided by their absence.

    And something has happened since the start.
    """
    first: dict[tuple[int, str], int] = {}
    started = []
    for number, stream in enumerate(scenario.streams):
        for row in stream.rows:
            first.setdefault((number, row[NAME[stream.kind]]), row[0])
            if scenario.start is None or row[1 if stream.kind == "candles" else 0] >= scenario.start:
                started.append(row[0])
    return max(*first.values(), min(started))


def truncated(scenario: Scenario, time: int) -> Scenario:
    """Without what happens at the venues after ``time``; of a candle that is open then, only its open is known."""

    def known(kind: str, row: Row) -> Row:
        if kind != "candles" or row[1] <= time:
            return row
        return changed(row, dict.fromkeys((5, 6, 7), row[4]))

    streams = tuple(
        StreamSpec(one.kind, tuple(known(one.kind, row) for row in one.rows if row[0] <= time))
        for one in scenario.streams
    )
    schedule = tuple(row for row in scenario.schedule if row[1] <= time)
    return replace(scenario, streams=streams, schedule=schedule)


def last_arrival(scenario: Scenario) -> int:
    """When the engine sees its last market event."""
    feeds = {spec.name: spec.feed_ns for spec in scenario.exchanges}
    exchange = {spec.name: spec.exchange for spec in scenario.instruments}
    arrivals: list[int] = []
    for stream in scenario.streams:
        stamp = 1 if stream.kind == "candles" else 0
        for row in stream.rows:
            delay = feeds[exchange[row[NAME[stream.kind]]]]
            arrivals.append(row[stamp] + delay if row[stamp + 1] is None else row[stamp + 1])
    return max(arrivals)


def has_expired(item: InstrumentSpec, time: int) -> bool:
    """Whether a market event of this time is passed over."""
    return item.expiry is not None and time > item.expiry


def with_bystander(scenario: Scenario) -> Scenario:
    """One more instrument with a market of its own, at times at which something happens anyway."""
    first = scenario.streams[0]
    twin = next(item for item in scenario.instruments if item.name == first.rows[0][NAME[first.kind]])
    terms: ExchangeSpec = next(spec for spec in scenario.exchanges if spec.name == twin.exchange)
    kinds = {kind for kind in (terms.taker_evidence, terms.maker_evidence) if kind != "auto"} or {first.kind}
    extra = []
    for kind in sorted(kinds):
        stream = next(
            one
            for one in scenario.streams
            if one.kind == kind and any(row[NAME[kind]] == twin.name for row in one.rows)
        )
        stamp = 1 if kind == "candles" else 0
        rows = [row for row in stream.rows if row[NAME[kind]] == twin.name and not has_expired(twin, row[stamp])]
        cells = dict.fromkeys(PRICES[kind], 100.0) | dict.fromkeys(AMOUNTS[kind], 7.0)
        if kind == "quotes":
            cells[5] = 101.0  # the ask
        extra.append(StreamSpec(stream.kind, tuple(changed(row, {NAME[kind]: BYSTANDER, **cells}) for row in rows)))
    item = InstrumentSpec(BYSTANDER, twin.exchange, "aaa", twin.quote)
    return replace(scenario, instruments=(*scenario.instruments, item), streams=(*scenario.streams, *extra))


def flat(scenario: Scenario, ticks: int) -> Scenario | None:
    """Every price the same; None for scenarios with quotes, whose two sides cannot be."""
    if any(stream.kind == "quotes" for stream in scenario.streams):
        return None
    price = {spec.name: float(ticks * Decimal(spec.tick)) for spec in scenario.instruments}

    def same(kind: str, row: Row) -> Row:
        return changed(row, dict.fromkeys(PRICES[kind], price[row[NAME[kind]]]))

    streams = tuple(StreamSpec(one.kind, tuple(same(one.kind, row) for row in one.rows)) for one in scenario.streams)
    schedule = tuple(
        changed(row, {4: price[row[2]]}) if row[0] == "open" and row[4] is not None else row
        for row in scenario.schedule
    )
    return replace(scenario, streams=streams, schedule=schedule)
