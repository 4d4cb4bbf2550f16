"""Random schedules: explicit orders and cancels, targets, rotations from one instrument to another."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from barter_bt.testing.scenario.numbers import NANO, NEAR, SECOND, START, price, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Row, Scenario


def make_schedule(
    source: Source, scenario: Scenario, step: int = SECOND, spans: Mapping[str, tuple[int, int]] | None = None
) -> tuple[Row, ...]:
    """Explicit orders and cancels, targets, or both at different times, some ``step`` apart.

    ``spans`` are the ticks between which limit prices lie, by instrument.
    """
    near = spans or {}
    style = source.pick(("orders", "orders", "targets", "both"))
    first = min(row[0] for stream in scenario.streams for row in stream.rows)
    last = max(row[1 if stream.kind == "candles" else 0] for stream in scenario.streams for row in stream.rows)
    assert isinstance(first, int)
    assert isinstance(last, int)
    targeted = tuple(
        item for item in scenario.instruments if scenario.size != "equity" or item.money == scenario.reporting
    )
    rows: list[Row] = []
    opens: list[int] = []
    time = first - source.pick((0, 0, 0, 0, 1, 3 * SECOND))
    while len(rows) < 30:
        time += source.pick((0, 1, 1, 2, 3)) * step // source.pick((1, 1, 1, 2)) + source.pick((0, 0, 0, 1))
        if time > last + SECOND or chance(source, 3):
            break
        if targeted and (style == "targets" or (style == "both" and chance(source, 30))):
            if any(row[:2] == ("target", time) for row in rows):
                time += 1
            members = [item for item in targeted if chance(source, 70)]
            rows += [("target", time, item.name, make_target(source, scenario, item)) for item in reversed(members)]
        elif style != "targets":
            if opens and chance(source, 25):
                rows.append(("cancel", time, source.pick(opens[-4:])))
            else:
                opens.append(len(rows))
                item = source.pick(scenario.instruments)
                rows.append(make_open(source, time, item, near.get(item.name, NEAR)))
    return tuple(rows)


def make_rotations(source: Source, scenario: Scenario) -> tuple[Row, ...]:
    """From one instrument to another, by targets or by orders that are sent together."""
    rows: list[Row] = []
    names = [item for item in scenario.instruments if item.quote == "usd"]
    for second in range(8):
        time = START + second * SECOND
        if chance(source, 50):
            held = source.pick(names)
            order = {item.name: source.integer(0, 99) for item in names}
            wishes = sorted(names, key=lambda item: order[item.name])
            rows += [("target", time, item.name, source.pick((1.0, 0.9)) * (item is held)) for item in wishes]
        elif chance(source, 50):
            rows += [make_open(source, time, source.pick(scenario.instruments)) for _ in range(3)]
    return tuple(rows)


def make_open(source: Source, time: int, item: InstrumentSpec, span: tuple[int, int] = NEAR) -> Row:
    """An order of up to twelve lots: market or limit, of any time in force."""
    side = source.pick((1, -1))
    quantity = float(Decimal(item.lot) * source.integer(1, 12) * side)
    if chance(source, 35):
        return ("open", time, item.name, quantity, None, source.pick(("gtc", "gtc", "ioc", "fok")), False)
    limit = price(source, item, span)
    tif = source.pick(("gtc", "gtc", "gtc", "ioc", "fok"))
    return ("open", time, item.name, quantity, limit, tif, tif == "gtc" and chance(source, 25))


def make_target(source: Source, scenario: Scenario, item: InstrumentSpec) -> float | None:
    """Of up to twelve lots or worth as much, long or short; or a fraction of the equity."""
    if chance(source, 5):
        return None
    lots = source.integer(0, 12) * source.pick((1, 1, -1))
    if scenario.size == "equity":
        return source.pick((0.0, 0.5, 1.0, 0.333333333, 1.7, -0.5, -1.0, 3.0))
    half = Decimal(source.pick(("0", "0", "0.5")))
    if scenario.size == "units":
        return float(Decimal(item.lot) * (lots + half))
    lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
    return float((lot_value * (lots + half)).quantize(NANO))
