"""Random terms of what positions must keep, what they are settled at, and how much of the market own orders get."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.numbers import NANO, NEAR, between, in_ticks, plain, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Scenario

MAINTENANCE = ("0", "0.5", "0.9", "1", "1")  # of the margin
LIQUIDATION_FEES = ("0", "0", "0.01", "0.00075")
PARTICIPATION = ("1", "0.5", "0.1", "0.333333333", "0.9")


def with_margins(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with these terms, and with so little money that they matter."""
    instruments, exchanges = scenario.instruments, scenario.exchanges
    if chance(source, 15):
        exchanges = tuple(replace(one, participation=source.pick(PARTICIPATION)) for one in exchanges)
    instruments = tuple(with_settlement(source, item) for item in instruments)
    scenario = replace(scenario, instruments=instruments, exchanges=exchanges)
    if chance(source, 50):
        margined = {one.name for one in exchanges if one.account == "margin"}
        kept = tuple(with_maintenance(source, item, item.exchange in margined) for item in instruments)
        scenario = replace(scenario, instruments=kept)
        if not scenario.units and chance(source, 70):
            scenario = replace(scenario, balances=scarce(source, scenario, margined))
    return scenario


def with_maintenance(source: Source, item: InstrumentSpec, on_margin: bool) -> InstrumentSpec:
    """A part of what it takes to open, where anything is margined; a lot of leverage, so that it is needed."""
    if item.kind == "spot" and not on_margin:
        return item
    margin = source.pick(("0.1", "0.05", "0.02", item.margin))
    kept = (Decimal(margin) * Decimal(source.pick(MAINTENANCE))).quantize(NANO)
    each = item.margin_per_contract
    return replace(
        item,
        margin=margin,
        maintenance=None if kept == 0 and chance(source, 50) else plain(kept),
        maintenance_per_contract=None if each is None or chance(source, 30) else plain(Decimal(each) / 2),
        liquidation_fee=source.pick(LIQUIDATION_FEES),
    )


def with_settlement(source: Source, item: InstrumentSpec) -> InstrumentSpec:
    """Of a future that expires sometimes a price near the market, if its tick is known."""
    if item.expiry is None or not item.declares_tick or not chance(source, 40):
        return item
    return replace(item, settlement_price=plain(Decimal(repr(in_ticks(item, between(source, NEAR))))))


def scarce(source: Source, scenario: Scenario, margined: set[str]) -> tuple[tuple[str, str, str], ...]:
    """Balances of money in which something is margined: enough to open a few lots, not to lose much on them."""
    found = {(exchange, asset): amount for exchange, asset, amount in scenario.balances}
    for item in scenario.instruments:
        if item.kind != "spot" or item.exchange in margined:
            value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
            funds = value * Decimal(item.margin) * source.pick((1, 2, 3, 5, 8)) * Decimal("1.1")
            found[(item.exchange, item.money)] = plain(max(funds, NANO).quantize(NANO))
    return tuple((exchange, asset, amount) for (exchange, asset), amount in found.items())
