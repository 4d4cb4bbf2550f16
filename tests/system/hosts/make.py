"""Random plans, small on purpose. One builder serves two sources of choices: Hypothesis, which shrinks, and a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

import barter_bt as bt
from barter_bt.testing.scenario import START, InstrumentSpec, Scenario, Source, make, shifted
from barter_bt.testing.scenario.arguments import PROTECTION
from barter_bt.testing.scenario.conditions import make_conditions, make_protection, told
from barter_bt.testing.scenario.numbers import NEAR, price
from barter_bt.testing.scenario.orders import make_open
from barter_bt.testing.scenario.source import chance
from barter_bt.testing.scenario.spec import Conditions, Row, conditions_of
from tests.system.hosts.decides import Decision
from tests.system.hosts.plan import HALF, Plan

# Limits that count what a fill changes: between two of Barter's messages about one they count part of it.
COUNTING = ("open_orders", "position_quantity", "position_notional")


def make_plan(source: Source) -> Plan:
    """A run in which most things happen that can."""
    scenario = unconditional(make(source, scheduled=chance(source, 50)))
    if START <= times_of(scenario)[0] < 2 * START:
        scenario = shifted(scenario, -START)  # which reads better
    amid = chance(source, 40)
    return Plan(
        scenario,
        make_decisions(source, scenario),
        amid,
        chance(source, 40),
        make_limits(source, scenario, amid) if chance(source, 70) else None,
        make_verdicts(source) if chance(source, 30) else (),
        make_commands(source, scenario) if chance(source, 60) else (),
        "disabled" if chance(source, 20) else "enabled",
    )


def unconditional(scenario: Scenario) -> Scenario:
    """Without what Barter's requests cannot say, and without terms of a venue that its engine is not told.

    Nor with faults: no message says that a request was lost, which the engine of a backtest is told (rule 96).
    """
    kept = [number for number, row in enumerate(scenario.schedule) if row[0] not in ("amend", "exercise")]
    place = {number: k for k, number in enumerate(kept)}
    rows = [scenario.schedule[number] for number in kept]
    rows = [(*row[:2], place[row[2]]) if row[0] == "cancel" else _placed(row, place) for row in rows]
    items = tuple(_plain(item) for item in scenario.instruments)
    exchanges = tuple(replace(one, mark="weighted_mid", collateral=(), faults=None) for one in scenario.exchanges)
    told = replace(scenario, instruments=items, exchanges=exchanges, rates=())
    return replace(told, schedule=tuple(rows), size_at="decision")


def _placed(row: Row, place: Mapping[int, int]) -> Row:
    """The row, with the new number of the one that it follows; entries of targets are protected in a way of their own.

    They are while what reduces before them is in flight (rule 60); what is asked for by itself is not (rule 31).
    """
    conditions = conditions_of(row)
    after = None if conditions.after is None else place[conditions.after]
    return row if conditions == Conditions() else told(row, replace(conditions, after=after, entry=None))


def _plain(item: InstrumentSpec) -> InstrumentSpec:
    """Options become futures: Barter's have no underlying that is told of."""
    item = replace(item, paid_in="quote", discount="0", physical=False, underlying=None)
    if item.kind != "option":
        return item
    return replace(item, kind="future", right=None, strike=None, american=False, settlement_price=None)


def times_of(scenario: Scenario) -> tuple[int, int]:
    """The first and the last of the data."""
    rows = [(row[0], row[1 if stream.kind == "candles" else 0]) for stream in scenario.streams for row in stream.rows]
    return min(first for first, _ in rows), max(last for _, last in rows)


def make_decisions(source: Source, scenario: Scenario) -> tuple[Decision, ...]:
    """At each of the first wake-ups nothing, cancels, orders near the price, or both."""
    return tuple(make_decision(source, scenario) for _ in source.several(0, 60))


def make_decision(source: Source, scenario: Scenario) -> Decision:
    cancels = tuple(source.integer(0, 3) for _ in range(source.pick((0, 0, 0, 0, 1, 2))))
    opens = tuple(make_request(source, scenario) for _ in range(source.pick((0, 0, 1, 1, 2, 3))))
    if len(opens) > 1 and chance(source, 40):
        opens = bound(source, scenario, opens)
    trading = source.pick((False, True, True)) if chance(source, 6) else None
    isolated = [item for item in scenario.instruments if item.isolated]
    margins = tuple(make_margin(source, isolated) for _ in source.several(0, 2)) if isolated else ()
    return Decision(cancels, opens, trading, margins)


def make_margin(source: Source, isolated: Sequence[InstrumentSpec]) -> tuple[str, float]:
    """Some of what a few lots are worth, to be added or taken."""
    item = source.pick(isolated)
    return item.name, float(decimal(lot_value(item) * source.integer(-3, 9) / 8))


