"""Numbers, positions and prices: rules 1 to 6, in exact integers and fractions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from typing import NamedTuple

from .scenario import InstrumentSpec, Row, Scenario

BILLION = 10**9
LIMIT = 2**62
NAMES = {"trades": "trade", "quotes": "quote", "candles": "candle"}


def exact(value: float | str | Fraction) -> Fraction:
    """A number as its shortest decimal text says it."""
    return Fraction(str(value))


def rhe(value: Fraction) -> int:
    """Rule 3: rounded half to even."""
    floor, rest = divmod(value, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1)
    return int(floor) + up


def on_grid(value: float | str | Fraction, step: Fraction, what: str) -> int:
    """Rule 20: a whole number of steps, anything else is an error."""
    steps = exact(value) / step
    assert steps.denominator == 1, f"{what} {value} is off the grid of {step}"
    return int(steps)


def in_range(value: int, what: str) -> int:
    """Rule 2: money stays within 2^62."""
    if abs(value) > LIMIT:
        raise OverflowError(f"{what} is {value}")
    return value


@dataclass(frozen=True)
class Instrument:
    """An instrument with its rule-1 scales: money in units of the quote asset, quantities in lots.

    The quote of an inverse contract is here what it is settled in: its base asset.
    """

    index: int
    spec: InstrumentSpec
    spot: bool
    base: int  # asset index
    quote: int
    tick: Fraction
    lot: Fraction
    ratio: Fraction  # num / den: quote units of one tick x one lot x contract size; inverse: of one lot at one tick
    base_units: Fraction  # base units of one lot (spot)
    quote_unit: Fraction

    def held(self, lots: int) -> int:
        """Lots of a spot instrument in units of its base asset."""
        return on_grid(self.base_units * lots, Fraction(1), "base units")

    def notional(self, lots: int, ticks: int) -> int:
        """Rule 3."""
        return rhe(lots * self.lot_value(Fraction(ticks)))

    def lot_value(self, ticks: Fraction) -> Fraction:
        """One lot in quote units, not rounded."""
        return self.ratio / ticks if self.inverse else self.ratio * ticks

    @property
    def inverse(self) -> bool:
        return self.spec.kind == "inverse"

    @property
    def gains(self) -> int:
        """Whether a long position gains with its notional or against it."""
        return -1 if self.inverse else 1

    def per_contract(self, amount: str, lots: int) -> int:
        """A sum per contract, times lots, in quote units."""
        return rhe(exact(amount) * lots * self.lot / self.quote_unit)

    def fee(self, lots: int, notional: int, maker: bool) -> int:
        """Rule 3: the rate's part and the part per contract, each rounded."""
        rate = exact(self.spec.maker if maker else self.spec.taker)
        return rhe(notional * rate) + self.per_contract(self.spec.per_contract, lots)

    def all_in(self, lots: int, ticks: int) -> int:
        """Rule 18: what a taker spends on these lots, a rebate counting as 0."""
        notional = self.notional(lots, ticks)
        return notional + max(self.fee(lots, notional, False), 0)

    def requirement(self, lots: int, ticks: int) -> int:
        """Rule 19: what holding these lots ties up."""
        if self.spec.margin_per_contract is not None:
            return self.per_contract(self.spec.margin_per_contract, lots)
        return rhe(self.notional(lots, ticks) * exact(self.spec.margin))

    def too_small(self, lots: int, ticks: int) -> str:
        """Rule 17: the reason, if there is one; a market order (0 ticks) has no price and notional to check."""
        if lots * self.lot < exact(self.spec.quantity_min or 0):
            return "below_minimum"
        if ticks > 0 and ticks * self.tick < exact(self.spec.price_min or 0):
            return "below_price_min"
        if ticks > 0 and self.notional(lots, ticks) * self.quote_unit < exact(self.spec.notional_min or 0):
            return "below_minimum"
        return ""


