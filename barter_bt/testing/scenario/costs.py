"""Random terms of what orders pay: slippage, fees by order, and which price of a candle meets them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.numbers import NANO, plain, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import CandlePath, ExchangeSpec, InstrumentSpec, Scenario

RATES = ("0", "0", "0.001", "0.0123", "0.000000001")
PATHS: tuple[CandlePath, ...] = ("pessimistic", "open_high_low_close", "open_low_high_close", "adaptive")
SHARES = (0.0, 0.0, 0.1, 0.5, 0.05, 1.0)


def with_costs(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with these terms."""
    instruments, exchanges = scenario.instruments, scenario.exchanges
    if chance(source, 25):
        instruments = tuple(with_slippage(source, item) for item in instruments)
    if chance(source, 25):
        least = least_amount(scenario)
        instruments = tuple(with_fees_by_order(source, item, least) for item in instruments)
    drawn = {row[3] for stream in scenario.streams if stream.kind == "candles" for row in stream.rows}
    there = {one.name: [item.name in drawn for item in instruments if item.exchange == one.name] for one in exchanges}
    exchanges = tuple(with_candle_fill(source, one, there[one.name]) for one in exchanges)
    return replace(scenario, instruments=instruments, exchanges=exchanges)


def with_candle_fill(source: Source, spec: ExchangeSpec, candles: list[bool]) -> ExchangeSpec:
    """One of three times not at the next price, where instruments have candles; with all of them, they often fill."""
    if not any(candles) or not chance(source, 33):
        return spec
    fills = "candles" if all(candles) and chance(source, 50) else spec.taker_fills_on
    return replace(spec, candle_fill=source.pick(("next_close", "this_close")), taker_fills_on=fills)


def with_candle_path(source: Source, scenario: Scenario) -> Scenario:
    """The same, perhaps with paths of candles; none where an instrument is in several streams of them."""
    found = [{row[3] for row in stream.rows} for stream in scenario.streams if stream.kind == "candles"]
    if len(set().union(*found)) < sum(map(len, found)) or not found or chance(source, 50):
        return scenario
    each = tuple(replace(one, candle_path=source.pick(PATHS)) for one in scenario.exchanges)
    return replace(scenario, exchanges=each)


def with_slippage(source: Source, item: InstrumentSpec) -> InstrumentSpec:
    """Of up to some ticks at a price of about a hundred."""
    return replace(
        item,
        slippage_ticks=source.pick((0, 0, 1, 1, 3)) if item.declares_tick else 0,
        slippage_rate=source.pick(RATES),
        range_share=source.pick(SHARES),
        volume_share=source.pick(SHARES[:-1]),
        impact=source.pick(SHARES),
    )


def with_fees_by_order(source: Source, item: InstrumentSpec, least: Decimal | None) -> InstrumentSpec:
    """From a hundredth to some times what a lot is worth, in whole multiples of ``least``, if there is one."""
    item = replace(item, fee_maximum=source.pick((None, None, "0.05", "0.001", "0.5")))
    magnitude = Decimal(1).scaleb((worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)).adjusted())
    if least is None or least > magnitude:  # no order could pay it
        return item
    step = max(least, magnitude / 100)

    def amount() -> str | None:
        return plain(step * source.pick((1, 5, 50, 100, 500))) if chance(source, 50) else None

    return replace(item, per_order=amount() or "0", fee_minimum=amount() or "0", fee_increment=amount())


def least_amount(scenario: Scenario) -> Decimal | None:
    """A power of ten that is whole in units of any asset; None where a unit is chosen.

    Rule 1 makes units coarser for balances, and for what these are worth at the highest and at the lowest price.
    """
    if scenario.units:
        return None
    ticks = [Decimal(item.tick) for item in scenario.instruments]
    held = max(Decimal(amount) for *_, amount in scenario.balances)
    most = held * max(Decimal(1), max(ticks) * 10**6, 1 / (min(ticks) * 90))
    return max(NANO, Decimal(1).scaleb((most / 10**16).adjusted() + 1)) if most else NANO
