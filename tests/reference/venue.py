"""One simulated exchange: its accounts, checks and matching (rules 14 to 19)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from barter_bt.testing.scenario import ExchangeSpec

from .model import LIMIT, Book, Fill, Instrument, Market, Position, World, checked, fill_position, in_range, rhe, value


@dataclass(eq=False)
class Order:
    """An order as the venue knows it; ``price`` 0 is a market order. ``resting``: it makes, else it (still) takes."""

    number: int
    instrument: Instrument
    side: int
    quantity: int
    price: int
    tif: str
    post_only: bool
    cuts: bool = False  # rule 17: a target's, not strict
    arrival: int = 0
    filled: int = 0
    matched: int = 0  # rule 17: met at this time, not yet settled
    reserved: int = 0
    resting: bool = False
    opens_seen: int = 0

    @property
    def rest(self) -> int:
        return self.quantity - self.filled - self.matched

    @property
    def pays(self) -> int:
        """The asset that it reserves."""
        return self.instrument.quote if self.side > 0 else self.instrument.base

    def allows(self, ticks: int) -> bool:
        """Whether the price is the order's or better."""
        return self.price == 0 or self.side * ticks <= self.side * self.price


class Report(NamedTuple):
    """Rule 11: what the venue tells the engine at once: some account events, applied together."""

    order: int
    time: int  # at the venue
    kind: str  # "acknowledgement", "fill", "end", "cancel_error"
    balances: tuple[tuple[int, int, int], ...] = ()  # asset, total, free
    fill: Fill | None = None
    status: str = ""  # of an order that ended
    reason: str = ""
    quantity: int = 0  # of the order, which a target's cut changes

    @property
    def events(self) -> int:
        """Rule 11: a fill is a trade, an order snapshot and its balances, anything else one event and a balance."""
        return (2 if self.kind == "fill" else 1) + len(self.balances)


@dataclass
class Account:
    """One asset, in double entry: what the account has, what the counterparty and the fees got."""

    start: int
    total: int
    reserved: int = 0
    counterparty: int = 0
    fees: int = 0

    @property
    def free(self) -> int:
        return self.total - self.reserved


RELEASES, USES, ENDS = 0, 1, 2


@dataclass(eq=False)
class Match:
    """Rule 17: what happens to an order when its time is settled.

    ``settle`` does it and says so; unless told to ``force``, it does nothing that cannot be paid whole. ``uses`` and
    ``releases`` are the assets that it is paid with and that it leaves more of.
    """

    order: Order
    rank: int
    settle: Callable[[bool], bool]
    uses: int | None = None
    releases: int | None = None
    done: bool = False


def settle(matches: list[Match]) -> None:
    """Rule 17: what releases first, then what uses, each by number; who cannot pay waits for others that release."""
    matches.sort(key=lambda match: (match.rank, match.order.number))
    while any(match.rank != ENDS for match in matches):
        for match in matches:  # grows: what is admitted may take at once
            if match.rank != ENDS:
                others = [other.releases for other in matches if not (other is match or other.done)]
                match.done = match.settle(match.uses is None or match.uses not in others)
        if not any(match.done for match in matches):
            first = next(match for match in matches if match.rank != ENDS)
            first.done = first.settle(True)
        matches[:] = [match for match in matches if not match.done]
    for match in matches:
        match.settle(True)
    matches.clear()


