"""Random views of the market: a stream whose rows the strategy and the venue do not all see (rule 78)."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.data.stream import SeenBy
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Row, Scenario, StreamSpec

_PAIRS: tuple[tuple[SeenBy, SeenBy], ...] = (("venue", "strategy"), ("strategy", "venue"))


def with_views(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario; perhaps one of its streams is two, one for each side, of which one has fewer rows."""
    if not chance(source, 15) or scenario.start is not None:  # something is to be seen behind that
        return scenario
    number = source.integer(0, len(scenario.streams) - 1)
    whole, fewer = source.pick(_PAIRS)
    stream = scenario.streams[number]
    some = replace(stream, rows=thinned(stream, source.integer(2, 4)), seen_by=fewer)
    both = [replace(stream, seen_by=whole), some]
    if chance(source, 50):
        both.reverse()
    streams = (*scenario.streams[:number], *both, *scenario.streams[number + 1 :])
    return replace(scenario, streams=streams)


def thinned(stream: StreamSpec, every: int) -> tuple[Row, ...]:
    """Some of the rows, and the first of each instrument."""
    name, known, found = 3 if stream.kind == "candles" else 2, set(), []
    for number, row in enumerate(stream.rows):
        if number % every == every - 1 or row[name] not in known:
            found.append(row)
        known.add(row[name])
    return tuple(found)