def make_request(source: Source, scenario: Scenario) -> bt.OrderRequest:
    item = source.pick(scenario.instruments)
    _, _, *terms = make_open(source, 0, item)
    request = replace(bt.OrderRequest(*terms), resize=chance(source, 40))
    if chance(source, 35):
        return request
    given = make_conditions(source, item, price(source, item, NEAR), held=not request.post_only)
    if not given.reduce_only and chance(source, 60):
        given = make_protection(source, item, given, "distance", NEAR, is_long=request.quantity > 0)
    named = {name: value for name, value in asdict(given).items() if value not in (None, False)}
    by: Any = "distance" if named.keys() & set(PROTECTION) else "price"
    return replace(request, **named, protect_by=by)


def bound(source: Source, scenario: Scenario, opens: tuple[bt.OrderRequest, ...]) -> tuple[bt.OrderRequest, ...]:
    """The same requests, those at the first's exchange in its group, or behind it."""
    at = {item.name: item.exchange for item in scenario.instruments}
    first, follows = opens[0], chance(source, 50)
    if not follows:
        first = replace(first, group="g")
    bond: dict[str, Any] = {"after": first} if follows else {"group": "g"}
    rest = [replace(one, **bond) if at[one.instrument] == at[first.instrument] else one for one in opens[1:]]
    return (first, *rest)


def make_verdicts(source: Source) -> tuple[str, ...]:
    return tuple(source.pick(("", "", "odd", "even", HALF, HALF)) for _ in source.several(1, 12))


def make_limits(source: Source, scenario: Scenario, amid: bool) -> Mapping[str, Any]:
    """A few limits of any kind, in the size of the orders that are asked for."""
    own: dict[str, Any] = {}
    for item in scenario.instruments:
        kinds = [kind for kind in LIMITS if not (amid and kind in COUNTING) and chance(source, 25)]
        own[item.name] = {kind: LIMITS[kind](source, item) for kind in kinds}
        own[item.name] |= {"resize": True} if chance(source, 50) else {}
    worth = max(lot_value(item) for item in scenario.instruments)
    account: dict[str, Any] = {"by_instrument": {name: limits for name, limits in own.items() if limits}}
    if not amid and chance(source, 33):
        account["leverage"] = source.pick(("0.1", "0.5", "2"))
    if not amid and chance(source, 33):
        account["exposure"] = decimal(worth * source.integer(1, 12))
    if not amid and chance(source, 33):
        account["open_orders"] = source.integer(1, 6)
    if chance(source, 50):
        account["drawdown"] = source.pick(("0.00001", "0.001", "0.02"))
    if chance(source, 25):
        account["daily_loss"] = decimal(worth / 20)
    return account


def lot_value(item: InstrumentSpec) -> Decimal:
    """A lot at a price in the middle, as of a linear contract."""
    return Decimal(item.lot) * Decimal(item.tick) * 100 * Decimal(item.contract_size)


def decimal(value: Decimal) -> str:
    return f"{value:.9f}"


LIMITS: dict[str, Any] = {
    "open_orders": lambda source, item: source.integer(1, 4),
    "order_rate": lambda source, item: (source.integer(1, 4), source.pick(("1s", "2s", "3500ms"))),
    "price_band": lambda source, item: source.pick(("0.01", "0.03")),
    "order_quantity": lambda source, item: str(float(Decimal(item.lot) * source.integer(1, 6))),
    "position_quantity": lambda source, item: str(float(Decimal(item.lot) * source.integer(1, 10))),
    "order_notional": lambda source, item: decimal(lot_value(item) * source.integer(1, 6)),
    "position_notional": lambda source, item: decimal(lot_value(item) * source.integer(1, 10)),
}


def make_commands(source: Source, scenario: Scenario) -> tuple[Mapping[str, Any], ...]:
    """Whatever somebody outside may do, at times within the data."""
    first, last = times_of(scenario)
    rows = [
        {"time": first + (last - first) * source.integer(0, 40) // 40} | make_command(source, scenario)
        for _ in source.several(0, 8)
    ]
    return tuple(sorted(rows, key=lambda row: row["time"]))


def make_command(source: Source, scenario: Scenario) -> dict[str, Any]:
    what = source.pick((
        "open", "cancel", "close_positions", "cancel_orders", "enable_trading", "enable_trading", "disable_trading",
        "market_disconnect", "account_disconnect", "open", "close_positions", "shutdown",
    ))  # fmt: skip
    isolated = [item for item in scenario.instruments if item.isolated]
    if isolated and chance(source, 40):
        name, amount = make_margin(source, isolated)
        if amount:
            return {"command": "margin", "instrument": name, "amount": amount}
    row: dict[str, Any] = {"command": what}
    if what == "open":
        names = ("instrument", "quantity", "price", "time_in_force", "post_only")
        return row | dict(zip(names, make_open(source, 0, source.pick(scenario.instruments))[2:], strict=True))
    if what == "cancel":
        return row | {"order": source.integer(0, 8)}
    if what.endswith("disconnect"):
        return row | {"exchange": source.pick([one.name for one in scenario.exchanges])}
    if what in ("close_positions", "cancel_orders"):
        chosen = source.pick(("all", "instrument", "exchange"))
        named: dict[str, Any] = {"instrument": scenario.instruments, "exchange": scenario.exchanges}
        return row | ({} if chosen == "all" else {chosen: source.pick([one.name for one in named[chosen]])})
    return row
