"""One simulated exchange: checks, matching, held orders, what depends on others or a time, and what it closes itself.

Rules 14 to 19, 28 to 39, 57, 58 and 63.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from . import mishaps, on_books
from .books import Levels
from .costs import paid_behind, slippage
from .ending import EXERCISE, close_ended, exercise, told_of
from .fees import Volumes
from .flows import Flow
from .latency import CANCEL, OPEN
from .liquidation import Prices, fee_out, price_out
from .model import LIMIT, Book, Fill, Instrument, Market, Position, exact, in_range
from .money import Money
from .offer import Offer, offered
from .order import ADMITS, ENDS, RELEASES, USES, Match, Order, Report
from .tiers import step_down
from .timing import is_early, is_late, is_over

PATHLESS = ("pessimistic", "optimistic")  # rule 59
ENTRY = 0.77  # rule 10: in class 0, behind expiries and before cash flows
PREFERRED = {
    "takers": ("book", "quotes", "trades", "candles"),
    "resting": ("book", "trades", "quotes", "candles"),
    "triggers": ("trades", "candles", "quotes"),
}


@dataclass
class Venue(Money):
    """``send`` carries a report to the engine; ``kinds`` says which streams each instrument has.

    ``note`` takes a match to where all of one time and class are settled together, ``insure`` what is missing of an
    asset to who pays it, ``owe`` a cash flow.
    """

    kinds: dict[int, set[str]]
    send: Callable[[Report], None]
    note: Callable[[Match, int, float], None]
    insure: Callable[[int, int, int], None]
    owe: Callable[[Flow, int], None]
    stage: float = field(default=0, init=False)  # class of the present event
    matched: list[Order] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.volumes = Volumes(self.world, self.spec.name)
        self.books = {
            item.index: Book(how=self.spec.mark, fee=exact(item.spec.taker), zero=item.zero)
            for item in self.world.instruments
        }
        self.levels = {item.index: Levels() for item in self.world.instruments}
        self.last: dict[tuple[int, str], Market] = {}  # by instrument and kind
        self.opens: dict[int, tuple[int, Offer]] = {}  # rule 38: when the last candle opened, what that offered
        self.closes: dict[int, Offer] = {}  # what the last candle offered at its close
        self.told: dict[int, int] = {}  # rule 45: when the engine hears of an instrument's last split
        self.traded: dict[int, Offer] = {}  # what the last trade offered
        self.closed_now: list[Market] = []  # the candles that close at the present time

    def evidence(self, instrument: Instrument, purpose: str) -> str:
        """Which stream fills an instrument's takers or its resting orders, or shows prices to its held orders."""
        terms = {"takers": self.spec.taker_fills_on, "resting": self.spec.maker_fills_on}
        setting = terms.get(purpose, self.spec.triggers_on)
        there = (kind for kind in PREFERRED[purpose] if kind in self.kinds[instrument.index])
        return next(there, "") if setting == "auto" else setting

    def filled_by(self, evidence: str, instrument: Instrument) -> list[Order]:
        """The open orders that this kind of event fills, in order of arrival."""
        own = [order for order in self.working if order.instrument is instrument and order.rest and not order.held]
        purpose = {False: "takers", True: "resting"}
        return [order for order in own if self.evidence(instrument, purpose[order.resting]) == evidence]

    def best_first(self, evidence: str, instrument: Instrument) -> list[Order]:
        """Rule 15: resting orders, buys then sells, best price first, then first arrived."""
        resting = [order for order in self.filled_by(evidence, instrument) if order.resting]
        return sorted(resting, key=lambda order: (-order.side, -order.side * order.price))

    # Requests (class 7)

    def arrive(self, order: Order, now: int) -> None:
        """Checks in order, the acknowledgement, then taking; what waits for its parent is only acknowledged."""
        order.arrival, self.stage = now, 7
        if why := mishaps.befalls(self.spec.faults, OPEN, order.number, now):
            order.closed = True
            end = Report(order.number, now, "end", (), None, "rejected", why, order.quantity, lost=why == "lost")
            self.send(end)
        elif order.terms is EXERCISE:
            exercise(self, order, now)
        elif reason := self.rejection(order, now):
            self.end(order, now, "rejected", reason)
        elif order.parent is None or (order.terms.follows and order.parent.has_filled_whole):
            self.enter(order, now)
        else:
            order.waits = True
            self.accept(order, now)
            if order.protects and order.parent.filled:  # rule 52: it was slower
                self.protect(order, order.parent, order.parent.first_price, now, None)

    def enter(self, order: Order, now: int) -> None:
        """Rules 17, 28 and 32: the market is there for it, unless it is too early, or something is against that."""
        order.arrival = now
        if is_early(order, now):
            order.held_back = True
            self.accept(order, now)
        elif reason := self.objection(order, now):
            self.end(order, now, "rejected", reason)
        elif order.terms.trigger_kind:
            self.hold(order, now)
        elif not self.admit(now, order, False):
            self.wait(order, now)

    def start(self, order: Order, now: int) -> None:
        """Rule 58: what it follows has filled whole."""
        order.waits = False
        self.working.remove(order)
        if reason := self.rejection(order, now):
            self.end(order, now, "rejected", reason)
        else:
            self.enter(order, now)

    def let_in(self, order: Order, now: int) -> None:
        """Rule 35: its time has come, unless it has ended, waits for its parent, or is still on its way."""
        if order in self.working and order.held_back:
            self.stage, order.held_back = ENTRY, False
            self.working.remove(order)
            self.enter(order, now)

    def accept(self, order: Order, now: int, balances: tuple[tuple[int, int, int], ...] = ()) -> None:
        """It is live: an acknowledgement; of what has waited or was held back, and is let in, a change."""
        self.working.append(order)
        if order.acknowledged:
            stands = order.trigger.price if order.terms.trigger_kind else order.price
            self.send(Report(order.number, now, "changed", balances, quantity=order.quantity, price=stands))
        else:
            order.acknowledged = True
            self.send(Report(order.number, now, "acknowledgement", balances))

    def rejection(self, order: Order, now: int) -> str:
        """Rules 31, 35, 45, 46, 57 and 58: why it is rejected as soon as it arrives; empty if it is not."""
        if order.instrument.has_expired(now):
            return "expired"
        if not order.protects and order.sent < self.told.get(order.instrument.index, order.sent):
            return "split"
        if is_over(order, now) or is_late(order, now):
            return "time_over"
        if order.sibling_filled:
            return "sibling_filled"
        parent = order.parent
        if parent is None or not parent.closed:
            return ""
        if order.protects and any(other.filled for other in parent.children):
            return "sibling_filled"
        started = parent.filled if order.protects else parent.has_filled_whole
        return "" if started else "parent_ended"

    def objection(self, order: Order, now: int) -> str:
        """Rules 17 and 32: why it is rejected, whatever the balance; empty if it is not."""
        instrument, book = order.instrument, self.books[order.instrument.index]
        if reason := instrument.too_small(order.quantity, order.price):
            return reason
        usable = self.usable(order, now)
        if order.terms.post_only and usable and order.allows(book.price_for[order.side]):
            return "post_only"
        return "reduce_only" if order.reduce_only and not self.reducible(order) else ""

    def wait(self, order: Order, now: int) -> None:
        """Rule 17: it is admitted when its time is settled, and meets nothing before; a cancel that comes now waits."""
        order.matched = order.quantity
        self.note_match(Match(order, self.rank(order), partial(self.admit, now, order), order.pays), now)

    def admit(self, now: int, order: Order, force: bool) -> bool:
        """Reserve, tell of it and take."""
        if not self.secure(now, order, force):
            return False
        if not order.closed:
            order.matched = 0
            self.take(order, now)
        return True

    def secure(self, now: int, order: Order, force: bool) -> bool:
        """Reserve and tell of it; a limit order that cannot reserve waits, or is rejected if it may not."""
        if order.closed:  # reduce-only, its position was closed while it waited, or of a group that has filled
            return True
        if order.sibling_filled and not order.untold:
            self.end(order, now, "rejected", "sibling_filled")
        elif order.reduce_only and not order.protects and not self.reducible(order):
            self.end(order, now, "rejected", "reduce_only")
        elif self.can_reserve(order):
            self.reserve(order)
            balances = self.snapshots(order.pays) if order.reserved else ()
            if order.untold:
                self.tell(order, now, balances)
            else:
                self.accept(order, now, balances)
        elif force:
            self.end(order, now, "rejected", "insufficient_balance")
        else:
            return False
        return True

    def take(self, order: Order, now: int) -> None:
        """Rules 14, 30 and 36: what an order that is admitted meets at once, and what becomes of it then."""
        evidence = self.evidence(order.instrument, "takers")
        index, chosen = order.instrument.index, order.terms.candle_fill
        if evidence in ("quotes", "book") and not order.terms.post_only:
            if chosen not in ("next_open", "next_close") or self.books[index].time == now:  # rule 36
                self.meet_quote(order, now)
        elif evidence == "trades" and chosen == "this_close":
            if trade := self.last.get((index, "trade")):
                self.meet(order, trade.prices[-1], now, self.traded[index])
        elif order.shown and evidence == self.looks_at(order):
            if order.allows(order.shown) or order.tif != "gtc":
                self.meet(order, order.shown, now, order.offer, order.shown_in)
        elif evidence == "candles" and self.closes_at_once(order) and not order.may_rest:
            candle = self.last.get((index, "candle"))
            if candle and candle.time == now:  # rule 36
                self.meet(order, candle.prices[-1], now, self.closes[index])
            elif chosen and order.tif != "gtc" and order.terms.good_after == now:
                self.note_end(order, "not_filled", now)
        order.resting = order.may_rest
        if order.resting and self.evidence(order.instrument, "resting") == "book":
            on_books.join(self, order)

    def candle_fill(self, order: Order) -> str:
        """Rule 36: its own choice, else that of its exchange."""
        return order.terms.candle_fill or self.spec.candle_fill

    def closes_at_once(self, order: Order) -> bool:
        """Rules 36 and 59: whether who arrives now meets a close of now; with a path it is still to come."""
        ahead = self.stage == 0 and self.spec.candle_path not in PATHLESS
        return self.candle_fill(order) == "this_close" and not ahead

    def cancel(self, number: int, now: int) -> None:
        """Cancel what is open, answer with an error if it is not; what is matched is settled first."""
        self.stage = 7
        if mishaps.befalls(self.spec.faults, CANCEL, number, now):
            self.send(Report(number, now, "cancel_error", lost=True))
            return
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

    def expire(self, instrument: Instrument, now: int) -> bool:
        """Rule 46: an instrument's orders end as they were sent, and right behind them its position is settled."""
        for order in sorted(self.working, key=lambda order: order.number):
            if order.instrument is instrument and not order.closed:  # an entry has not taken it along
                self.end(order, now, "cancelled", "expired")
        return close_ended(self, instrument, now)

    def lapse(self, order: Order, now: int) -> None:
        """Rule 35: its time is over, unless it has ended or is still on its way."""
        if order in self.working:
            self.end(order, now, "expired", "time_over")

    # Positions that the venue closes

    def end_margined(self, asset: int, alone: Instrument | None, now: int) -> None:
        """Rules 43 and 70: the orders of all that stands together in an asset end, or of one that stands alone."""
        for order in sorted(self.working, key=lambda order: order.number):
            item = order.instrument
            of_asset = item.quote == asset and self.is_margined(item) and not item.spec.isolated
            if (of_asset if alone is None else item is alone) and not order.closed:
                self.end(order, now, "cancelled", "liquidation")

    def liquidate(self, held: list[tuple[Instrument, Position]], now: int, found: Prices, whole: bool) -> bool:
        """Rules 43 and 72: positions are closed, or those above their first tier reduced; whether there were any."""
        closed = False
        for item, position in held:
            ticks = found.get(item.index, price_out(self.books[item.index], position, self.marks[item.index]))
            lots = position.quantity if whole else step_down(item, position.quantity, ticks)
            if lots:
                closed = True
                self.close(item, ticks, fee_out(item, lots, ticks), "liquidation", now, lots)
        return closed

    def close(self, instrument: Instrument, ticks: int, fee: int, reason: str, now: int, lots: int) -> None:
        """Rules 43 and 46: told as a fill is, of an order that the engine numbers; then rule 70's insurance."""
        position, account = self.positions[instrument.index], self.accounts[instrument.quote]
        notional = in_range(instrument.notional(lots, ticks), "notional")
        fill = Fill(-position.side, lots, ticks, notional, fee, False, charged=fee)
        free = account.free
        self.book_fill(instrument, fill, now)
        self.send(told_of(instrument, fill, reason, now, self))
        self.check()
        if instrument.spec.isolated:  # what it gives back, and what is realised
            self.insure(instrument.quote, free - account.free, now)

    def book_delivery(self, instrument: Instrument, fill: Fill, reason: str, now: int) -> None:
        """Rule 65: the underlying is delivered, and its mark stays, if it has one."""
        before = self.marks.get(instrument.index, fill.ticks)
        change = self.book_fill(instrument, fill, now)
        self.marks[instrument.index] = before
        self.send(told_of(instrument, fill, reason, now, self)._replace(delivers=True))
        if change.after is None or change.after.side == fill.side:
            self.end_reductions(instrument, fill.side, now)
        self.check()

    def fill_exercise(self, order: Order, lots: int, ticks: int, now: int) -> None:
        """Rule 64: at once and without a fee; the rest expires."""
        instrument = order.instrument
        notional = in_range(instrument.notional(lots, ticks), "notional")
        fill = Fill(order.side, lots, ticks, notional, 0, False)
        change = self.book_fill(instrument, fill, now)
        order.filled = lots
        order.closed = lots == order.quantity
        if order.closed:
            self.working.remove(order)
        status, balances = "filled" if order.closed else "", self.balances_of(instrument)
        self.send(Report(order.number, now, "fill", balances, fill, status, "", order.quantity))
        if not order.closed:
            self.end(order, now, "expired", "not_filled")
        if change.after is None:
            self.end_reductions(instrument, order.side, now)
        self.check()

    # Orders held for a trigger

    def hold(self, order: Order, now: int) -> None:
        """Rule 28: it is acknowledged without a reservation; the standing quote may trigger it at once."""
        self.accept(order, now)
        self.await_trigger(order, now)

    def await_trigger(self, order: Order, now: int) -> None:
        order.held = True
        looks_at = self.looks_at(order)
        assert looks_at in self.kinds[order.instrument.index] or looks_at == "mark", "rule 28: there is no such stream"
        if looks_at == "quotes":
            self.show_quote(order, now)
        elif (mid := self.books[order.instrument.index].mid()) is not None and looks_at == "mark":
            self.show_mark(order, mid, now)

    def looks_at(self, order: Order) -> str:
        """Rule 28: which kind of event shows it prices, or "mark"."""
        there = self.kinds[order.instrument.index]
        last = "trades" if "trades" in there else "candles"
        chosen = {"": "", "last": last, "quote": "quotes", "mark": "mark"}[order.terms.trigger_by]
        return chosen or self.evidence(order.instrument, "triggers")

    def held_by(self, evidence: str, instrument: Instrument, *, marks: bool = True) -> list[Order]:
        """The held orders to which this kind of event shows prices, those first that come first if it reaches them.

        ``marks``: it also shows a mark.
        """
        kinds = (evidence, "mark") if marks else (evidence,)
        held = [order for order in self.working if order.instrument is instrument and order.held]
        return sorted((order for order in held if self.looks_at(order) in kinds), key=lambda order: order.trigger.turn)

    def sees_mark(self, order: Order, now: int) -> bool:
        """Rule 28: whether it looks at the mark, which it then is shown behind a trade, a quote or a close."""
        if self.looks_at(order) != "mark":
            return False
        book = self.books[order.instrument.index]
        ticks = book.last if (mid := book.mid()) is None and book.time_last > order.arrival else mid
        if ticks is not None:
            self.show_mark(order, ticks, now)
        return True

    def show_mark(self, order: Order, ticks: int, now: int) -> None:
        """Rule 28: what it triggers is like an order that arrives then, and meets no price that triggered it."""
        if order.trigger.shown(ticks):
            self.trigger(order, 0, now, Offer())

    def show(self, order: Order, ticks: int, now: int, offer: Offer) -> None:
        if order.trigger.shown(ticks):
            self.trigger(order, ticks, now, offer)

    def show_quote(self, order: Order, now: int) -> None:
        book = self.books[order.instrument.index]
        if self.usable(order, now):
            self.show(order, book.price_for[order.side], now, Offer())  # the book knows what is left

    def trigger(self, order: Order, ticks: int, now: int, offer: Offer, candle: Market | None = None) -> None:
        """Rule 28: it arrives now, and takes; what market events trigger reserves when all of them have been seen."""
        order.held, order.untold, order.arrival = False, True, now
        order.shown, order.offer, order.shown_in = ticks, offer, candle
        self.working.remove(order)
        self.working.append(order)
        if self.stage != 7 and self.can_reserve(order):
            self.note_match(Match(order, ADMITS, partial(self.secure, now, order), order.pays), now)
            self.take(order, now)
            if candle:
                self.make_inside(order, candle, now)
        elif not self.admit(now, order, False):
            self.wait(order, now)

    # Market events

    def on_market(self, event: Market, now: int) -> None:
        """Class 0: a trade, a quote, or a candle at its close."""
        self.stage = 0
        book = self.books[event.instrument.index]
        message, levels = event.message, self.levels[event.instrument.index]
        if message:
            on_books.execute(self, event.instrument, levels.apply(message, event.instrument), now)
            event = levels.quote(event)
        assert book.update(event), "venue time does not go back"
        self.last[event.instrument.index, event.kind] = event
        if event.kind == "quote":
            for side, amount in book.amount_for.items():
                book.left_for[side] = offered(self.spec, amount).most(amount)
        mark = book.mark(self.positions.get(event.instrument.index))
        if mark is not None:
            self.marks[event.instrument.index] = self.priced[event.instrument.index] = mark
        {"quote": self.on_quote, "trade": self.on_trade, "candle": self.on_candle_close}[event.kind](event, now)

    def on_quote(self, event: Market, now: int) -> None:
        """Rules 14, 15 and 36: first who takes and waits, then resting orders that the opposite side reaches."""
        book = self.books[event.instrument.index]
        waiting = [*self.filled_by("quotes", event.instrument), *self.filled_by("book", event.instrument)]
        for order in waiting:
            if not order.resting and (order.tif == "gtc" or max(event.amounts) > 0):
                self.meet_quote(order, now)
        for order in self.best_first("quotes", event.instrument):
            left = book.left_for[order.side]
            if self.usable(order, now) and left > 0 and order.allows(book.price_for[order.side]):
                book.left_for[order.side] -= self.note_fill(order, min(order.rest, left), order.price, True, now)
        on_books.move(self, event.instrument, now)
        for order in self.held_by("quotes", event.instrument):
            if not self.sees_mark(order, now):
                self.show_quote(order, now)

    def on_trade(self, event: Market, now: int) -> None:
        """Rule 15: takers fill whole, resting orders gone through (or touched), together the trade's amount.

        Rule 38: with a participation all of them, and what it triggers, share its part of the amount.
        """
        price, amount = event.prices[0], event.amounts[0]
        offer = self.traded[event.instrument.index] = offered(self.spec, amount)
        for order in self.filled_by("trades", event.instrument):
            if not order.resting:
                self.meet(order, price, now, offer)
        left = Offer(amount) if offer.left is None else offer
        for order in self.best_first("trades", event.instrument):
            if self.reached(order.side * (order.price - price)):
                self.make(order, order.price, now, left)
        on_books.meet(self, event, now)
        for order in self.held_by("trades", event.instrument):
            if not self.sees_mark(order, now):
                self.show(order, price, now, offer)

    def on_candle_open(self, candle: Market, now: int) -> None:
        """Rules 16, 36 and 38, class 8: takers by arrival meet the open, then limits, the best price first."""
        price, self.stage, index = candle.prices[0], 8, candle.instrument.index
        before = self.last.get((index, "candle"))
        offer = offered(self.spec, before.amounts[0] if before else 0)
        self.opens[index] = candle.time_open, offer
        for order in self.filled_by("candles", candle.instrument):
            order.opens_seen += 1
            if not order.resting and self.candle_fill(order) == "next_open":
                self.meet(order, price, now, offer)
        for order in self.best_first("candles", candle.instrument):
            if order.allows(price) and not order.terms.post_only:
                self.meet(order, price, now, offer)
            elif order.allows(price) and order.opens_seen == 1:
                self.note_end(order, "post_only", now)
            elif order.allows(price):
                self.make(order, order.price, now, offer)
        for order in self.held_by("candles", candle.instrument, marks=False):
            self.show(order, price, now, offer)

    def on_candle_close(self, candle: Market, now: int) -> None:
        """Rule 16, class 0: takers meet the close; resting orders that were there at the open meet the range."""
        _, high, low, close = candle.prices
        offer = self.closes[candle.instrument.index] = self.offered_at_close(candle)
        self.closed_now.append(candle)
        if self.spec.candle_path not in PATHLESS:  # rule 59: it is met point by point
            return
        for order in self.filled_by("candles", candle.instrument):
            if not order.resting:
                self.meet(order, close, now, offer)
        for order in self.best_first("candles", candle.instrument):
            beyond = order.price - low if order.side > 0 else high - order.price
            if order.arrival <= candle.time_open and self.reached(beyond):
                self.make(order, order.price, now, offer, candle)
        for order in self.held_by("candles", candle.instrument):
            if self.sees_mark(order, now):
                continue
            if order.arrival <= candle.time_open and order.trigger.shown_range(candle, order.hopes):
                self.trigger(order, order.trigger.met(candle, order.trigger.price), now, offer, candle)

    def offered_at_close(self, candle: Market) -> Offer:
        """Rule 38: what its open has given is not there again."""
        offer, index = offered(self.spec, candle.amounts[0]), candle.instrument.index
        opened, at_open = self.opens.get(index, (candle.time, offer))
        if offer.left is not None and opened == candle.time_open:
            offer.left = max(offer.left - at_open.given, 0)
        return offer

    def reached(self, beyond: int) -> bool:
        """Rules 15 and 16: whether a market so many ticks beyond a limit fills it."""
        return beyond >= (0 if self.spec.limit_fill == "touch" else 1)

    # Matching: nothing is paid before all of one time and class has been seen

    def note_match(self, match: Match, now: int) -> None:
        self.note(match, now, self.stage)
        self.matched = [order for order in self.matched if order.matched] + [match.order]

    def rank(self, order: Order) -> int:
        """Whether a fill would release money or coins: a sale; with margin, a reduction."""
        if not self.is_margined(order.instrument):
            return USES if order.side > 0 else RELEASES
        position = self.positions.get(order.instrument.index)
        return RELEASES if position and position.side != order.side else USES

    def note_fill(
        self,
        order: Order,
        lots: int,
        ticks: int,
        maker: bool,
        now: int,
        candle: Market | None = None,
        why: str | None = None,
    ) -> int:
        """These lots are matched, perhaps by the range of a candle, and returned."""
        if not maker:
            ticks = self.moved(order, lots, ticks)
        rank, quote, base = self.rank(order), order.instrument.quote, order.instrument.base
        order.matched += lots
        order.to_settle += 1
        match = Match(order, rank, partial(self.settle_fill, order, lots, ticks, maker, now, candle, why), quote, base)
        if self.is_margined(order.instrument):
            match.releases = quote if rank == RELEASES else None
        elif order.side < 0:
            match.uses, match.releases = base, quote
        self.note_match(match, now)
        return lots

    def moved(self, order: Order, lots: int, ticks: int) -> int:
        """Rule 39: the price that an order pays which takes so many lots at ``ticks``."""
        index = order.instrument.index
        candle = self.last.get((index, "candle"))
        by = "candles" if order.resting else self.evidence(order.instrument, "takers")  # it may rest until an open
        seen = self.last.get((index, "trade")) if by == "trades" else candle
        shown = self.books[index].amount_for[order.side] if by == "quotes" else seen.amounts[0] if seen else 0
        if by == "book":
            shown = self.levels[index].lots[-order.side, ticks]
        price = ticks + order.side * slippage(
            order.instrument.spec, lots, order.instrument.from_zero(ticks), shown, candle
        )
        return max(price if order.allows(price) else order.price, 1)

    def note_end(self, order: Order, reason: str, now: int) -> None:
        """The order expires, and meets nothing else before it does."""
        order.matched += order.rest

        def ends(_: bool) -> bool:
            if order.untold:
                return False
            if not order.closed:
                self.end(order, now, "expired", reason)
            return True

        self.note_match(Match(order, RELEASES, ends), now)

    def settle_fill(
        self,
        order: Order,
        lots: int,
        ticks: int,
        maker: bool,
        now: int,
        candle: Market | None,
        why: str | None,
        force: bool,
    ) -> bool:
        """Fill what can be paid, unless it may wait; the rest of IOC and FOK expires (rule 14)."""
        if order.closed:
            order.matched = 0
            return True
        most = min(lots, self.reducible(order)) if order.reduce_only else lots  # rule 32
        assert most or order.protects, "what may only reduce a position ends with it"
        if most == 0 and not order.untold:  # it protects an entry that has only reduced a position
            self.end(order, now, "cancelled", "reduce_only")
            return True
        if order.untold or (not force and not self.can_pay(order, self.fill(order, most, ticks, maker))):
            return False
        order.matched -= lots
        order.to_settle -= 1
        self.execute(order, most, ticks, maker, now, candle, why)
        if order in self.working and order.tif != "gtc" and not order.to_settle:
            self.end(order, now, "expired", "not_filled")
        return True

    def meet_quote(self, order: Order, now: int) -> None:
        """Rules 14 and 36: what an IOC or FOK order does not get of it expires, behind the fill if there is one."""
        self.take_quote(order, now)
        if order.tif != "gtc" and not order.matched:
            self.note_end(order, "not_filled", now)
        elif order.tif != "gtc":
            order.matched += order.rest

    def take_quote(self, order: Order, now: int) -> None:
        """Rule 14: fill at the opposite price, up to what is left of its amount, and perhaps a tick worse beyond it."""
        book, side = self.books[order.instrument.index], order.side
        left, price = book.left_for[side], book.price_for[side]
        if not order.rest or not self.usable(order, now) or not self.resized(order, price, now):
            return
        if not order.allows(price):
            return
        if self.evidence(order.instrument, "takers") == "book":
            on_books.walk(self, order, now)
            return
        worse = max(price + side, 1)
        beyond = self.spec.fills_beyond and order.allows(worse)
        if order.tif == "fok" and left < order.rest and not beyond:
            return
        if left:
            book.left_for[side] -= self.note_fill(order, min(order.rest, left), price, False, now)
        if beyond and order.rest:
            self.note_fill(order, order.rest, worse, False, now)

    def usable(self, order: Order, now: int) -> bool:
        """Rule 14: the standing quote, for an order of this side."""
        book = self.books[order.instrument.index]
        return book.usable(order.side, now, self.spec.max_age_ns, self.spec.fills_locked)

    def meet(self, order: Order, price: int, now: int, offer: Offer, candle: Market | None = None) -> None:
        """Rules 15, 16 and 38: a taker meets a trade, an open or a close, and fills as far as that goes.

        IOC and FOK orders meet no other: they expire if their price does not allow it, or it gives nothing, or not all.
        """
        if not self.resized(order, price, now):
            return
        lots = offer.most(order.rest) if order.allows(price) else 0
        if order.tif != "gtc" and (lots == 0 or (order.tif == "fok" and lots < order.rest)):
            self.note_end(order, "not_filled", now)
        elif lots:
            offer.give(self.note_fill(order, lots, price, False, now, candle))
            order.matched += order.rest if order.tif != "gtc" else 0  # what it did not get expires behind the fill

    def resized(self, order: Order, price: int, now: int) -> bool:
        """Rule 61: an order that is sized when it meets a price becomes one for so many lots, or expires."""
        if order.sized is None or order.filled or order.matched:
            return True
        has_size = price > order.instrument.zero  # rule 76
        change = order.sized.change(order.instrument, price) if has_size else 0
        if change * order.side <= 0:
            self.note_end(order, "not_filled", now)
            return False
        order.quantity = min(abs(change), LIMIT)
        return True

    def make(self, order: Order, price: int, now: int, offer: Offer, candle: Market | None = None) -> None:
        """Rules 15, 16 and 38: a resting order makes, as far as the event goes."""
        if lots := offer.most(order.rest):
            offer.give(self.note_fill(order, lots, price, True, now, candle))

    def execute(
        self, order: Order, lots: int, ticks: int, maker: bool, now: int, candle: Market | None, why: str | None
    ) -> int:
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
        fill = self.fill(order, payable, ticks, maker)._replace(why=why)
        in_range(fill.notional, "notional")
        instrument, side = order.instrument, order.side
        if self.is_margined(instrument):
            self.valued(instrument.quote)
        order.paid = paid_behind(order.paid, instrument, fill.lots, fill.notional, maker)
        self.volumes.add(instrument.quote, abs(fill.notional), self.marks)
        change = self.book_fill(instrument, fill, now)
        in_range(max(map(abs, self.sums(instrument.quote, {}, {}))), "values and requirements")
        order.filled += payable
        order.first_price, order.last_fill = order.first_price or ticks, (now, ticks)
        self.reserve(order)
        done = order.filled == order.quantity
        if done:
            self.working.remove(order)
            order.closed = True
        status, balances = "filled" if done else "", self.balances_of(instrument)
        self.send(Report(order.number, now, "fill", balances, fill, status, "", order.quantity))
        if fill.elsewhere:
            self.pay_fee(instrument, fill.elsewhere, now)
        self.end_family(order, now)
        if change.after is None or change.after.side == side:
            self.end_reductions(instrument, side, now)
        for child in order.children:
            self.protect(child, order, ticks, now, candle)
        for follower in order.followers if done else ():
            if follower.waits and not follower.closed:
                self.start(follower, now)
        self.check()
        return payable

    def pay_fee(self, instrument: Instrument, amount: int, now: int) -> None:
        """Rule 63: in a third asset, right behind the fill."""
        asset = self.world.assets.index((self.spec.name, instrument.spec.paid_in))
        self.owe(Flow("trading_fee", now, None, asset, -amount * self.world.units[asset]), now)

    def end_reductions(self, instrument: Instrument, side: int, now: int) -> None:
        """Rule 32: without a position on the other side the reduce-only orders of a side end, by number."""
        for order in sorted(self.working, key=lambda order: order.number):
            theirs = order.reduce_only and order.instrument is instrument and order.side == side
            if theirs and not (order.waits or order.held_back):
                self.end(order, now, "cancelled", "reduce_only")

    # Orders that protect an entry

    def protect(self, order: Order, entry: Order, ticks: int, now: int, candle: Market | None) -> None:
        """Rule 31: at the entry's first fill it starts, at each further fill it grows."""
        if order not in self.working:  # it has ended, or is still on its way (rule 52)
            return
        assert order.level is not None
        first, order.quantity = order.waits, entry.filled
        if first:
            price = order.level.ticks_from(ticks, entry.side, order.instrument)
            order.trigger.activation = order.level.active_from(ticks, entry.side, order.instrument)
            order.waits, order.arrival = False, now
            order.price, order.trigger.price = (price, 0) if order.level.gains else (0, price)
            self.working.remove(order)
            self.working.append(order)
        stands = order.price or order.trigger.price
        told = Report(order.number, now, "changed", quantity=order.quantity, price=stands)
        self.send(told._replace(activation=order.trigger.activation))
        if first and order.level.gains:
            self.take(order, now)
            if candle and self.looks_at(order) == "candles":
                self.make_inside(order, candle, now)
        elif first:
            self.await_trigger(order, now)
            if candle and order.held and self.looks_at(order) == "candles":
                self.show_extreme(order, candle, ticks, now)

    def show_extreme(self, order: Order, candle: Market, entry: int, now: int) -> None:
        """Rule 31: what the range of a candle had against it, after the range has filled the entry at this price.

        Rule 105: or what came last.
        """
        _, high, low, close = candle.prices
        if order.trigger.reached(close if order.hopes else high if order.side > 0 else low):
            worse = max if order.side > 0 else min
            met = order.trigger.met(candle, worse(order.trigger.price, entry))
            self.trigger(order, met, now, self.closes[order.instrument.index], candle)

    def make_inside(self, order: Order, candle: Market, now: int) -> None:
        """Rule 105: what has come to rest inside a candle fills in the rest of it."""
        _, high, low, _ = candle.prices
        item, beyond = order.instrument, order.price - low if order.side > 0 else high - order.price
        if order.hopes and order.resting and self.evidence(item, "resting") == "candles" and self.reached(beyond):
            self.make(order, order.price, now, self.closes[item.index], candle)

    def end_family(self, order: Order, now: int) -> None:
        """Rules 31 and 57: the first that fills ends the others, and what is left of the entry that it protects."""
        others = order.group.members if order.group else []
        if order.group:
            order.group.filled = True
        if order.parent and order.protects:
            others = order.parent.children
            if order.parent in self.working:
                self.end(order.parent, now, "cancelled", "child_filled")
        for other in others:
            if other is not order and other in self.working:
                self.end(other, now, "cancelled", "sibling_filled")

    def tell(self, order: Order, now: int, balances: tuple[tuple[int, int, int], ...] = ()) -> None:
        """Rule 28: that it was triggered, and what it then reserves."""
        order.untold = False
        self.send(Report(order.number, now, "triggered", balances))

    def end(self, order: Order, now: int, status: str, reason: str, amend: int = -1) -> None:
        """The order ends without a fill: a reject, a cancel (perhaps by an amend of this number) or an expiry."""
        if order.untold:
            self.tell(order, now)
        order.closed, order.matched = True, 0
        if order in self.working:
            self.working.remove(order)
        self.accounts[order.pays].reserved -= order.reserved
        balances = self.snapshots(order.pays) if order.reserved else ()
        self.send(Report(order.number, now, "end", balances, None, status, reason, order.quantity, amend=amend))
        for waiting in (*order.children, *order.followers):
            if waiting in self.working and waiting.waits:
                self.end(waiting, now, "cancelled", "parent_ended")
        self.check()
