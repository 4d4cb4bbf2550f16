"""Random conditions of the orders of a schedule: triggers near the market, trailing stops, protection, ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import NEAR, in_ticks, price
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Conditions, InstrumentSpec, ProtectBy, Row, Scenario, conditions_of

RATES = (0.01, 0.02, 0.05, 0.001, 0.012345678, 0.333333333)  # of a price of about a hundred ticks


def with_conditions(
    source: Source,
    schedule: tuple[Row, ...],
    instruments: tuple[InstrumentSpec, ...],
    spans: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[Row, ...]:
    """The same schedule, some of its orders with conditions.

    ``spans`` are the ticks between which triggers lie, by instrument.
    """
    by_name, near = {item.name: item for item in instruments}, spans or {}
    rows: list[Row] = []
    triggers: list[tuple[str, float]] = []  # of which several orders are held at one
    bought: dict[str, bool] = {}  # by the last order before
    for row in schedule:
        if row[0] != "open" or not chance(source, 30):
            rows.append(row)
            bought |= {row[2]: row[3] > 0} if row[0] == "open" else {}
            continue
        item = by_name[row[2]]
        known = [trigger for name, trigger in triggers if name == item.name]
        same = known and chance(source, 40)
        trigger = source.pick(known) if same else price(source, item, near.get(item.name, NEAR))
        triggers.append((item.name, trigger))
        conditions = make_conditions(source, item, trigger, held=not row[6])
        quantity = row[3]
        if conditions.reduce_only and item.name in bought and chance(source, 70):  # so that there is what it reduces
            quantity = -abs(quantity) if bought[item.name] else abs(quantity)
        rows.append((*changed(row, {3: quantity}), conditions))
    return tuple(rows)


def make_conditions(source: Source, item: InstrumentSpec, trigger: float, held: bool) -> Conditions:
    """Of an order that may be held for this trigger, on whichever side of the market; one that is post-only may not."""
    kind = source.pick(("stop", "stop", "if_touched", "trailing", "trailing", "reduce_only")) if held else "reduce_only"
    reduce_only = kind == "reduce_only" or chance(source, 35)
    if kind == "trailing":
        stop = trigger if chance(source, 40) else None
        if chance(source, 50):
            return Conditions(stop, trailing_rate=source.pick(RATES), reduce_only=reduce_only)
        return Conditions(stop, trailing=in_ticks(item, source.integer(1, 4)), reduce_only=reduce_only)
    if kind == "if_touched":
        return Conditions(if_touched=trigger, reduce_only=reduce_only)
    return Conditions(trigger if kind == "stop" else None, reduce_only=reduce_only)


def with_protection(
    source: Source,
    schedule: tuple[Row, ...],
    instruments: tuple[InstrumentSpec, ...],
    by: ProtectBy,
    spans: Mapping[str, tuple[int, int]] | None = None,
) -> tuple[Row, ...]:
    """The same schedule, some of its entries and targets protected by what ``by`` says.

    ``spans`` are the ticks between which the market moves, by instrument.
    """
    by_name, near = {item.name: item for item in instruments}, spans or {}
    rows: list[Row] = []
    for row in schedule:
        conditions = conditions_of(row)
        if row[0] == "cancel" or conditions.reduce_only or not chance(source, 60):
            rows.append(row)
            continue
        item = by_name[row[2]]
        span = near.get(item.name, NEAR)
        given = make_protection(source, item, conditions, by, span, is_long=(row[3] or 0) > 0)
        rows.append(told(row, given if row[0] != "open" or by != "price" else on_its_side(row, given)))
    return tuple(rows)


def on_its_side(row: Row, given: Conditions) -> Conditions:
    """Without the prices that would protect an entry on the wrong side of its own (rule 98)."""
    own, side = given.stop if row[4] is None else row[4], 1 if row[3] > 0 else -1
    own = given.if_touched if own is None else own
    if own is None:
        return given
    stop, profit = given.stop_loss, given.take_profit
    return replace(
        given,
        stop_loss=None if stop is not None and side * stop >= side * own else stop,
        take_profit=None if profit is not None and side * profit <= side * own else profit,
    )


def make_protection(
    source: Source, item: InstrumentSpec, entry: Conditions, by: ProtectBy, span: tuple[int, int], *, is_long: bool
) -> Conditions:
    """The conditions of an entry with a stop loss, which may trail, a take profit, or both."""
    middle, reach = sum(span) // 2, max(1, (span[1] - span[0]) // 2)

    def away() -> float:
        return source.pick(RATES) if by == "fraction" else in_ticks(item, source.integer(1, reach))

    def level(gains: bool) -> float:
        if by != "price":
            return away()
        if chance(source, 20):  # on either side
            return price(source, item, span)
        above = 1 if gains == is_long else -1
        return in_ticks(item, max(1, middle + above * source.integer(0, reach)))

    kinds = source.pick(("both", "both", "both", "stop", "trailing", "profit"))
    trails = kinds == "trailing" or (kinds == "both" and chance(source, 40))
    stops = kinds in ("both", "stop", "trailing") and not (trails and chance(source, 60))
    return replace(
        entry,
        stop_loss=level(False) if stops else None,
        take_profit=level(True) if kinds in ("both", "profit") else None,
        trailing_stop=away() if trails else None,
    )


def with_good_till(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, some of its orders good till a time at which something happens anyway, or close to it."""
    delays = {one.name: (one.feed_ns, one.request_ns, one.response_ns) for one in scenario.exchanges}
    exchanges = {item.name: item.exchange for item in scenario.instruments}
    times, rows = times_of(scenario), list[Row]()
    for row in scenario.schedule:
        if row[0] != "open" or row[5] != "gtc" or not chance(source, 15):
            rows.append(row)
            continue
        later, sent = sorted(time for time in times if time > row[1]), row[1]
        soon = [sent + 1, *(sent + delay for delay in delays[exchanges[row[2]]])]
        time = source.pick(soon if chance(source, 15) or not later else later[: source.pick((99, 20, 8))])
        till = max(time + source.pick((0, 0, 0, -1, 1)), sent + 1)
        times += [till, till]  # several end at one time
        rows.append(told(row, replace(conditions_of(row), good_till=till)))
    return replace(scenario, schedule=tuple(rows))


def told(row: Row, conditions: Conditions) -> Row:
    """A row of a schedule with these conditions in place of its own."""
    return (*(row[:-1] if isinstance(row[-1], Conditions) else row), conditions)
