"""Volume that an exchange counts, the rates that go by it, and conversions at its marks (rule 62).

Assumptions: what counts is the notional of own fills; an interval decides nothing before it has ended, as exchanges set
the fees of a day by the days before it.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import exchanged
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.state import VenueState

NO_MARK = -1


def convert(v: VenueState, step: int, amount: int) -> int:
    """An amount from 0 on by a row of the steps, at the venue's mark; NO_MARK while there is none."""
    s = v.steps
    if s.instrument[step] < 0:
        return amount
    ticks = mark_ticks(v, s.instrument[step])
    return exchanged(amount, ticks, s.num[step], s.den[step], s.divides[step]) if ticks > 0 else NO_MARK


@unit
def count_volume(v: VenueState, i: int, value: int) -> None:
    """A fill adds its notional to the interval that goes on."""
    c, exchange = v.volumes, v.terms.exchange[i]
    for counter in range(len(c)):
        if c.exchange[counter] == exchange:
            amount = convert(v, c.step_first[counter] + i, value)
            c.now[counter] = min(bounded_sum(c.now[counter], max(amount, 0)), LIMIT)


@unit
def end_interval(v: VenueState, counter: int) -> None:
    """An interval has ended: the rates become those of the last ones' volume."""
    c, total = v.volumes, 0
    first, window = c.first[counter], c.window[counter]
    v.intervals.amount[first + c.place[counter]] = c.now[counter]
    c.place[counter] = (c.place[counter] + 1) % window
    c.now[counter] = 0
    for row in range(first, first + window):
        total = min(bounded_sum(total, v.intervals.amount[row]), LIMIT)
    for i in range(len(v.fee_terms)):
        if v.fee_terms.counter[i] == counter:
            _set_rates(v, i, total)


def _set_rates(v: VenueState, i: int, volume: int) -> None:
    f, levels, found = v.fee_terms, v.levels, v.fee_terms.level_first[i]
    for row in range(f.level_first[i], f.level_end[i]):
        if levels.volume[row] <= volume:
            found = row
    v.terms.maker_rate[i], v.terms.taker_rate[i] = levels.maker_rate[found], levels.taker_rate[found]
