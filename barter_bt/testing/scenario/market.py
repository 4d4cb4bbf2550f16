"""Random market data: valid rows, few prices and times, often several at one time."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.testing.scenario.numbers import NEAR, SECOND, START, amount, between, in_ticks, price
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import KINDS, InstrumentSpec, Kind, Row, StreamSpec


@dataclass(frozen=True)
class Shape:
    """How much market data: most ticks of a stream, most candles of an instrument, span of prices in ticks."""

    ticks: int = 18
    candles: int = 12
    span: tuple[int, int] = NEAR


def make_streams(
    source: Source,
    instruments: tuple[InstrumentSpec, ...],
    kinds: dict[str, tuple[Kind, ...]],
    feeds: dict[str, int],
    together: bool,
) -> tuple[StreamSpec, ...]:
    """Streams of one kind each: of one instrument, or of all with one feed latency."""
    groups: list[tuple[Kind, list[InstrumentSpec]]] = []
    for kind in KINDS:
        members = [item for item in instruments if kind in kinds[item.name]]
        shared = (together or chance(source, 50)) and len({feeds[item.exchange] for item in members}) == 1
        groups += [(kind, members)] if shared else [(kind, [item]) for item in members]
    if chance(source, 50):
        groups.reverse()
    return tuple(StreamSpec(kind, make_rows(source, kind, members, together)) for kind, members in groups)


def make_rows(
    source: Source, kind: Kind, members: list[InstrumentSpec], together: bool = False, shape: Shape = Shape()
) -> tuple[Row, ...]:
    """Rows in time order; every instrument of the stream has at least one."""
    received, arrival = chance(source, 25), START
    if together:
        times = make_stamps(source, members)
    else:
        candles = kind == "candles"
        times = make_spans(source, members, shape.candles) if candles else make_times(source, members, shape.ticks)
    rows: list[Row] = []
    for time, end, item in times:
        close = end if kind == "candles" else time
        arrival = max(arrival, close + source.pick((0, 0, SECOND // 2, SECOND)))
        heard = arrival if received else None
        if kind == "trades":
            rows.append((time, heard, item.name, price(source, item, shape.span), amount(source, item, 1)))
        elif kind == "quotes":
            sizes = [amount(source, item, 0) for _ in range(2)]
            bid, ask = make_quote(source, shape.span, min(sizes) > 0)
            rows.append((time, heard, item.name, in_ticks(item, bid), sizes[0], in_ticks(item, ask), sizes[1]))
        else:
            prices = sorted(between(source, shape.span) for _ in range(4))
            inner = prices[1:3] if source.integer(0, 1) else prices[2:0:-1]
            ohlc = (inner[0], prices[3], prices[0], inner[1])
            volume = amount(source, item, 0)
            rows.append((time, close, heard, item.name, *(in_ticks(item, ticks) for ticks in ohlc), volume))
    return tuple(rows)


def make_times(source: Source, members: list[InstrumentSpec], most: int) -> list[tuple[int, int, InstrumentSpec]]:
    """Times of ticks, twice each, and whose they are; often several at one time."""
    time, found = START, []
    for number in source.several(len(members), most + len(members) - 1):
        if number == 0 or source.integer(0, 2) > 0:
            time += source.pick((1, 1, 1, 2, 3)) * SECOND // source.pick((1, 1, 2))
        found.append((time, time, members[number] if number < len(members) else source.pick(members)))
    return found


def make_stamps(source: Source, members: list[InstrumentSpec]) -> list[tuple[int, int, InstrumentSpec]]:
    """Every member at each time, in any order."""
    time, found = START, []
    for _ in source.several(3, 8):
        close = time + SECOND
        order = {item.name: source.integer(0, 99) for item in members}
        found += [(time, close, item) for item in sorted(members, key=lambda item: order[item.name])]
        time = close
    return found


def make_spans(source: Source, members: list[InstrumentSpec], most: int) -> list[tuple[int, int, InstrumentSpec]]:
    """Opens and closes of candles: one interval for all, or each instrument with an interval and gaps of its own."""
    shared, found = source.pick((1, 2, 5)) * SECOND, []
    mixed = chance(source, 40)
    for item in members:
        step = source.pick((1, 2, 3, 7, 20)) * SECOND if mixed else shared
        time = START + shared + (source.integer(0, 6) * SECOND // 2 if mixed else 0)
        for _ in source.several(1, most):
            found.append((time, time + step, item))
            time += step + source.pick((0, 0, 0, step if not mixed else SECOND // 2))
    order = {item.name: source.integer(0, 99) for item in members}
    return sorted(found, key=lambda one: (one[1], order[one[2].name]))


def make_quote(source: Source, span: tuple[int, int], whole: bool) -> tuple[int, int]:
    """Mostly a spread of one to three ticks; sometimes locked; crossed only if a side is empty."""
    middle = sum(span) // 2
    bid = middle + source.integer(span[0] - middle, span[1] - middle - 1)
    return bid, bid + source.pick((1, 1, 1, 2, 3, 1, 1, 0, 0 if whole else -1))
