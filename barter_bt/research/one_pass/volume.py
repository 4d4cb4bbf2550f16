"""Rates of fees that go by the volume of the intervals before (rule 62), of one instrument counted in its quote."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.terms import Terms
from barter_bt.research.one_pass.tables import Kept
from barter_bt.venue.state import Levels


@unit
def start_counting(kept: Kept, terms: Terms, levels: Levels) -> None:
    """Nothing was traded yet in this run."""
    c = kept.volume
    c.now[0], c.place[0], c.due[0] = 0, 0, c.first_due[0]
    for row in range(len(kept.intervals)):
        kept.intervals.amount[row] = c.before[0]
    if c.every[0] > 0:
        _set_rates(kept, terms, levels)


def count(kept: Kept, value: int) -> None:
    """A fill adds its notional to the interval that goes on."""
    kept.volume.now[0] = min(bounded_sum(kept.volume.now[0], value), LIMIT)


@unit
def pass_time(kept: Kept, terms: Terms, levels: Levels, now: int) -> None:
    """End the intervals that end at ``now`` or before it."""
    c = kept.volume
    while c.due[0] <= now:
        kept.intervals.amount[c.place[0]] = c.now[0]
        c.place[0] = (c.place[0] + 1) % len(kept.intervals)
        c.now[0] = 0
        c.due[0] += c.every[0]
        _set_rates(kept, terms, levels)


def _set_rates(kept: Kept, terms: Terms, levels: Levels) -> None:
    total, found = 0, 0
    for row in range(len(kept.intervals)):
        total = min(bounded_sum(total, kept.intervals.amount[row]), LIMIT)
    for row in range(len(levels)):
        if levels.volume[row] <= total:
            found = row
    terms.maker_rate[0], terms.taker_rate[0] = levels.maker_rate[found], levels.taker_rate[found]