class World(NamedTuple):
    """All assets (exchange, name) and instruments of a scenario in index order."""

    assets: tuple[tuple[str, str], ...]
    units: tuple[Fraction, ...]
    start: tuple[int, ...]  # starting balances in units
    instruments: tuple[Instrument, ...]

    def find(self, name: str) -> Instrument:
        return next(instrument for instrument in self.instruments if instrument.spec.name == name)


def build(scenario: Scenario) -> World:
    """Rule 1: index order and scales."""
    specs = sorted(scenario.instruments, key=lambda spec: (spec.exchange, spec.name))
    balances = {(exchange, asset): exact(amount) for exchange, asset, amount in scenario.balances}
    assets = sorted({(spec.exchange, asset) for spec in specs for asset in (spec.base, spec.quote)} | set(balances))
    units, start = [], []
    for key in assets:
        settled = [spec for spec in specs if spec.kind == "inverse" and spec.base == key[1]]
        fine = any(exact(spec.lot) * exact(spec.contract_size) / exact(spec.tick) < 100 for spec in settled)
        unit, balance = Fraction(1, BILLION * 1000 if fine else BILLION), balances.get(key, Fraction(0))
        while balance / unit > 10**16:
            unit *= 10
        held = [spec for spec in specs if (spec.exchange, spec.base) == key and spec.kind != "inverse"]
        lots = [exact(spec.lot) * exact(spec.contract_size) for spec in held]
        while any((lot / unit).denominator != 1 for lot in lots):
            unit /= 10
        units.append(unit)
        start.append(on_grid(balance, unit, "balance"))
    instruments = []
    for index, spec in enumerate(specs):
        base, quote = assets.index((spec.exchange, spec.base)), assets.index((spec.exchange, spec.quote))
        if spec.kind == "inverse":
            quote = base
        tick, lot = exact(spec.tick), exact(spec.lot)
        contract = lot * exact(spec.contract_size)
        per_lot = contract / tick if spec.kind == "inverse" else contract * tick
        ratio, held = per_lot / units[quote], contract / units[base]
        spot = spec.kind == "spot"
        instruments.append(Instrument(index, spec, spot, base, quote, tick, lot, ratio, held, units[quote]))
    return World(tuple(assets), tuple(units), tuple(start), tuple(instruments))


@dataclass(frozen=True)
class Position:
    """Rule 4; ``side`` +1 long, -1 short; ``quantity`` without sign."""

    side: int
    quantity: int
    cost: int
    quantity_max: int
    fees_enter: int
    fees_exit: int
    realised: int


class Change(NamedTuple):
    """What a fill does to a position: the one after it, the one it closed, what a reduction realised before fees."""

    after: Position | None
    exited: Position | None = None
    gain: int = 0
    opened: bool = False


class Fill(NamedTuple):
    """A fill of a bought (+1) or sold (-1) quantity."""

    side: int
    lots: int
    ticks: int
    notional: int
    fee: int
    maker: bool


def fill_position(before: Position | None, instrument: Instrument, fill: Fill) -> Change:
    """Rule 4, case by case."""
    side, lots, ticks, notional, fee, maker = fill
    if before is None:
        return Change(Position(side, lots, notional, lots, fee, 0, -fee), opened=True)
    quantity, realised = before.quantity + lots, before.realised - fee
    if side == before.side:
        cost, largest = in_range(before.cost + notional, "cost"), max(before.quantity_max, quantity)
        return Change(Position(side, quantity, cost, largest, before.fees_enter + fee, before.fees_exit, realised))
    if lots > before.quantity:  # a flip: close, then open with the rest
        notional_close, fee_close = (
            instrument.notional(before.quantity, ticks),
            rhe(Fraction(fee * before.quantity, lots)),
        )
        close = Fill(side, before.quantity, ticks, notional_close, fee_close, maker)
        rest = Fill(side, lots - close.lots, ticks, notional - notional_close, fee - fee_close, maker)
        closed = fill_position(before, instrument, close)
        return closed._replace(after=fill_position(None, instrument, rest).after, opened=True)
    cost_out = before.cost if lots == before.quantity else rhe(Fraction(before.cost * lots, before.quantity))
    gain = instrument.gains * before.side * (notional - cost_out)
    after = replace(before, quantity=before.quantity - lots, cost=before.cost - cost_out, realised=realised + gain)
    after = replace(after, fees_exit=before.fees_exit + fee)
    return Change(after, gain=gain) if after.quantity else Change(None, after, gain)


