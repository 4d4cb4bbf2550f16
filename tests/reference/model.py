"""Numbers, positions and prices: rules 1 to 6, in exact integers and fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from math import inf
from typing import NamedTuple

from barter_bt.testing.scenario import InstrumentSpec, Row, Scenario
from barter_bt.testing.scenario.spec import Mark

from .by_order import OrderRow

BILLION = 10**9
LIMIT = 2**62
ZERO = 10**12  # rule 76: ticks of a price of 0 where it can be negative, so that 0 ticks are no price here either
NAMES = {"trades": "trade", "quotes": "quote", "candles": "candle"}


def exact(value: float | str | Fraction) -> Fraction:
    """A number as its shortest decimal text says it."""
    return Fraction(str(value))


def rhe(value: Fraction) -> int:
    """Rule 3: rounded half to even."""
    floor, rest = divmod(value, 1)
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1)
    return int(floor) + up


def on_grid(value: float | str | Fraction, step: Fraction, what: str, *, rounds: bool = False) -> int:
    """Rule 20: a whole number of steps, anything else is an error; where none is declared, rounded half up."""
    steps = exact(value) / step
    if rounds:
        return int(abs(steps) + Fraction(1, 2)) * (1 if steps > 0 else -1)
    assert steps.denominator == 1, f"{what} {value} is off the grid of {step}"
    return int(steps)


def in_range(value: int, what: str) -> int:
    """Rule 2: money stays within 2^62."""
    if abs(value) > LIMIT:
        raise OverflowError(f"{what} is {value}")
    return value


def most(lots: int, fits: Callable[[int], bool]) -> int:
    """Rule 17: the most of these lots that fit, by bisection (upper middle)."""
    low, high = 0, lots
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


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
    rates: dict[bool, Fraction] = field(default_factory=dict, compare=False)  # in force: the taker's, the maker's

    def __post_init__(self) -> None:
        self.rates.update({True: exact(self.spec.maker), False: exact(self.spec.taker)})

    def held(self, lots: int) -> int:
        """Lots of a spot instrument in units of its base asset."""
        return on_grid(self.base_units * lots, Fraction(1), "base units")

    def notional(self, lots: int, ticks: int) -> int:
        """Rule 3; beyond the range, too, if the lots are that in units of the base (rule 2).

        Rule 76: at a price below 0 it is negative, but beyond the range above it.
        """
        if self.spot and self.base_units * lots > LIMIT:
            return LIMIT + 1
        value = lots * self.lot_value(Fraction(ticks))
        signed = rhe(abs(value)) * (1 if value >= 0 else -1)
        return LIMIT + 1 if self.zero and abs(signed) >= LIMIT else signed

    def lot_value(self, ticks: Fraction) -> Fraction:
        """One lot in quote units, not rounded."""
        return self.ratio / ticks if self.inverse else self.ratio * (ticks - self.zero)

    @property
    def zero(self) -> int:
        """Rule 76: at how many ticks the price is 0."""
        return ZERO if self.spec.price_can_be_negative else 0

    def from_zero(self, ticks: int) -> int:
        """Rule 76: what fractions of a price are fractions of."""
        return abs(ticks - self.zero)

    def ticks_of(self, price: float | str) -> int:
        return self.distance_of(price) + self.zero

    def distance_of(self, price: float | str) -> int:
        return on_grid(price, self.tick, "price", rounds=not self.spec.declares_tick)

    def counted(self, ticks: float) -> int:
        """A distance that is given in ticks, which must be declared."""
        assert self.spec.declares_tick or not ticks, "nobody knows what a tick is"
        return on_grid(ticks, Fraction(1), "a number of ticks")

    def lots_of(self, quantity: float) -> int:
        return on_grid(quantity, self.lot, "quantity", rounds=not self.spec.declares_lot)

    @property
    def inverse(self) -> bool:
        return self.spec.kind == "inverse"

    @property
    def option(self) -> bool:
        return self.spec.kind == "option"

    @property
    def paid_whole(self) -> bool:
        """Rules 5 and 64: a fill moves all of its notional, and a position is worth its own."""
        return self.spot or self.option

    @property
    def strike(self) -> int:
        """Rule 64: of an option, in its ticks."""
        return self.ticks_of(self.spec.strike or "")

    @property
    def gains(self) -> int:
        """Whether a long position gains with its notional or against it."""
        return -1 if self.inverse else 1

    def per_contract(self, amount: str, lots: int) -> int:
        """A sum per contract, times lots, in quote units."""
        return rhe(exact(amount) * lots * self.lot / self.quote_unit)

    def fee(self, lots: int, notional: int, maker: bool) -> int:
        """Rule 3: the rate's part and the part per contract, each rounded."""
        return rhe(abs(notional) * self.rates[maker]) + self.per_contract(self.spec.per_contract, lots)

    def has_expired(self, now: int) -> bool:
        """Rule 46: nothing of it trades from then on."""
        return self.spec.expiry is not None and now >= self.spec.expiry

    def requirement(self, side: int, lots: int, ticks: int) -> int:
        """Rules 19 and 64: what holding these lots ties up."""
        if self.option and side > 0:
            return self.notional(lots, ticks)
        if self.spec.margin_per_contract is not None:
            return self.per_contract(self.spec.margin_per_contract, lots)
        notional = self.notional(lots, self.strike if self.option else ticks)
        return rhe(abs(notional) * exact(self.spec.margin)) if notional <= LIMIT else LIMIT + 1

    def maintenance(self, side: int, lots: int, ticks: int) -> int:
        """Rules 42 and 64: what must be kept as long as these lots are held."""
        if self.option and side > 0:
            return 0
        if self.spec.maintenance_per_contract is not None:
            return self.per_contract(self.spec.maintenance_per_contract, lots)
        notional = abs(self.notional(lots, self.strike if self.option else ticks))
        return rhe(notional * exact(self.spec.maintenance or "0"))

    def too_small(self, lots: int, ticks: int) -> str:
        """Rule 17: the reason, if there is one; a market order (0 ticks) has no price and notional to check."""
        if lots * self.lot < exact(self.spec.quantity_min or 0):
            return "below_minimum"
        least = self.spec.price_min
        if ticks > 0 and least is not None and (ticks - self.zero) * self.tick < exact(least):
            return "below_price_min"
        if ticks > 0 and abs(self.notional(lots, ticks)) * self.quote_unit < exact(self.spec.notional_min or 0):
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


