"""Random order books: messages with gaps, old, stale, crossed and one-sided, in place of quotes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.numbers import CENTER, NEAR, SECOND, amount, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Evidence, ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec

DRAWN = True  # of random scenarios
LEAST_TICK = Decimal("1e-6")  # of those that are not declared: units must not be too far apart
_NUMBERED = ("both", "both", "sequence", "")


def with_books(source: Source, scenario: Scenario, percent: int = 15) -> Scenario:
    """The same scenario, now and then with books of some instruments in place of their quotes."""
    if not DRAWN or not chance(source, percent):
        return scenario
    chosen = [item for item in scenario.instruments if can_have_book(scenario, item) and chance(source, 75)]
    if not chosen:
        return scenario
    times = sorted({time for stream in scenario.streams for row in stream.rows for time in _times(stream, row)})
    names = {item.name for item in chosen}
    streams = [one for stream in scenario.streams for one in _without_quotes(stream, names)]
    streams += [make_trades(source, item, times) for item in chosen if chance(source, 50)]
    streams = [with_sides(source, one, names) for one in streams]
    streams += [StreamSpec("book", make_book(source, item, times)) for item in chosen]
    exchanges = tuple(with_queues(source, one, scenario, names) for one in scenario.exchanges)
    return replace(scenario, streams=tuple(streams), exchanges=exchanges)


def can_have_book(scenario: Scenario, item: InstrumentSpec) -> bool:
    """Whether nothing else of the scenario forbids it (rules 89 and 90)."""
    exchange = next(one for one in scenario.exchanges if one.name == item.exchange)
    splits = any(row[0] == "split" and row[2] == item.name for row in scenario.cash_flows)
    bounded = exchange.participation is not None or exchange.fills_beyond
    too_fine = not item.declares_tick and Decimal(item.tick) < LEAST_TICK
    return not (splits or bounded or too_fine or item.price_can_be_negative)


def _times(stream: StreamSpec, row: Row) -> tuple[int, ...]:
    """When a row happens at its exchange."""
    return (row[0], row[1]) if stream.kind == "candles" else (row[0],)


def _without_quotes(stream: StreamSpec, names: set[str]) -> list[StreamSpec]:
    if stream.kind != "quotes":
        return [stream]
    rows = tuple(row for row in stream.rows if row[2] not in names)
    return [replace(stream, rows=rows)] if rows else []


def make_trades(source: Source, item: InstrumentSpec, times: Sequence[int]) -> StreamSpec:
    """Trades close to where the book is, so that queues move."""
    some = sorted(source.pick(times) for _ in source.several(1, 12))
    near = (CENTER - 2, CENTER + 2)
    rows = [(time, None, item.name, in_ticks(item, between(source, near)), amount(source, item, 1)) for time in some]
    return StreamSpec("trades", tuple(rows))


def with_sides(source: Source, stream: StreamSpec, names: set[str]) -> StreamSpec:
    """Half of the trades of what has a book say who took."""
    if stream.kind != "trades" or not names.intersection(row[2] for row in stream.rows) or chance(source, 50):
        return stream
    return replace(stream, rows=tuple((*row, source.pick((1, -1))) for row in stream.rows))


def with_queues(source: Source, spec: ExchangeSpec, scenario: Scenario, names: set[str]) -> ExchangeSpec:
    """A queue model; where all instruments of an exchange have a book, it may be told to fill on it."""
    queue = source.pick(("conservative", "power", "power", "logarithmic"))
    spec = replace(spec, queue=queue, queue_power=source.integer(1, 9) if queue == "power" else None)
    if any(item.exchange == spec.name and item.name not in names for item in scenario.instruments):
        return spec
    ways: tuple[Evidence, ...] = ("auto", "book")
    takers = source.pick(ways) if chance(source, 70) else spec.taker_fills_on
    resting = source.pick(ways) if chance(source, 70) else spec.maker_fills_on
    return replace(spec, taker_fills_on=takers, maker_fills_on=resting)


def make_book(source: Source, item: InstrumentSpec, times: Sequence[int]) -> tuple[Row, ...]:
    """Rows from the first to the last of these times, mostly whole messages of a book that moves."""
    some = [source.pick(times) for _ in source.several(2, 16)]
    received, numbered = chance(source, 25), source.pick(_NUMBERED)
    rows: list[Row] = []
    stands: set[tuple[int, int]] = set()
    moves = source.pick((30, 5))
    middle, number, arrival = CENTER, source.integer(0, 5), times[0]
    for place, time in enumerate(sorted((times[0], *some, times[-1]))):
        middle = between(source, NEAR) if chance(source, moves) else middle
        arrival = max(arrival, time + source.pick((0, 0, SECOND // 2, SECOND)))
        is_snapshot = chance(source, 12 if place else 85)
        if is_snapshot:
            stands.clear()
        levels = make_levels(source, item, middle, stands, source.integer(0, 5) if is_snapshot else source.integer(1, 3))
        sequence, previous, number = make_numbers(source, number)
        head = (
            is_snapshot,
            sequence if numbered else None,
            previous if numbered == "both" else None,
        )
        rows += [(time, arrival if received else None, item.name, *level, *head) for level in levels]
    return tuple(rows)


def make_levels(
    source: Source, item: InstrumentSpec, middle: int, stands: set[tuple[int, int]], count: int
) -> list[tuple[int, float, float]]:
    """Levels around a price, mostly with the removal of those on the other side that they cross."""
    found: list[tuple[int, float, float]] = []
    tidy = chance(source, 90)
    for _ in range(count):
        side = source.pick((1, -1))
        ticks = middle - side * source.pick((1, 1, 1, 2, 2, 3, 4, 0))
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