def value(instrument: Instrument, position: Position, mark: int | None) -> int:
    """Rule 5: the position's value at a mark in ticks; None is the mark "at its cost" of rule 6."""
    worth = position.cost if mark is None else instrument.notional(position.quantity, mark)
    return position.side * (worth if instrument.spot else instrument.gains * (worth - position.cost))


class Market(NamedTuple):
    """A row of a stream in ticks and lots."""

    kind: str  # "trade", "quote", "candle"
    instrument: Instrument
    time: int  # at the venue; a candle: its close
    received: int | None
    time_open: int  # candles only
    prices: tuple[int, ...]  # trade: price; quote: bid, ask; candle: open, high, low, close
    amounts: tuple[int, ...]  # trade: amount; quote: bid, ask


def read(world: World, kind: str, row: Row) -> Market:
    """A row of a stream of this kind."""
    time_open, (time, received, name, *numbers) = (row[0], row[1:]) if kind == "candles" else (0, row)
    prices = {"trades": numbers[:1], "quotes": numbers[::2], "candles": numbers[:4]}[kind]
    amounts = {"trades": numbers[1:], "quotes": numbers[1::2], "candles": []}[kind]
    instrument = world.find(name)
    ticks = tuple(on_grid(price, instrument.tick, "price") for price in prices)
    lots = tuple(int(exact(amount) / instrument.lot) for amount in amounts)  # rule 20: whole lots
    return Market(NAMES[kind], instrument, time, received, time_open, ticks, lots)


@dataclass
class Book:
    """What somebody knows of one instrument's market; L1 by the side that takes from it: +1 buys at the ask."""

    time: float = -inf  # of the quote
    time_last: float = -inf
    price_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    amount_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    left_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})  # rule 14: not yet taken
    last: int | None = None

    def update(self, event: Market) -> bool:
        """Rule 13: replaced if not older; rule 6: of trades and candle closes whichever came last."""
        if event.time < (self.time if event.kind == "quote" else self.time_last):
            return False
        if event.kind != "quote":
            self.last, self.time_last = event.prices[-1], event.time
            return True
        assert not min(event.amounts) or event.prices[0] <= event.prices[1], "crossed quotes are refused"
        self.time = event.time
        self.price_for = {-1: event.prices[0], 1: event.prices[1]}
        self.amount_for = {-1: event.amounts[0], 1: event.amounts[1]}
        self.left_for = dict(self.amount_for)
        return True

    def whole(self) -> bool:
        return min(self.amount_for.values()) > 0

    def crossed(self) -> bool:
        """Rule 14: not bid < ask, where both sides are there."""
        return self.whole() and self.price_for[-1] >= self.price_for[1]

    def usable(self, side: int, now: int, max_age: int) -> bool:
        """Rule 14, for an order of this side."""
        young = max_age == 0 or now - self.time <= max_age
        return self.amount_for[side] > 0 and not self.crossed() and young

    def price(self) -> int | None:
        """Rule 6: weighted mid of a whole, uncrossed L1, else the last trade or candle close."""
        if not self.whole() or self.crossed():
            return self.last
        bid, ask = self.price_for[-1], self.price_for[1]
        return bid + rhe(Fraction((ask - bid) * self.amount_for[-1], sum(self.amount_for.values())))
