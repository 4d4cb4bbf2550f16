"""What a position ties up and must keep, by the size of its notional where there are tiers: rules 71 and 72."""

from __future__ import annotations

from fractions import Fraction

from barter_bt.testing.scenario import InstrumentSpec

from .model import LIMIT, Instrument, exact, most, rhe


def requirement(item: Instrument, lots: int, ticks: int, side: int = -1) -> int:
    """Rule 19 or 71; beyond the range where the notional is (rule 2)."""
    if not item.spec.tiers:
        return item.requirement(side, lots, ticks)
    notional = abs(item.notional(lots, ticks))
    rate = exact(item.spec.tiers[tier_of(item, notional)][1])
    return rhe(notional * max(rate, exact(item.spec.margin))) if notional <= LIMIT else LIMIT + 1


def maintenance(item: Instrument, lots: int, ticks: int, side: int = -1) -> int:
    """Rule 42 or 71: each tier's rate is for the part in it."""
    if not item.spec.tiers:
        return item.maintenance(side, lots, ticks)
    notional, rates = abs(item.notional(lots, ticks)), [exact(kept) for _, _, kept in item.spec.tiers]
    tier = tier_of(item, notional)
    steps = zip(bounds(item), rates[:tier], rates[1 : tier + 1], strict=False)
    return rhe(notional * rates[tier]) - rhe(sum((bound * (after - rate) for bound, rate, after in steps), Fraction(0)))


def bounds(item: Instrument) -> list[int]:
    """Of all tiers but the last, in units."""
    return [rhe(exact(up_to) / item.quote_unit) for up_to, _, _ in item.spec.tiers if up_to is not None]


def tier_of(item: Instrument, notional: int) -> int:
    """From 0: how many bounds it lies above."""
    return sum(notional > bound for bound in bounds(item))


def keeps(spec: InstrumentSpec) -> bool:
    """Rule 42: whether it has a maintenance of its own."""
    return bool(spec.tiers) or spec.maintenance is not None or spec.maintenance_per_contract is not None


def step_down(item: Instrument, lots: int, ticks: int) -> int:
    """Rule 72: the lots to close for the tier below at this price; 0 in the first, or where it goes whole."""
    tier = tier_of(item, abs(item.notional(lots, ticks))) if item.spec.by_tier else 0
    if tier == 0:
        return 0
    bound = bounds(item)[tier - 1]
    return lots - most(lots, lambda some: abs(item.notional(some, ticks)) <= bound)
