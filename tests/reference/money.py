"""One exchange's accounts and positions: what is reserved, what can be paid (rules 2, 17 and 19)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from barter_bt.testing.scenario import ExchangeSpec

from .costs import fee_behind
from .fees import discounted, in_base, is_received, step
from .isolated import set_aside
from .model import (
    LIMIT,
    Change,
    Fill,
    Instrument,
    Position,
    World,
    checked,
    fill_position,
    in_range,
    most,
    rhe,
    value,
)
from .order import Order
from .pledged import pledged
from .tiers import requirement


@dataclass
class Account:
    """One asset, in double entry: what the account has, what the counterparty and the fees got."""

    start: int
    total: int
    reserved: int = 0
    counterparty: int = 0
    fees: int = 0
    taken: int = 0  # rule 48: by cash flows

    @property
    def free(self) -> int:
        return self.total - self.reserved


@dataclass
class Money:
    """The accounts, positions and working orders of an exchange."""

    spec: ExchangeSpec
    world: World
    positions: dict[int, Position] = field(default_factory=dict, init=False)
    marks: dict[int, int] = field(default_factory=dict, init=False)
    priced: dict[int, int] = field(default_factory=dict, init=False)  # rule 6: by the last priced event alone
    enlarged: dict[int, int] = field(default_factory=dict, init=False)  # rule 43: when a position last was, or turned
    aside: dict[int, int] = field(default_factory=dict, init=False)  # rule 70: of isolated positions
    working: list[Order] = field(default_factory=list, init=False)  # in order of arrival
    credits: dict[int, int] = field(default_factory=dict, init=False)  # rule 63: by instrument

    def __post_init__(self) -> None:
        starts = enumerate(zip(self.world.assets, self.world.start, strict=True))
        self.accounts = {asset: Account(start, start) for asset, (key, start) in starts if key[0] == self.spec.name}

    def snapshots(self, *assets: int) -> tuple[tuple[int, int, int], ...]:
        return tuple((asset, self.accounts[asset].total, self.accounts[asset].free) for asset in assets)

    def fill(self, order: Order, lots: int, ticks: int, maker: bool) -> Fill:
        notional = order.instrument.notional(lots, ticks)
        return self.fill_worth(notional, order, lots, ticks, maker)

    def fill_worth(self, notional: int, order: Order, lots: int, ticks: int, maker: bool) -> Fill:
        """Rule 63: with what it would pay its fee in now."""
        instrument, spec = order.instrument, order.instrument.spec
        fee = fee_behind(order.paid, instrument, lots, notional, maker)
        fill = Fill(order.side, lots, ticks, notional, fee, maker, charged=fee)
        if is_received(spec):
            return in_base(instrument, fill, self.credits.get(instrument.index, 0)) if fill.side > 0 else fill
        if spec.paid_in == "quote" or fee <= 0:
            return fill
        less, asset = discounted(spec, fee), self.world.assets.index((spec.exchange, spec.paid_in))
        if asset == instrument.quote:
            return fill._replace(fee=less, charged=less)
        amount = step(self.world, self.marks, less, instrument.quote, asset)
        sells_it = instrument.spot and fill.side < 0 and instrument.base == asset
        if sells_it or not amount or amount > self.accounts[asset].free - self.margined_base(asset):
            return fill
        return fill._replace(fee=less, charged=0, elsewhere=amount)

    def post(self, asset: int, amount: int, fee: int) -> None:
        """Double entry: the account gets ``amount`` less ``fee``."""
        account = self.accounts[asset]
        account.total = in_range(account.total + amount - fee, f"balance of {self.world.assets[asset]}")
        account.counterparty = in_range(account.counterparty - amount, "counterparty")
        account.fees = in_range(account.fees + fee, "fees")

    def pay(self, asset: int, amount: int) -> None:
        """Rule 48: what is reserved stays so, whatever that leaves free."""
        self.post(asset, in_range(amount, "a cash flow"), 0)
        self.accounts[asset].taken -= min(amount, 0)
        self.check()

    def balances_of(self, instrument: Instrument) -> tuple[tuple[int, int, int], ...]:
        """Rule 11: those that its fills change."""
        return self.snapshots(instrument.quote, *([instrument.base] if instrument.spot else []))

    def book_fill(self, instrument: Instrument, fill: Fill, now: int) -> Change:
        """What a fill does to position, mark and balances, and to what is set aside of it."""
        self.put_aside(instrument, set_aside(self, instrument, fill))
        kept = fill.kept(instrument)
        change = checked(fill_position(self.positions.pop(instrument.index, None), instrument, kept))
        if is_received(instrument.spec) and fill.side > 0:
            moved = instrument.held(fill.away) - fill.charged_base
            self.credits[instrument.index] = self.credits.get(instrument.index, 0) + moved
        if change.after is not None:
            self.positions[instrument.index] = change.after
            if change.after.side == fill.side:
                self.enlarged[instrument.index] = now
        self.marks[instrument.index] = fill.ticks or self.priced.get(instrument.index, 0)  # nothing is no price
        if instrument.paid_whole:
            self.post(instrument.quote, -fill.side * fill.notional, fill.charged)
            if instrument.spot:
                self.post(instrument.base, fill.side * instrument.held(fill.lots), fill.charged_base)
        else:  # rule 19: only what a reduction realises, and the fee
            self.post(instrument.quote, change.credited, fill.charged)
        return change

    def put_aside(self, instrument: Instrument, amount: int) -> None:
        """Rule 70: part of what is reserved."""
        self.accounts[instrument.quote].reserved += amount - self.aside.pop(instrument.index, 0)
        if instrument.spec.isolated and amount:
            self.aside[instrument.index] = amount

    def reducible(self, order: Order) -> int:
        """Rule 32: the lots of the position on the other side."""
        position = self.positions.get(order.instrument.index)
        return position.quantity if position and position.side != order.side else 0

    def reserves(self, order: Order) -> bool:
        """Rules 17, 19, 31 and 57: limit orders of spot in a cash account, but for protection and members of groups."""
        spends = order.price > 0 and not order.protects and order.group is None
        return self.spec.account == "cash" and order.instrument.spot and spends

    def can_reserve(self, order: Order) -> bool:
        return not self.reserves(order) or self.reservation(order) <= self.accounts[order.pays].free

    def reservation(self, order: Order) -> int:
        """Rules 17, 40 and 63: what the rest of an order reserves."""
        left = order.quantity - order.filled
        if not self.reserves(order) or left == 0:
            return 0
        if order.side < 0:
            return order.instrument.held(left)
        notional = order.instrument.notional(left, order.price)
        if is_received(order.instrument.spec):
            return notional
        either = (fee_behind(order.paid, order.instrument, left, notional, maker) for maker in (True, False))
        return notional + max(*either, 0)

    def reserve(self, order: Order) -> None:
        """Rule 17: on arrival and after a fill, what the rest needs."""
        self.accounts[order.pays].reserved += self.reservation(order) - order.reserved
        order.reserved = self.reservation(order)

    def payable(self, order: Order, lots: int, ticks: int, maker: bool) -> int:
        """The most lots, up to ``lots``, that the account can pay; all or nothing unless the order may be cut."""

        def fits(some: int) -> bool:
            return self.can_pay(order, self.fill(order, some, ticks, maker))

        if fits(lots):
            return lots
        return most(lots, fits) if order.cuts else 0

    def can_pay(self, order: Order, fill: Fill) -> bool:
        """Rule 17 for spot in a cash account: what is free and what the order itself reserves."""
        instrument = order.instrument
        if abs(fill.notional) + abs(fill.fee) > LIMIT:  # rule 2
            return False
        if self.is_margined(instrument):
            return self.has_margin(instrument, fill)
        base, quote = self.accounts[instrument.base].free, self.accounts[instrument.quote].free
        if order.side > 0 and is_received(instrument.spec) and fill.charged_base > base + instrument.held(fill.lots):
            return False
        if order.side > 0:
            return fill.notional + fill.charged <= quote + order.reserved
        return instrument.held(fill.lots) <= base + order.reserved and fill.notional - fill.charged >= -max(quote, 0)

    def has_margin(self, filling: Instrument, fill: Fill) -> bool:
        """Rule 19: unless it only reduces, collateral >= requirement in the quote asset with the fill done."""
        before = self.positions.get(filling.index)
        if before is not None and before.side != fill.side and fill.lots <= before.quantity:
            return True
        self.valued(filling.quote)
        change = fill_position(before, filling, fill)
        assert change.after is not None
        moved = (-fill.side * fill.notional if filling.paid_whole else change.credited) - fill.charged
        worth, requirement = self.sums(filling.quote, {filling.index: change.after}, {filling.index: fill.ticks})
        cash = self.accounts[filling.quote].free - self.margined_base(filling.quote) + moved
        cash -= set_aside(self, filling, fill) - self.aside.get(filling.index, 0)
        cash += pledged(self, filling.quote, {**self.marks, filling.index: fill.ticks}, free=True)
        own = value(filling, change.after, fill.ticks)
        if max(map(abs, (moved, cash, own, worth, requirement, change.after.basis))) > LIMIT:  # rule 2
            return False
        return cash + worth >= requirement

    def is_affordable(self, order: Order, lots: int, ticks: int, maker: bool) -> bool:
        """Rule 2: whether what spot costs is there, though the lots are beyond the range in units of the base."""
        instrument = order.instrument
        if order.side < 0 or not instrument.spot or instrument.base_units * lots <= LIMIT:
            return False
        worth = rhe(lots * instrument.lot_value(Fraction(ticks)))
        fill = self.fill_worth(worth, order, lots, ticks, maker)
        cash = self.accounts[instrument.quote].free + order.reserved
        return worth + abs(fill.fee) <= LIMIT and (self.spec.account == "margin" or worth + fill.charged <= cash)

    def is_held(self, order: Order, lots: int) -> bool:
        """Rule 2: whether a fill would only reduce a position, or in a cash account sell what is there."""
        instrument, before = order.instrument, self.positions.get(order.instrument.index)
        if self.is_margined(instrument):
            return before is not None and before.side != order.side and lots <= before.quantity
        return order.side < 0 and instrument.held(lots) <= self.accounts[instrument.base].free + order.reserved

    def is_margined(self, instrument: Instrument) -> bool:
        """Rule 19: derivatives are always, spot in a margin account."""
        return self.spec.account == "margin" or not instrument.spot

    def margined(self, quote: int, changed: dict[int, Position] | None = None) -> list[tuple[Instrument, Position]]:
        """Rules 19 and 70: the positions that stand together for an asset's collateral, by instrument index."""
        held = sorted({**self.positions, **(changed or {})}.items())
        every = [(self.world.instruments[index], one) for index, one in held]
        there = [(item, one) for item, one in every if item.quote == quote and self.is_margined(item)]
        return [(item, one) for item, one in there if not item.spec.isolated]

    def margined_base(self, asset: int) -> int:
        """Rules 19, 42 and 43: what margined spot positions hold of an asset as their base."""
        held = [(self.world.instruments[index], one) for index, one in self.positions.items()]
        spot = [(item, one) for item, one in held if item.spot and item.base == asset and self.is_margined(item)]
        return sum(item.held(one.side * one.quantity) for item, one in spot)

    def set_aside_of(self, asset: int) -> int:
        """Rule 70: of all isolated positions that are settled in it."""
        return sum(amount for index, amount in self.aside.items() if self.world.instruments[index].quote == asset)

    def left(self, asset: int) -> int:
        """Rules 42 and 43: the total less what margined spot positions hold of it."""
        return self.accounts[asset].total - self.margined_base(asset)

    def sums(self, quote: int, changed: dict[int, Position], fills: dict[int, int]) -> tuple[int, int]:
        """What positions are worth together and tie up, with some changed and marked at their fill's price."""
        marks = {**self.marks, **fills}
        held = self.margined(quote, changed)
        worth = sum(value(item, position, marks[item.index]) for item, position in held)
        return worth, sum(requirement(item, one.quantity, marks[item.index], one.side) for item, one in held)

    def valued(self, quote: int) -> None:
        """Rule 2: the values and requirements of margined positions stay within the range, before each fill."""
        values = [abs(value(item, position, self.marks[item.index])) for item, position in self.margined(quote)]
        in_range(sum(values), "values")
        in_range(self.sums(quote, {}, {})[1], "requirements")

    def check(self) -> None:
        """Assert that nothing is created, and that nothing is spent that is not there."""
        derivatives = {instrument.quote for instrument in self.world.instruments if not instrument.spot}
        for asset, account in self.accounts.items():
            assert account.total - account.start + account.counterparty + account.fees == 0, "double entry"
            held = sum(order.reserved for order in self.working if order.pays == asset)
            assert account.reserved == held + self.set_aside_of(asset), "free + reserved = total"
            if self.spec.account == "cash" and asset not in derivatives:
                assert account.total >= -account.taken, "a cash account spends what it has"
        assert set(self.aside) <= set(self.positions), "nothing is set aside without a position"
        assert all(order.filled < order.quantity for order in self.working), "an open order has a rest"