@dataclass
class Venue:
    """``send`` carries a report to the engine; ``kinds`` says which streams each instrument has.

    ``note`` takes a match to where all of one time and class are settled together.
    """

    spec: ExchangeSpec
    world: World
    kinds: dict[int, set[str]]
    send: Callable[[Report], None]
    note: Callable[[Match, int, int], None]
    positions: dict[int, Position] = field(default_factory=dict)
    marks: dict[int, int] = field(default_factory=dict)
    working: list[Order] = field(default_factory=list)  # in order of arrival
    stage: int = 0  # class of the present event
    matched: list[Order] = field(default_factory=list)

    def __post_init__(self) -> None:
        starts = enumerate(zip(self.world.assets, self.world.start, strict=True))
        self.accounts = {asset: Account(start, start) for asset, (key, start) in starts if key[0] == self.spec.name}
        self.books = {instrument.index: Book() for instrument in self.world.instruments}

    def evidence(self, instrument: Instrument, resting: bool) -> str:
        """Which stream fills an instrument's resting orders, or its takers."""
        setting = self.spec.maker_fills_on if resting else self.spec.taker_fills_on
        preferred = ("trades", "quotes", "candles") if resting else ("quotes", "trades", "candles")
        there = (kind for kind in preferred if kind in self.kinds[instrument.index])
        return next(there, "") if setting == "auto" else setting

    def filled_by(self, evidence: str, instrument: Instrument) -> list[Order]:
        """The open orders that this kind of event fills, in order of arrival."""
        own = [order for order in self.working if order.instrument is instrument and order.rest]
        return [order for order in own if self.evidence(instrument, order.resting) == evidence]

    def best_first(self, evidence: str, instrument: Instrument) -> list[Order]:
        """Rule 15: resting orders, buys then sells, best price first, then first arrived."""
        resting = [order for order in self.filled_by(evidence, instrument) if order.resting]
        return sorted(resting, key=lambda order: (-order.side, -order.side * order.price))

    # Requests (class 7)

    def arrive(self, order: Order, now: int) -> None:
        """Rule 17's checks in order, the acknowledgement, then taking."""
        instrument, book = order.instrument, self.books[order.instrument.index]
        order.arrival, self.stage = now, 7
        if instrument.has_expired(now):
            return self.end(order, now, "rejected", "expired")
        if reason := instrument.too_small(order.quantity, order.price):
            return self.end(order, now, "rejected", reason)
        usable = book.usable(order.side, now, self.spec.max_age_ns)
        if order.post_only and usable and order.allows(book.price_for[order.side]):
            return self.end(order, now, "rejected", "post_only")
        if not self.admit(now, order, False):
            order.matched = order.quantity  # a cancel that comes now waits
            self.note_match(Match(order, self.rank(order), partial(self.admit, now, order), order.pays), now)
        return None

    def admit(self, now: int, order: Order, force: bool) -> bool:
        """Reserve, acknowledge and take; a limit order that cannot reserve waits, or is rejected if it may not."""
        reserve = self.reservation(order)
        if self.reserves(order) and reserve > self.accounts[order.pays].free:
            if force:
                order.matched = 0
                self.end(order, now, "rejected", "insufficient_balance")
            return force
        order.matched = 0
        self.reserve(order)
        self.working.append(order)
        self.send(Report(order.number, now, "acknowledgement", self.snapshots(order.pays) if reserve else ()))
        if self.evidence(order.instrument, resting=False) == "quotes" and not order.post_only:
            self.take_quote(order, now)
            if not order.matched and order.tif != "gtc":  # rule 14
                self.note_end(order, "not_filled", now)
        order.resting = order.price > 0 and order.tif == "gtc"
        return True

    def cancel(self, number: int, now: int) -> None:
        """Cancel what is open, answer with an error if it is not; what is matched is settled first."""
        self.stage = 7
        matched = next((order for order in self.matched if order.number == number and order.matched), None)
        if matched is not None:
            self.note_match(Match(matched, ENDS, lambda _: self.cancel_now(number, now)), now)
        else:
            self.cancel_now(number, now)

    def cancel_now(self, number: int, now: int) -> bool:
        for order in self.working:
            if order.number == number:
                self.end(order, now, "cancelled", "requested")
                return True
        self.send(Report(number, now, "cancel_error"))
        return True

    def expire(self, instrument: Instrument, now: int) -> None:
        """Rule 46: the orders of an instrument end with it."""
        for order in [order for order in self.working if order.instrument is instrument]:
            self.end(order, now, "cancelled", "expired")

    # Market events

    def on_market(self, event: Market, now: int) -> None:
        """Class 0: a trade, a quote, or a candle at its close."""
        self.stage = 0
        book = self.books[event.instrument.index]
        assert book.update(event), "venue time does not go back"
        price = book.price()
        if price is not None:
            self.marks[event.instrument.index] = price
        {"quote": self.on_quote, "trade": self.on_trade, "candle": self.on_candle_close}[event.kind](event, now)

    def on_quote(self, event: Market, now: int) -> None:
        """Rules 14 and 15: first the rest of market orders, then resting orders that the opposite side reaches."""
        book = self.books[event.instrument.index]
        for order in self.filled_by("quotes", event.instrument):
            if not order.resting:
                self.take_quote(order, now)
        for order in self.best_first("quotes", event.instrument):
            left = book.left_for[order.side]
            usable = book.usable(order.side, now, self.spec.max_age_ns)
            if usable and left > 0 and order.allows(book.price_for[order.side]):
                book.left_for[order.side] -= self.note_fill(order, min(order.rest, left), order.price, True, now)

    def on_trade(self, event: Market, now: int) -> None:
        """Rule 15: takers fill whole, resting orders gone through (or touched), together the trade's amount."""
        price, amount = event.prices[0], event.amounts[0]
        for order in self.filled_by("trades", event.instrument):
            if not order.resting:
                self.meet(order, price, now)
        for order in self.best_first("trades", event.instrument):
            if self.reached(order.side * (order.price - price)) and amount > 0:
                amount -= self.note_fill(order, min(order.rest, amount), order.price, True, now)

    def on_candle_open(self, candle: Market, now: int) -> None:
        """Rule 16, class 8: orders in order of arrival meet the open."""
        price, self.stage = candle.prices[0], 8
        for order in self.filled_by("candles", candle.instrument):
            order.opens_seen += 1
            if not order.resting:
                self.meet(order, price, now)
            elif order.allows(price) and not order.post_only:
                self.note_fill(order, order.rest, price, False, now)
            elif order.allows(price) and order.opens_seen == 1:
                self.note_end(order, "post_only", now)
            elif order.allows(price):
                self.note_fill(order, order.rest, order.price, True, now)

    def on_candle_close(self, candle: Market, now: int) -> None:
        """Rule 16, class 0: takers meet the close; resting orders that were there at the open meet the range."""
        _, high, low, close = candle.prices
        for order in self.filled_by("candles", candle.instrument):
            beyond = order.price - low if order.side > 0 else high - order.price
            if not order.resting:
                self.meet(order, close, now)
            elif order.arrival <= candle.time_open and self.reached(beyond):
                self.note_fill(order, order.rest, order.price, True, now)

    def reached(self, beyond: int) -> bool:
        """Rules 15 and 16: whether a market so many ticks beyond a limit fills it."""
        return beyond >= (0 if self.spec.limit_fill == "touch" else 1)

    # Matching: nothing is paid before all of one time and class has been seen

    def note_match(self, match: Match, now: int) -> None:
        self.note(match, now, self.stage)
        self.matched = [order for order in self.matched if order.matched] + [match.order]

    def rank(self, order: Order) -> int:
        """Whether a fill would release money or coins: a sale; with margin, a reduction."""
        if self.spec.account == "cash" and order.instrument.spot:
            return USES if order.side > 0 else RELEASES
        position = self.positions.get(order.instrument.index)
        return RELEASES if position and position.side != order.side else USES

    def note_fill(self, order: Order, lots: int, ticks: int, maker: bool, now: int) -> int:
        """These lots are matched, and returned."""
        rank, quote, base = self.rank(order), order.instrument.quote, order.instrument.base
        uses, releases = (quote, base) if order.side > 0 else (base, quote)
        if self.spec.account == "margin" or not order.instrument.spot:
            uses, releases = quote, quote if rank == RELEASES else None
        order.matched += lots
        settles = partial(self.settle_fill, order, lots, ticks, maker, now)
        self.note_match(Match(order, rank, settles, uses, releases), now)
        return lots

    def note_end(self, order: Order, reason: str, now: int) -> None:
        """The order expires, and meets nothing else before it does."""
        order.matched += order.rest

        def ends(_: bool) -> bool:
            order.matched = 0
            self.end(order, now, "expired", reason)
            return True

        self.note_match(Match(order, RELEASES, ends), now)

    def settle_fill(self, order: Order, lots: int, ticks: int, maker: bool, now: int, force: bool) -> bool:
        """Fill what can be paid, unless it may wait; the rest of IOC and FOK expires (rule 14)."""
        there = order in self.working
        if there and not force and not self.can_pay(order, self.fill(order, lots, ticks, maker)):
            return False
        order.matched -= lots
        if there:
            self.execute(order, lots, ticks, maker, now)
            if order in self.working and order.tif != "gtc":
                self.end(order, now, "expired", "not_filled")
        return True

    def take_quote(self, order: Order, now: int) -> None:
        """Rule 14: fill at the opposite price, up to what is left of its amount."""
        book, side = self.books[order.instrument.index], order.side
        left, price = book.left_for[side], book.price_for[side]
        if left == 0 or not book.usable(side, now, self.spec.max_age_ns) or not order.allows(price):
            return
        if order.rest and (order.tif != "fok" or left >= order.rest):
            book.left_for[side] -= self.note_fill(order, min(order.rest, left), price, False, now)

    def meet(self, order: Order, price: int, now: int) -> None:
        """Rules 15 and 16: a taker meets a trade, an open or a close: whole if its price allows, else it expires."""
        if order.allows(price):
            self.note_fill(order, order.rest, price, False, now)
        else:
            self.note_end(order, "not_filled", now)

    def execute(self, order: Order, lots: int, ticks: int, maker: bool, now: int) -> int:
        """Check what can be paid (rules 17 and 19), then post the fill; returns the lots filled."""
        assert order.arrival <= now, "no fill before acceptance"
        assert 0 < lots <= order.quantity - order.filled, "fills within the quantity"
        payable = self.payable(order, lots, ticks, maker)
        if payable < lots and order.instrument.notional(lots, ticks) > LIMIT:  # rule 2
            if self.is_held(order, lots) or self.is_affordable(order, lots, ticks, maker):
                raise OverflowError("what is sold or bought cannot be counted")
        if payable < lots and not order.cuts:
            self.end(order, now, "cancelled" if order.filled else "rejected", "insufficient_balance")
            return 0
        if payable < lots:  # a target's order becomes what it got
            order.quantity = order.filled + payable
        if payable == 0:
            self.end(order, now, *(("filled", "") if order.filled else ("rejected", "insufficient_balance")))
            return 0
        fill = self.fill(order, payable, ticks, maker)
        in_range(fill.notional, "notional")
        instrument, side = order.instrument, order.side
        if self.spec.account == "margin" or not instrument.spot:
            self.valued(instrument.quote)
        change = checked(fill_position(self.positions.pop(instrument.index, None), instrument, fill))
        if change.after is not None:
            self.positions[instrument.index] = change.after
        self.marks[instrument.index] = ticks
        in_range(max(map(abs, self.sums(instrument.quote, {}, {}))), "values and requirements")
        if instrument.spot:
            self.post(instrument.quote, -side * fill.notional, fill.fee)
            self.post(instrument.base, side * instrument.held(payable), 0)
        else:  # rule 19: only what a reduction realises, and the fee
            self.post(instrument.quote, change.gain, fill.fee)
        order.filled += payable
        self.reserve(order)
        done = order.filled == order.quantity
        if done:
            self.working.remove(order)
        balances = self.snapshots(instrument.quote, *([instrument.base] if instrument.spot else []))
        status = "filled" if done else ""
        self.send(Report(order.number, now, "fill", balances, fill, status, "", order.quantity))
        self.check()
        return payable

    def end(self, order: Order, now: int, status: str, reason: str) -> None:
        """The order ends without a fill: a reject, a cancel or an expiry."""
        if order in self.working:
            self.working.remove(order)
        self.accounts[order.pays].reserved -= order.reserved
        balances = self.snapshots(order.pays) if order.reserved else ()
        self.send(Report(order.number, now, "end", balances, None, status, reason, order.quantity))
        self.check()

    # Money

    def snapshots(self, *assets: int) -> tuple[tuple[int, int, int], ...]:
        return tuple((asset, self.accounts[asset].total, self.accounts[asset].free) for asset in assets)

    def fill(self, order: Order, lots: int, ticks: int, maker: bool) -> Fill:
        notional = order.instrument.notional(lots, ticks)
        return Fill(order.side, lots, ticks, notional, order.instrument.fee(lots, notional, maker), maker)

    def post(self, asset: int, amount: int, fee: int) -> None:
        """Double entry: the account gets ``amount`` less ``fee``."""
        account = self.accounts[asset]
        account.total = in_range(account.total + amount - fee, f"balance of {self.world.assets[asset]}")
        account.counterparty = in_range(account.counterparty - amount, "counterparty")
        account.fees = in_range(account.fees + fee, "fees")

    def reserves(self, order: Order) -> bool:
        """Rules 17 and 19: limit orders do, of spot in a cash account."""
        return self.spec.account == "cash" and order.instrument.spot and order.price > 0

    def reservation(self, order: Order) -> int:
        """Rule 17: what the rest of an order reserves."""
        left = order.quantity - order.filled
        if not self.reserves(order) or left == 0:
            return 0
        if order.side < 0:
            return order.instrument.held(left)
        maker, taker = (self.fill(order, left, order.price, is_maker) for is_maker in (True, False))
        return maker.notional + max(maker.fee, taker.fee, 0)

    def reserve(self, order: Order) -> None:
        """Rule 17: on arrival and after a fill, what the rest needs."""
        self.accounts[order.pays].reserved += self.reservation(order) - order.reserved
        order.reserved = self.reservation(order)

    def payable(self, order: Order, lots: int, ticks: int, maker: bool) -> int:
        """The most lots, up to ``lots``, that the account can pay; all or nothing unless the order may be cut."""
        if self.can_pay(order, self.fill(order, lots, ticks, maker)):
            return lots
        low, high = 0, lots if order.cuts else 0
        while low < high:  # what can be paid falls with the lots, but for rounding
            middle = (low + high + 1) // 2
            enough = self.can_pay(order, self.fill(order, middle, ticks, maker))
            low, high = (middle, high) if enough else (low, middle - 1)
        return low

    def can_pay(self, order: Order, fill: Fill) -> bool:
        """Rule 17 for spot in a cash account: what is free and what the order itself reserves."""
        instrument = order.instrument
        if fill.notional + abs(fill.fee) > LIMIT:  # rule 2
            return False
        if self.spec.account == "margin" or not instrument.spot:
            return self.has_margin(instrument, fill)
        base, quote = self.accounts[instrument.base].free, self.accounts[instrument.quote].free
        if order.side > 0:
            return fill.notional + fill.fee <= quote + order.reserved
        return instrument.held(fill.lots) <= base + order.reserved and fill.notional - fill.fee >= -quote

    def has_margin(self, filling: Instrument, fill: Fill) -> bool:
        """Rule 19: unless it only reduces, collateral >= requirement in the quote asset with the fill done."""
        before = self.positions.get(filling.index)
        if before is not None and before.side != fill.side and fill.lots <= before.quantity:
            return True
        self.valued(filling.quote)
        change = fill_position(before, filling, fill)
        assert change.after is not None
        moved = (-fill.side * fill.notional if filling.spot else change.gain) - fill.fee
        worth, requirement = self.sums(filling.quote, {filling.index: change.after}, {filling.index: fill.ticks})
        cash, own = self.accounts[filling.quote].free + moved, value(filling, change.after, fill.ticks)
        if max(map(abs, (moved, cash, own, worth, requirement, change.after.cost))) > LIMIT:  # rule 2
            return False
        return cash + worth >= requirement

    def is_affordable(self, order: Order, lots: int, ticks: int, maker: bool) -> bool:
        """Rule 2: whether what spot costs is there, though the lots are beyond the range in units of the base."""
        instrument = order.instrument
        if order.side < 0 or not instrument.spot or instrument.base_units * lots <= LIMIT:
            return False
        worth = rhe(lots * instrument.lot_value(Fraction(ticks)))
        fee = instrument.fee(lots, worth, maker)
        cash = self.accounts[instrument.quote].free + order.reserved
        return worth + abs(fee) <= LIMIT and (self.spec.account == "margin" or worth + fee <= cash)

    def is_held(self, order: Order, lots: int) -> bool:
        """Rule 2: whether a fill would only reduce a position, or in a cash account sell what is there."""
        instrument, before = order.instrument, self.positions.get(order.instrument.index)
        if self.spec.account == "margin" or not instrument.spot:
            return before is not None and before.side != order.side and lots <= before.quantity
        return order.side < 0 and instrument.held(lots) <= self.accounts[instrument.base].free + order.reserved

    def margined(self, quote: int, changed: dict[int, Position] | None = None) -> list[tuple[Instrument, Position]]:
        """Rule 19: the positions that count for an asset's collateral."""
        held = [(self.world.instruments[index], one) for index, one in {**self.positions, **(changed or {})}.items()]
        in_account = self.spec.account == "margin"
        return [(item, one) for item, one in held if item.quote == quote and (in_account or not item.spot)]

    def sums(self, quote: int, changed: dict[int, Position], fills: dict[int, int]) -> tuple[int, int]:
        """What positions are worth together and tie up, with some changed and marked at their fill's price."""
        marks = {**self.marks, **fills}
        held = self.margined(quote, changed)
        worth = sum(value(item, position, marks[item.index]) for item, position in held)
        return worth, sum(item.requirement(position.quantity, marks[item.index]) for item, position in held)

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
            assert account.reserved == held, "free + reserved = total"
            if self.spec.account == "cash" and asset not in derivatives:
                assert account.total >= 0, "a cash account spends what it has"
        assert all(order.filled < order.quantity for order in self.working), "an open order has a rest"
