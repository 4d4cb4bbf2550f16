"""Random order books: messages with gaps, old, stale, crossed and one-sided, in place of quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from barter_bt.data.schema import BOOKS
from barter_bt.testing.scenario.amends import renumbered
from barter_bt.testing.scenario.numbers import CENTER, NEAR, SECOND, amount, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, FillsOn, InstrumentSpec, QueueModel, Row, Scenario, StreamSpec

DRAWN = True  # of random scenarios
LEAST_TICK = Decimal("1e-6")  # of those that are not declared: units must not be too far apart
Limit = tuple[int, int]
_NUMBERED = ("both", "both", "sequence", "")


def with_books(source: Source, scenario: Scenario, percent: int = 15) -> Scenario:
    """The same scenario, if it has none yet now and then with books of some instruments in place of their quotes."""
    there = any(stream.kind in BOOKS for stream in scenario.streams)
    if there or not DRAWN or not chance(source, percent):
        return scenario
    chosen = [item for item in scenario.instruments if can_have_book(scenario, item) and chance(source, 75)]
    if not chosen:
        return scenario
    times = sorted({time for stream in scenario.streams for row in stream.rows for time in _times(stream, row)})
    names = {item.name for item in chosen}
    streams = [one for stream in scenario.streams for one in _without_quotes(stream, names)]
    for item in chosen:
        scenario = with_resting(source, scenario, item, times) if chance(source, 60) else scenario
    limits = {item.name: limits_of(scenario, item) for item in chosen}
    streams += [make_trades(source, item, times, limits[item.name]) for item in chosen if chance(source, 65)]
    streams = [with_sides(source, one, names) for one in streams]
    streams += [StreamSpec("book", make_book(source, item, times, limits[item.name])) for item in chosen]
    exchanges = tuple(with_queues(source, one, scenario, names) for one in scenario.exchanges)
    return replace(scenario, streams=tuple(streams), exchanges=exchanges)


def can_have_book(scenario: Scenario, item: InstrumentSpec) -> bool:
    """Whether nothing else of the scenario forbids it (rules 89 and 90)."""
    exchange = next(one for one in scenario.exchanges if one.name == item.exchange)
    splits = any(row[0] == "split" and row[2] == item.name for row in scenario.cash_flows)
    bounded = exchange.participation is not None or exchange.fills_beyond
    too_fine = not item.declares_tick and Decimal(item.tick) < LEAST_TICK
    return item.declares_lot and not (splits or bounded or too_fine or item.price_can_be_negative)


def _times(stream: StreamSpec, row: Row) -> tuple[int, ...]:
    """When a row happens at its exchange."""
    return (row[0], row[1]) if stream.kind == "candles" else (row[0],)


def _without_quotes(stream: StreamSpec, names: set[str]) -> list[StreamSpec]:
    if stream.kind != "quotes":
        return [stream]
    rows = tuple(row for row in stream.rows if row[2] not in names)
    return [replace(stream, rows=rows)] if rows else []


def with_resting(source: Source, scenario: Scenario, item: InstrumentSpec, times: Sequence[int]) -> Scenario:
    """The same scenario with more orders that rest close together, among the others."""
    keyed = [(row[1], number, row) for number, row in enumerate(scenario.schedule)]
    for time in sorted(source.pick(times) for _ in source.several(1, 8)):
        lots = float(Decimal(item.lot) * source.integer(1, 9)) * source.pick((1, -1))
        price = in_ticks(item, between(source, (CENTER - 2, CENTER + 2)))
        keyed.append((time, -1, ("open", time, item.name, lots, price, "gtc", chance(source, 50))))
    keyed.sort(key=lambda one: one[0])
    now = {number: place for place, (_, number, _) in enumerate(keyed) if number >= 0}
    return replace(scenario, schedule=tuple(renumbered(row, now) for _, _, row in keyed))


def limits_of(scenario: Scenario, item: InstrumentSpec) -> list[Limit]:
    """Side and ticks of the limits of orders that may rest, so that something happens in their queues."""
    found = [row for row in scenario.schedule if row[0] == "open" and row[2] == item.name and row[4] is not None]
    return [(1 if row[3] > 0 else -1, round(Decimal(repr(row[4])) / Decimal(item.tick))) for row in found]


def make_trades(source: Source, item: InstrumentSpec, times: Sequence[int], limits: Sequence[Limit]) -> StreamSpec:
    """Trades close to where the book is, most at the prices of own orders."""
    rows: list[Row] = []
    for time in sorted(source.pick(times) for _ in source.several(1, 16)):
        ticks = source.pick(limits)[1] if limits and chance(source, 65) else between(source, (CENTER - 2, CENTER + 2))
        rows.append((time, None, item.name, in_ticks(item, ticks), amount(source, item, 1)))
    return StreamSpec("trades", tuple(rows))


def with_sides(source: Source, stream: StreamSpec, names: set[str]) -> StreamSpec:
    """Half of the trades of what has a book say who took."""
    if stream.kind != "trades" or not names.intersection(row[2] for row in stream.rows) or chance(source, 50):
        return stream
    return replace(stream, rows=tuple((*row, source.pick((1, -1))) for row in stream.rows))


def with_queues(source: Source, spec: ExchangeSpec, scenario: Scenario, names: set[str]) -> ExchangeSpec:
    """A queue model; where all instruments of an exchange have a book, it may be told to fill on it."""
    models: tuple[QueueModel, ...] = ("conservative", "power", "relative_power", "logarithmic")
    queue = source.pick(models)
    spec = replace(spec, queue=queue, queue_power=source.integer(1, 9) if "power" in queue else None)
    if any(item.exchange == spec.name and item.name not in names for item in scenario.instruments):
        return spec
    ways: tuple[FillsOn, ...] = ("auto", "book")
    takers = source.pick(ways) if chance(source, 70) else spec.taker_fills_on
    resting = source.pick(ways) if chance(source, 70) else spec.maker_fills_on
    return replace(spec, taker_fills_on=takers, maker_fills_on=resting)


def make_book(source: Source, item: InstrumentSpec, times: Sequence[int], limits: Sequence[Limit]) -> tuple[Row, ...]:
    """Rows from the first to the last of these times, mostly whole messages of a book that moves."""
    some = [source.pick(times) for _ in source.several(2, 16)]
    received, numbered = chance(source, 25), source.pick(_NUMBERED)
    rows: list[Row] = []
    stands: set[Limit] = set()
    moves = source.pick((30, 5))
    middle, number, arrival = CENTER, source.integer(0, 5), times[0]
    for place, time in enumerate(sorted((times[0], *some, times[-1]))):
        middle = between(source, NEAR) if chance(source, moves) else middle
        arrival = max(arrival, time + source.pick((0, 0, SECOND // 2, SECOND)))
        is_snapshot = chance(source, 12 if place else 85)
        if is_snapshot:
            stands.clear()
        count = source.integer(0, 5) if is_snapshot else source.integer(1, 3)
        near = [make_level(source, middle, limits) for _ in range(count)]
        levels = make_levels(source, item, near, stands)
        sequence, previous, number = make_numbers(source, number)
        head = (
            is_snapshot,
            sequence if numbered else None,
            previous if numbered == "both" else None,
        )
        rows += [(time, arrival if received else None, item.name, *level, *head) for level in levels]
    return tuple(rows)


def make_level(source: Source, middle: int, limits: Sequence[Limit]) -> Limit:
    """Where an own order may stand, or around a price."""
    if limits and chance(source, 30):
        return source.pick(limits)
    side = source.pick((1, -1))
    return side, middle - side * source.pick((1, 1, 1, 2, 2, 3, 4, 0))


def make_levels(
    source: Source, item: InstrumentSpec, levels: Sequence[Limit], stands: set[Limit]
) -> list[tuple[int, float, float]]:
    """Rows of levels, mostly with the removal of those on the other side that they cross."""
    found: list[tuple[int, float, float]] = []
    tidy = chance(source, 90)
    for side, ticks in levels:
        size = amount(source, item, 0)
        stands.add((side, ticks)) if size else stands.discard((side, ticks))
        found.append((side, in_ticks(item, ticks), size))
        crossed = sorted(other for of, other in stands if of == -side and side * (ticks - other) >= 0)
        for other in crossed if tidy and size else ():
            stands.discard((-side, other))
            found.append((-side, in_ticks(item, other), 0.0))
    return found or [(0, 0.0, 0.0)]


def make_numbers(source: Source, before: int) -> tuple[int, int, int]:
    """The number of a message, that which it follows, and the number that is then known: with gaps, and old ones."""
    way = source.pick(("next", "next", "next", "next", "next", "next", "overlap", "gap", "old"))
    if way == "old":
        number = before - source.integer(0, 2)
        return number, number - 1, before
    number = before + source.integer(2, 3)
    previous = before + {"next": 0, "overlap": -1, "gap": 1}[way]
    return number, previous, number
