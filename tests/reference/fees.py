"""Fees by the volume of the days before, and in another asset than the quote asset: rules 62 and 63."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from barter_bt.testing.scenario import InstrumentSpec

from .model import LIMIT, Fill, Instrument, World, exact, rhe

Marks = dict[int, int]  # the venue's, by instrument


def step(world: World, marks: Marks, amount: int, source: int, target: int) -> int | None:
    """Rule 62: an amount of an asset in another of its exchange; None while there is no mark."""
    if source == target:
        return amount
    item = next(one for one in world.instruments if one.spot and {one.base, one.quote} == {source, target})
    if item.index not in marks:
        return None
    price = marks[item.index] * item.tick
    rate = price if item.base == source else 1 / price
    return rhe(amount * world.units[source] * rate / world.units[target])


# By volume


class Counter:
    """Rule 62: what was traded in each interval of a window, and in the present one, in units of an asset."""

    def __init__(self, asset: int, every: int, window: int, before: int) -> None:
        self.asset, self.every, self.now = asset, every, 0
        self.ended = deque([before] * window, window)

    def end(self) -> None:
        self.ended.append(self.now)
        self.now = 0

    def ends(self, start: int, last: int) -> range:
        """When intervals end in a run."""
        return range((start // self.every + 1) * self.every, last + 1, self.every)


@dataclass
class Tiered:
    """An instrument with levels of (volume, maker's rate, taker's), and what they go by."""

    item: Instrument
    levels: list[tuple[int, Fraction, Fraction]]
    counter: Counter

    def set_rates(self) -> None:
        """Those of the highest level that is reached, else the plain ones."""
        volume, spec = sum(self.counter.ended), self.item.spec
        rates = exact(spec.maker), exact(spec.taker)
        for least, *those in self.levels:
            if least <= volume:
                rates = those[0], those[1]
        self.item.rates.update({True: rates[0], False: rates[1]})


class Volumes:
    """All counters of an exchange."""

    def __init__(self, world: World, exchange: str) -> None:
        self.world, self.tiered = world, list[Tiered]()
        self.counters: dict[tuple[int, int, int, int], Counter] = {}
        for item in world.instruments:
            if item.spec.exchange == exchange and item.spec.fee_tiers is not None:
                levels, name, window, every, before = item.spec.fee_tiers
                asset = world.assets.index((exchange, name))
                known, *volumes = (
                    rhe(exact(text) / world.units[asset]) for text in (before, *(one[0] for one in levels))
                )
                assert volumes == sorted(volumes), "levels ascend"
                key = asset, every, window, known
                counter = self.counters.setdefault(key, Counter(*key))
                rates = [(exact(maker), exact(taker)) for _, maker, taker in levels]
                each = [(volume, *pair) for volume, pair in zip(volumes, rates, strict=True)]
                self.tiered.append(Tiered(item, each, counter))
        self.set_rates()

    def set_rates(self) -> None:
        for one in self.tiered:
            one.set_rates()

    def end(self, counter: Counter) -> None:
        """An interval."""
        counter.end()
        self.set_rates()

    def add(self, asset: int, notional: int, marks: Marks) -> None:
        """A fill of an order, at the marks before it."""
        for counter in self.counters.values():
            counter.now = min(counter.now + (step(self.world, marks, notional, asset, counter.asset) or 0), LIMIT)


# In what is received, or in a third asset


def is_received(spec: InstrumentSpec) -> bool:
    return spec.paid_in == "received"


def in_base(item: Instrument, fill: Fill, credit: int) -> Fill:
    """Rule 63: a buy that pays of what it gets, with the lots that this takes away from the position."""
    got = item.held(fill.lots)
    size = rhe(Fraction(abs(fill.fee) * got, fill.notional)) if fill.notional else 0
    paid = size if fill.fee > 0 else -size
    away = min(max(ceil(Fraction(paid - credit, item.held(1))), 0), fill.lots - 1)
    return fill._replace(charged=0, charged_base=paid, away=away)


def discounted(spec: InstrumentSpec, fee: int) -> int:
    return rhe(fee * (1 - exact(spec.discount)))
