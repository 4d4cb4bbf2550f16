"""With what the orders of targets go, and the prices of those that enter by limits and stops: rules 18, 28 and 60."""

from __future__ import annotations

from fractions import Fraction

from barter_bt.testing.scenario import Row, Scenario
from barter_bt.testing.scenario.spec import Entry, ProtectBy, conditions_of

from .model import BILLION, Instrument, on_grid
from .order import Terms
from .protection import Distance
from .timing import check_times, settled

UNKNOWN = -1  # a price of an entry that is refused for that


def entry_of(row: Row) -> Entry:
    """What the row of a target says of its order; nothing is a market order."""
    return conditions_of(row).entry or Entry()


def enters(row: Row) -> bool:
    """Rule 60: whether the row of a target says how it enters."""
    return row[0] == "target" and (entry_of(row).limit is not None or entry_of(row).stop is not None)


def stays_possible(row: Row) -> bool:
    """Rule 60: whether an entry at work may stay for this row."""
    return enters(row) and entry_of(row).good_after is None and entry_of(row).good_till is None


def distance(instrument: Instrument, number: float, by: ProtectBy) -> Distance:
    """d of rule 60."""
    if by == "fraction":
        return Distance(rate=on_grid(number, Fraction(1, BILLION), "a fraction of a price"))
    return Distance(instrument.counted(number) if by == "ticks" else instrument.distance_of(number))


def prices_of(instrument: Instrument, row: Row, by: ProtectBy, price: int | None) -> tuple[int, int]:
    """Limit and trigger in ticks, 0 where there is none, while ``price`` is that of rule 6."""
    limit, stop, ahead = entry_of(row).limit, entry_of(row).stop, 1 if row[3] > 0 else -1
    if by == "price":
        return tuple(0 if one is None else instrument.ticks_of(one) for one in (limit, stop))  # type: ignore[return-value]
    if price is None:
        return UNKNOWN if limit is not None else 0, UNKNOWN if stop is not None else 0

    def away(number: float, start: int, towards: int) -> int:
        return max(start + towards * distance(instrument, number, by).of(start, instrument), 1)

    trigger = 0 if stop is None else away(stop, price, ahead)
    if limit is None:
        return 0, trigger
    return away(limit, *((price, -ahead) if stop is None else (trigger, ahead))), trigger


def terms_of_target(scenario: Scenario, instrument: Instrument, row: Row, price: int | None, now: int) -> Terms:
    """Those of the entry, else of the market order, of a target other than 0."""
    conditions, entry = conditions_of(row), entry_of(row)
    limit, trigger = prices_of(instrument, row, scenario.price_by, price)
    held = entry.stop is not None
    stops = conditions.stop_loss is not None or conditions.trailing_stop is not None
    assert held or stops or not conditions.trigger_by, "rule 28: on another order it is an error"
    assert not entry.post_only or (entry.limit is not None and not held), "rule 60: post-only is of a limit alone"
    terms = Terms(limit, entry.time_in_force, entry.post_only, "stop" if held else "", trigger)
    terms = terms._replace(good_till=entry.good_till, good_after=entry.good_after, candle_fill=entry.candle_fill or "")
    check_times(terms, entry, row[1])
    terms = terms._replace(trigger_by=conditions.trigger_by or "")
    return settled(terms, dict(scenario.sessions).get(row[2], ()), now)
