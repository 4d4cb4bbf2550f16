"""Random brackets over candles whose inside is taken for the better (rules 31 and 105)."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.conditions import make_protection, on_its_side, told
from barter_bt.testing.scenario.numbers import CENTER, NEAR
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import (
    PROTECT_BY,
    ExchangeSpec,
    InstrumentSpec,
    ProtectBy,
    Row,
    Scenario,
    conditions_of,
)

DRAWN = True  # of random scenarios
NARROW = (CENTER - 1, CENTER + 1)  # most candles reach both ends


def with_brackets(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, where it has candles perhaps optimistic, and more of its entries protected."""
    seen = {
        row[3] for one in scenario.streams if one.kind == "candles" for row in one.rows if one.seen_by != "strategy"
    }
    if not DRAWN or not seen or not chance(source, 40):
        return scenario
    scenario = replace(
        scenario, exchanges=tuple(_on_candles(source, one, scenario, seen) for one in scenario.exchanges)
    )
    if any(item.price_can_be_negative for item in scenario.instruments):
        return scenario
    protected = any(_protects(row) for row in scenario.schedule)
    by = scenario.protect_by if protected else source.pick(PROTECT_BY)
    items = {item.name: item for item in scenario.instruments if item.name in seen}
    rows = tuple(_protected(source, row, items, by) for row in scenario.schedule)
    changed = rows != scenario.schedule
    return replace(scenario, schedule=rows, protect_by=by if changed else scenario.protect_by)


def _on_candles(source: Source, spec: ExchangeSpec, scenario: Scenario, seen: set[str]) -> ExchangeSpec:
    """Perhaps optimistic; where all instruments have candles and no book, mostly with these for evidence."""
    if spec.candle_path == "pessimistic" and chance(source, 60):
        spec = replace(spec, candle_path="optimistic")
    booked = any(one.kind in ("book", "book_orders") for one in scenario.streams)
    if (
        not booked
        and chance(source, 70)
        and all(i.name in seen for i in scenario.instruments if i.exchange == spec.name)
    ):
        spec = replace(spec, maker_fills_on="candles", triggers_on="candles")
    return spec


def _protects(row: Row) -> bool:
    """Whether a row says anything by the unit of protection, as may rows that amend it."""
    said = conditions_of(row)
    return any(one is not None for one in (said.stop_loss, said.take_profit, said.trailing_stop))


def _protected(source: Source, row: Row, items: dict[str, InstrumentSpec], by: ProtectBy) -> Row:
    said = conditions_of(row)
    fits = row[0] in ("open", "target") and row[2] in items and row[3] and not said.reduce_only and not _protects(row)
    if not fits or not chance(source, 70):
        return row
    span = source.pick((NEAR, NARROW))
    given = make_protection(source, items[row[2]], said, by, span, is_long=row[3] > 0)
    return told(row, on_its_side(row, given) if row[0] == "open" and by == "price" else given)
