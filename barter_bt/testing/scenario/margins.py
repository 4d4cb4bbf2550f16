"""Random terms of what positions must keep, what they are settled at, and how much of the market own orders get."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.arguments import to_backtest
from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import NANO, NEAR, between, in_ticks, plain, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, InstrumentSpec, Mark, Scenario

# Kinds of random scenarios.
DRAWN: tuple[str, ...] = ("isolated", "tiers", "mark", "rates", "collateral")
MARKS: tuple[Mark, ...] = ("mid", "last", "closing", "closing_with_fee")
HAIRCUTS = ("0", "0.1", "0.333333333", "0.9")
EXCHANGED = ("1", "1.25", "0.8", "3", "0.0625", "1000")
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


def with_margin_modes(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with isolated positions, tiers, other marks, and rates beside the market's."""
    instruments, exchanges = scenario.instruments, scenario.exchanges
    if "isolated" in DRAWN and chance(source, 25):
        instruments = tuple(replace(one, isolated=one.kind != "spot" and chance(source, 70)) for one in instruments)
    if "tiers" in DRAWN and not scenario.units and chance(source, 25):
        margined = {one.name for one in exchanges if one.account == "margin"}
        if chance(source, 70):
            cheap = tuple(replace(one, margin="0.02", margin_per_contract=None) for one in instruments)
            scenario = replace(scenario, balances=scarce(source, replace(scenario, instruments=cheap), margined))
        units = units_of(scenario)
        instruments = tuple(
            with_tiers(source, one, units[(one.exchange, one.money)])
            if units and (one.kind != "spot" or one.exchange in margined)
            else one
            for one in instruments
        )
    if "mark" in DRAWN and chance(source, 25):
        exchanges = tuple(replace(one, mark=source.pick(MARKS)) for one in exchanges)
    if "collateral" in DRAWN and chance(source, 40):
        exchanges = tuple(with_collateral(source, one, instruments) for one in exchanges)
    rates = with_rates(source, scenario) if "rates" in DRAWN and chance(source, 15) else ()
    return replace(scenario, instruments=instruments, exchanges=exchanges, rates=rates)


def with_collateral(source: Source, one: ExchangeSpec, instruments: tuple[InstrumentSpec, ...]) -> ExchangeSpec:
    """Other assets that count, where all that is margined is margined in one that they are traded against."""
    own = [item for item in instruments if item.exchange == one.name]
    money = {item.money for item in own if item.kind != "spot" or one.account == "margin"}
    pairs = [{item.base, item.quote} for item in own if item.kind == "spot"]
    others = sorted({asset for pair in pairs if pair & money for asset in pair - money})
    if len(money) != 1 or not others:
        return one
    return replace(one, collateral=tuple((asset, source.pick(HAIRCUTS)) for asset in others))


def units_of(scenario: Scenario) -> dict[tuple[str, str], Decimal]:
    """In what each asset is counted, by exchange and name; nothing where no run is to be had."""
    from barter_bt.backtest.simulation import Simulation
    from barter_bt.errors import BarterBtError

    arguments = to_backtest(scenario)
    try:
        setup = Simulation(**{name: value for name, value in arguments.items() if name != "strategy"})._setup
    except BarterBtError:
        return {}
    return dict(zip(setup.index.assets, setup.scales.units, strict=True))


def with_tiers(source: Source, item: InstrumentSpec, unit: Decimal) -> InstrumentSpec:
    """Two or three tiers, whose bounds are some lots at a usual price, at least two units apart."""
    value = min(worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot), unit * 10**16)
    tiers: list[tuple[str | None, str, str]] = []
    rate, kept, bound = Decimal("0.02"), Decimal("0.01"), Decimal(0)
    for number in range(source.pick((2, 3)), 0, -1):
        bound += max((value * source.pick((1, 2, 3, 10))).quantize(NANO), 2 * unit)
        tiers.append((plain(bound) if number > 1 else None, plain(rate), plain(kept)))
        rate = rate * source.pick((1, 2, 5))
        kept = min(kept * source.pick((1, 2, 5)), rate)
    return replace(
        item,
        margin=source.pick(("0.02", "0.1", item.margin)),
        margin_per_contract=None,
        maintenance=None,
        maintenance_per_contract=None,
        tiers=tuple(tiers),
        by_tier=chance(source, 60),
    )


def with_rates(source: Source, scenario: Scenario) -> tuple[tuple[str, str, tuple[tuple[int | None, str], ...]], ...]:
    """A pair or two of the assets that there are, once or by time."""
    names = sorted({name for item in scenario.instruments for name in (item.base, item.quote)})
    known = times_of(scenario)
    found: dict[frozenset[str], tuple[str, str, tuple[tuple[int | None, str], ...]]] = {}
    for _ in source.several(1, 2):
        base, quote = source.pick(names), source.pick(names)
        times = sorted({source.pick(known) for _ in range(3)})
        rows = [(time, source.pick(EXCHANGED)) for time in times]
        if base != quote:
            once = ((None, source.pick(EXCHANGED)),)
            found[frozenset((base, quote))] = (base, quote, once if chance(source, 50) else tuple(rows))
    return tuple(found.values())


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