def settled_last(scenario: Scenario, spec: InstrumentSpec) -> InstrumentSpec:
    """Rule 80: with the last of its settlement prices, if it has any."""
    prices = [row[3] for row in scenario.cash_flows if row[0] == "settlement" and row[2] == spec.name]
    return replace(spec, settlement_price=repr(prices[-1])) if prices else spec


def build(scenario: Scenario) -> World:
    """Rule 1: index order and scales."""
    specs = sorted(
        map(partial(settled_last, scenario), scenario.instruments), key=lambda spec: (spec.exchange, spec.name)
    )
    balances = {(exchange, asset): exact(amount) for exchange, asset, amount in scenario.balances}
    given = {(exchange, asset): exact(unit) for exchange, asset, unit in scenario.units}
    assets = sorted({(spec.exchange, asset) for spec in specs for asset in (spec.base, spec.quote)} | set(balances))
    ranges = {spec.name: price_range(scenario, spec) for spec in specs}
    ticks = {spec.name: exact(spec.tick) if spec.declares_tick else resolution(*ranges[spec.name]) for spec in specs}
    lots = {spec.name: exact(spec.lot) if spec.declares_lot else Fraction(1, BILLION) for spec in specs}
    steps = conversions(specs, scenario)
    led_to = {name for _, _, name, spec in steps if spec is None or spec.base == name}
    money = {spec.money for spec in specs} | {scenario.reporting} | led_to
    money |= {name for spec in specs for name in assets_of_fees(spec)}
    units = {}
    for exchange, name in assets:
        settled = [spec for spec in specs if spec.kind == "inverse" and spec.base == name]
        fine = any(lots[spec.name] * exact(spec.contract_size) / ticks[spec.name] < 100 for spec in settled)
        units[exchange, name] = Fraction(1, BILLION * 1000 if fine else BILLION)
        needed = [balances.get((exchange, name), Fraction(0))]
        if name in money:
            needed += [amount for (_, other), amount in balances.items() if other == name]
            for spec in (spec for spec in specs if spec.kind == "spot"):
                low, high = ranges[spec.name]
                needed += [balances.get((spec.exchange, spec.base), 0) * high] if spec.quote == name else []
                needed += [balances.get((spec.exchange, spec.quote), 0) / low] if spec.base == name else []
        while max(needed) > 10**16 * units[exchange, name]:
            units[exchange, name] *= 10
        units[exchange, name] = given.get((exchange, name), units[exchange, name])
    for spec in (spec for spec in specs if not spec.declares_lot):
        low, high = ranges[spec.name]
        worth = exact(spec.contract_size) * (1 / high if spec.kind == "inverse" else low)
        if spec.kind == "spot" and spec.base in money:
            lots[spec.name] = max(lots[spec.name], units[spec.exchange, spec.base])
        while lots[spec.name] * worth < units[spec.exchange, spec.money]:
            lots[spec.name] *= 10
    for key in assets:
        held = [lots[spec.name] for spec in specs if (spec.exchange, spec.base) == key and spec.kind == "spot"]
        if held and key[1] not in money and key not in given:
            units[key] = whole_power(Fraction(10**30), held)
            balance = balances.get(key, Fraction(0))
            while balance % units[key] and units[key] * BILLION > 1 and 10 * balance <= 10**16 * units[key]:
                units[key] /= 10
        units[key] = whole_power(units[key], held)
    instruments = []
    for index, spec in enumerate(specs):
        base, quote = (assets.index((spec.exchange, name)) for name in (spec.base, spec.money))
        tick, lot = ticks[spec.name], lots[spec.name]
        contract = lot * exact(spec.contract_size)
        per_lot = contract / tick if spec.kind == "inverse" else contract * tick
        unit, held_units = units[assets[quote]], contract / units[assets[base]]
        spot, ratio = spec.kind == "spot", per_lot / unit
        instruments.append(Instrument(index, spec, spot, base, quote, tick, lot, ratio, held_units, unit))
    start = tuple(int(balances.get(key, Fraction(0)) // units[key]) for key in assets)
    return World(tuple(assets), tuple(units[key] for key in assets), start, tuple(instruments))


def price_range(scenario: Scenario, spec: InstrumentSpec) -> tuple[Fraction, Fraction]:
    """Rule 1: the data's, or where a tick is declared a thousand to a million of it."""
    if spec.declares_tick:
        return exact(spec.tick) * 1000, exact(spec.tick) * 10**6
    found: list[float] = []
    for stream in scenario.streams:
        for row in stream.rows:
            if row[3 if stream.kind == "candles" else 2] != spec.name:
                continue
            if stream.kind == "quotes":
                found += [price for price, amount in (row[3:5], row[5:7]) if amount > 0]
            elif stream.kind == "book":
                found += [row[4]] if row[3] else []
            elif stream.kind == "book_orders":
                found += [row[6]] if row[6] else []
            else:
                found += row[4:8] if stream.kind == "candles" else row[3:4]
    return exact(min(found)), exact(max(found))


def resolution(low: Fraction, high: Fraction) -> Fraction:
    """Rule 1: nine digits of the smallest price, and the largest at most 9e15 ticks."""
    tick = Fraction(1, BILLION)
    while low / tick < 10**8 and tick > Fraction(1, BILLION**2):
        tick /= 10
    while high / tick > 9 * 10**15:
        tick *= 10
    assert low / tick >= 10**5, "prices too far apart are refused"
    return tick


def whole_power(unit: Fraction, lots: list[Fraction]) -> Fraction:
    """A unit, finer by powers of ten until every lot is a whole number of it."""
    while any(lot % unit for lot in lots):
        unit /= 10
    return unit


def assets_of_fees(spec: InstrumentSpec) -> Iterator[str]:
    """Rule 1: what its fees are paid in, or its volume is counted in."""
    if spec.fee_tiers is not None:
        yield spec.fee_tiers[1]
    if spec.paid_in != "quote":
        yield spec.base if spec.paid_in == "received" else spec.paid_in


class Step(NamedTuple):
    """Rule 24: what converts a name into the one before it, an instrument or, of rule 74, the rate of a row."""

    row: int  # of the rates
    name: str
    to: str
    spec: InstrumentSpec | None


def conversions(specs: list[InstrumentSpec], scenario: Scenario) -> list[Step]:
    """Rules 24 and 74: breadth first, for each name the instruments, then the rates."""
    pairs: list[tuple[int, str, str, InstrumentSpec | None]] = [
        (-1, spec.base, spec.quote, spec) for spec in specs if spec.kind == "spot"
    ]
    pairs += [(row, base, quote, None) for row, (base, quote, _) in enumerate(scenario.rates)]
    reached, steps = [scenario.reporting], list[Step]()
    for name in reached:  # grows
        for row, base, quote, spec in pairs:
            far = {quote: base, base: quote}.get(name)
            if far is not None and far not in reached:
                reached.append(far)
                steps.append(Step(row, far, name, spec))
    return steps


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
    basis: int  # rule 102: what it counts from, its cost where nothing is settled by day


class Change(NamedTuple):
    """What a fill does to a position: the one after it, the one it closed, what a reduction realised before fees."""

    after: Position | None
    exited: Position | None = None
    gain: int = 0
    credited: int = 0  # rule 102: of that, what has not been paid by day
    opened: bool = False


class Fill(NamedTuple):
    """A fill of a bought (+1) or sold (-1) quantity."""

    side: int
    lots: int
    ticks: int
    notional: int
    fee: int
    maker: bool
    charged: int = 0  # of the quote asset, and of the base asset (rule 63)
    charged_base: int = 0
    away: int = 0  # lots that do not come into the position
    elsewhere: int = 0  # what is paid right behind it, of a third asset
    why: str | None = None  # rule 91, of fills on a book

    def kept(self, instrument: Instrument) -> Fill:
        """Rule 63: what rule 4 applies to."""
        if not self.away:
            return self
        lots = self.lots - self.away
        return self._replace(lots=lots, notional=instrument.notional(lots, self.ticks))


def part_of(cost: int, lots: int, quantity: int) -> int:
    """Rules 4 and 76: of a cost, which may be below 0, the part of so many lots."""
    return rhe(Fraction(abs(cost) * lots, quantity)) * (1 if cost >= 0 else -1)


def fill_position(before: Position | None, instrument: Instrument, fill: Fill) -> Change:
    """Rule 4, case by case."""
    side, lots, ticks, notional, fee, maker, *_ = fill
    if before is None:
        return Change(Position(side, lots, notional, lots, fee, 0, -fee, notional), opened=True)
    quantity, realised = before.quantity + lots, before.realised - fee
    if side == before.side:
        cost, largest = before.cost + notional, max(before.quantity_max, quantity)
        entered, basis = before.fees_enter + fee, before.basis + notional
        return Change(Position(side, quantity, cost, largest, entered, before.fees_exit, realised, basis))
    if lots > before.quantity:  # a flip: close, then open with the rest
        notional_close, fee_close = (
            instrument.notional(before.quantity, ticks),
            rhe(Fraction(fee * before.quantity, lots)),
        )
        close = Fill(side, before.quantity, ticks, notional_close, fee_close, maker)
        rest = Fill(side, lots - close.lots, ticks, notional - notional_close, fee - fee_close, maker)
        closed = fill_position(before, instrument, close)
        return closed._replace(after=fill_position(None, instrument, rest).after, opened=True)
    cost_out = before.cost if lots == before.quantity else part_of(before.cost, lots, before.quantity)
    gain = instrument.gains * before.side * (notional - cost_out)
    after = replace(before, quantity=before.quantity - lots, cost=before.cost - cost_out, realised=realised + gain)
    basis_out = part_of(before.basis, lots, before.quantity)
    after = replace(after, fees_exit=before.fees_exit + fee, basis=before.basis - basis_out)
    credited = instrument.gains * before.side * (notional - basis_out)
    return Change(after, None, gain, credited) if after.quantity else Change(None, after, gain, credited)


def checked(change: Change) -> Change:
    """Rule 2: what a position counts stays within the range."""
    for position in (change.after, change.exited):
        if position is not None:
            counts = (position.quantity, position.cost, position.realised, position.fees_enter, position.fees_exit)
            counts = (*counts, position.basis)
            in_range(max(map(abs, counts)), "a position")
    return change


def value(instrument: Instrument, position: Position, mark: int | None) -> int:
    """Rules 5 and 102: the position's value at a mark in ticks; None is the mark "at its cost" of rule 6.

    Where the notional leaves the range, so does the value (rule 2).
    """
    worth = position.cost if mark is None else instrument.notional(position.quantity, mark)
    if worth > LIMIT:
        return position.side * (1 if instrument.paid_whole else instrument.gains) * (LIMIT + 1)
    return position.side * (worth if instrument.paid_whole else instrument.gains * (worth - position.basis))


class Message(NamedTuple):
    """Rule 87: what a message about a book says; its levels as side, price and lots."""

    snapshot: bool
    sequence: int | None
    previous: int | None
    levels: tuple[tuple[int, int, int], ...]
    orders: tuple[OrderRow, ...] = ()  # rule 93


class Market(NamedTuple):
    """A row of a stream in ticks and lots, or a message of a book."""

    kind: str  # "trade", "quote", "candle", "book"
    instrument: Instrument
    time: int  # at the venue; a candle: its close
    received: int | None
    time_open: int  # candles only
    prices: tuple[int, ...]  # trade: price; quote: bid, ask; candle: open, high, low, close
    amounts: tuple[int, ...]  # trade: amount; quote: bid, ask; candle: volume
    message: Message | None = None
    side: int = 0  # of a trade: who took, if it says so


def read(world: World, kind: str, row: Row) -> Market:
    """A row of a stream of this kind."""
    time_open, (time, received, name, *numbers) = (row[0], row[1:]) if kind == "candles" else (0, row)
    prices = {"trades": numbers[:1], "quotes": numbers[::2], "candles": numbers[:4]}[kind]
    amounts = {"trades": numbers[1:2], "quotes": numbers[1::2], "candles": numbers[4:]}[kind]
    instrument = world.find(name)
    ticks = tuple(instrument.ticks_of(price) for price in prices)
    if instrument.spec.declares_lot:
        lots = tuple(int(exact(amount) / instrument.lot) for amount in amounts)  # rule 20: whole lots
    else:
        lots = tuple(instrument.lots_of(amount) for amount in amounts)
    side = numbers[2] if kind == "trades" and len(numbers) > 2 else 0
    return Market(NAMES[kind], instrument, time, received, time_open, ticks, lots, side=side)


@dataclass
class Book:
    """What somebody knows of one instrument's market; L1 by the side that takes from it: +1 buys at the ask."""

    time: float = -inf  # of the quote
    time_last: float = -inf
    price_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    amount_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    left_for: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})  # rule 14: not yet taken
    last: int | None = None
    how: Mark = "weighted_mid"  # rule 73
    fee: Fraction = Fraction(0)  # the plain rate of who takes
    zero: int = 0  # rule 76

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

    def usable(self, side: int, now: int, max_age: int, fills_locked: bool) -> bool:
        """Rule 14, for an order of this side."""
        young = max_age == 0 or now - self.time <= max_age
        return self.amount_for[side] > 0 and (fills_locked or not self.crossed()) and young

    def price(self) -> int | None:
        """Rule 6: weighted mid of a whole, uncrossed L1, else the last trade or candle close; or as rule 73 has it."""
        if not self.closes() or (self.how == "last" and self.last is not None):
            return self.last
        bid, ask = self.price_for[-1], self.price_for[1]
        return bid + rhe(Fraction(ask - bid, 2)) if self.how == "mid" else self.mid()

    def mid(self) -> int | None:
        """Rule 6: weighted by amounts, of a whole, uncrossed L1."""
        if not self.closes():
            return None
        bid, ask = self.price_for[-1], self.price_for[1]
        return bid + rhe(Fraction((ask - bid) * self.amount_for[-1], sum(self.amount_for.values())))

    def closes(self) -> bool:
        """Whether both sides are there, and not crossed."""
        return self.whole() and not self.crossed()

    def mark(self, position: Position | None) -> int | None:
        """Rule 73: the price, or what closes a position."""
        if position is not None and self.how in ("closing", "closing_with_fee") and self.closes():
            price = self.price_for[-position.side]
            fee = rhe(abs(price - self.zero) * max(self.fee, Fraction(0))) if self.how == "closing_with_fee" else 0
            return max(price - position.side * fee, 1)
        return self.price()
