"""Prices of a scenario moved by whole ticks, so that they lie around 0 (rule 76)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from barter_bt.data.schema import BOOKS
from barter_bt.testing.scenario.conditions import told
from barter_bt.testing.scenario.numbers import CENTER, plain
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import Conditions, InstrumentSpec, Row, Scenario, StreamSpec, conditions_of

DRAWN = True  # of random scenarios
_PRICES = {"trades": (3,), "quotes": (3, 5), "candles": (4, 5, 6, 7)}
_PROTECTION = ("stop_loss", "take_profit", "trailing_activation")  # by price
_NAMES = {"trades": 2, "quotes": 2, "candles": 3, "book": 2, "book_orders": 2}


def with_negative_prices(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, some of its linear perpetuals and futures with prices around 0."""
    for item in scenario.instruments:
        if DRAWN and can_be_negative(scenario, item) and chance(source, 40):
            scenario = with_prices_moved(scenario, item.name, -CENTER + source.integer(-5, 5))
    return scenario


def can_be_negative(scenario: Scenario, item: InstrumentSpec) -> bool:
    """Whether an instrument may declare it: what is delivered, what an option is on, and what has a book may not."""
    is_underlying = any(other.underlying == item.name for other in scenario.instruments)
    linear = item.kind in ("perpetual", "future") and not item.physical
    has_book = any(row[2] == item.name for stream in scenario.streams if stream.kind in BOOKS for row in stream.rows)
    return linear and item.declares_tick and not (is_underlying or has_book)


def with_prices_moved(scenario: Scenario, name: str, ticks: int) -> Scenario:
    """The same scenario with all prices of an instrument, in data and orders, higher by so many ticks.

    It declares that they can be negative. Distances, fractions and amounts of money stay.
    """
    item = next(one for one in scenario.instruments if one.name == name)
    by = Decimal(item.tick) * ticks

    def move(price: Any) -> Any:
        if isinstance(price, str):
            return plain(Decimal(price) + by)
        return None if price is None else float(Decimal(repr(price)) + by)

    moved = replace(
        item,
        price_can_be_negative=True,
        price_min=move(item.price_min),
        settlement_price=move(item.settlement_price),
    )
    return replace(
        scenario,
        instruments=tuple(moved if one is item else one for one in scenario.instruments),
        streams=tuple(_stream(one, name, move) for one in scenario.streams),
        schedule=tuple(_row(scenario, row, name, move) for row in scenario.schedule),
        cash_flows=tuple(
            changed(row, {3: move(row[3])}) if row[0] == "settlement" and row[2] == name else row
            for row in scenario.cash_flows
        ),
    )


def _stream(stream: StreamSpec, name: str, move: Any) -> StreamSpec:
    def moved(row: Row) -> Row:
        return (
            changed(row, {k: move(row[k]) for k in _PRICES[stream.kind]}) if row[_NAMES[stream.kind]] == name else row
        )

    return replace(stream, rows=tuple(moved(row) for row in stream.rows))


def _row(scenario: Scenario, row: Row, name: str, move: Any) -> Row:
    """A row of the schedule; that of an amend is of the instrument of the row that it names."""
    if row[0] == "cancel" or name != (scenario.schedule[row[2]] if row[0] == "amend" else row)[2]:
        return row
    if row[0] == "amend":
        row = changed(row, {3: move(row[3]), 5: move(row[5])})
        said = conditions_of(row)
        moved = replace(said, **{name: move(getattr(said, name)) for name in ("activation", *_PROTECTION)})
        return row if said == Conditions() else told(row, moved)
    row = changed(row, {4: move(row[4])}) if row[0] == "open" else row
    conditions = conditions_of(row)
    if conditions == Conditions():
        return row
    given = {name: move(getattr(conditions, name)) for name in ("stop", "if_touched", "activation")}
    if scenario.protect_by == "price":
        given |= {name: move(getattr(conditions, name)) for name in _PROTECTION}
    if conditions.entry is not None and scenario.price_by == "price":
        entry = conditions.entry
        given["entry"] = replace(entry, limit=move(entry.limit), stop=move(entry.stop))
    return told(row, replace(conditions, **given))
