"""The reference engine: one queue of (time, class) events; rules 9 to 13, 18, 24 to 26, 48, what 33, 57 and 58 send.

``run(scenario)`` returns the journals in integer units.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import floor
from typing import Any

from barter_bt.testing.scenario import Row, Scenario
from barter_bt.testing.scenario.spec import conditions_of

from . import amending
from .amend import answered, check_amend, growth, note_amend, of_protection, read_amend
from .books import Levels, read_stream
from .ending import EXERCISE, assign, remains
from .entries import enters
from .fees import Counter, is_received
from .flows import Flow, due, flows_of, moved, settle_by_day, settlements
from .latency import AMEND, CANCEL, CASH_FLOW, FEED, MARGIN, OPEN, SPLIT, TRANSFER, Link
from .liquidation import Prices, at_hand, is_short, is_short_at, price_found
from .mishaps import times
from .model import (
    BILLION,
    LIMIT,
    Book,
    Fill,
    Instrument,
    Market,
    Position,
    Step,
    build,
    checked,
    conversions,
    exact,
    fill_position,
    in_range,
    rhe,
    value,
)
from .order import Group, Match, Order, Report, Terms, protecting, settle, terms_of
from .path import meet_point
from .protection import Level, levels_of
from .sizing import Sized
from .split import News, Split, divided, end_orders, split, split_position
from .tables import BALANCES, ORDERS, PAYMENTS, POSITIONS, SCALES, TRADES, Tables, above_zero, row_of
from .targets import follow
from .timing import check_times, settled
from .venue import ENTRY, PATHLESS, Venue

# Rule 10: the classes of one time that occur here.
ORDER_END, AT_VENUE, PATH, EXPIRY, FLOW, MARGINS, ACCOUNT, AT_ENGINE, MARK = -0.25, 0, 0.6, 0.75, 0.8, 0.9, 1, 2, 3
SCHEDULE, REQUEST, CANDLE_OPEN = 5, 7, 8
SETTLED = {AT_VENUE: 0.5, ENTRY: 0.78, REQUEST: 7.5, CANDLE_OPEN: 8.5}  # rule 17, by what is settled
EXPLICIT, TARGETS = 0, 1  # ranks of the schedule's rows of one time
BEHIND_FLOWS = 1, 0  # rule 62, among cash flows of one time
NO_TRADE = -1
MARKET, CLOSING, DELIVERING = Terms(), Terms(tif="ioc", reduce_only=True), Terms(tif="ioc")


Manager = Callable[[int, int, int, int], int]
"""Rule 56: of lots, side, position, limit price in ticks: 0, the number of a reason, or below 0 the lots to send."""
OWN_REASONS = ("", "odd", "even")


def run(scenario: Scenario, manager: Manager | None = None) -> Tables:
    """Run a scenario by the rules, with a risk manager of the user's own."""
    engine = Engine(scenario, manager)
    return above_zero(engine.run(), [item.zero for item in engine.world.instruments])


def above_zero_of(instrument: Instrument, ticks: int) -> int:
    """Rule 76: what a risk manager is shown of a price; 0 of a market order."""
    return ticks - instrument.zero if ticks > 0 else 0


class Engine:
    """What the engine knows, and the queue that drives it and the venues."""

    def __init__(self, scenario: Scenario, manager: Manager | None = None) -> None:
        self.scenario, self.world, self.manager = scenario, build(scenario), manager
        every = self.world.instruments
        names = tuple(item.spec.name for item in every)
        scales = [(item.tick, item.lot, item.ratio.numerator, item.ratio.denominator) for item in every]
        self.tables = Tables(self.world.assets, self.world.units, names, tuple(row_of(SCALES, *row) for row in scales))
        self.total = list(self.world.start)
        self.realised = [0] * len(self.total)  # of exited positions, by quote asset
        self.paid = [0] * len(self.total)  # cash flows, by asset
        how = {spec.name: spec.mark for spec in scenario.exchanges}
        self.books = {
            item.index: Book(how=how[item.spec.exchange], fee=exact(item.spec.taker), zero=item.zero) for item in every
        }
        self.levels = {item.index: Levels() for item in every}
        self.positions: dict[int, Position] = {}
        self.marks: dict[int, int | None] = {}  # rule 6; None: at cost
        self.priced: dict[int, int] = {}  # by the last priced event alone
        self.by_fill: set[int] = set()  # those that an own fill has set
        self.news = {item.index: News() for item in every}
        self.entries: dict[int, tuple[int, int, int]] = {}  # position id, time, trade row
        self.order_of_row: dict[int, int] = {}
        self.asked: dict[int, Order] = {}  # by number, also those that are refused
        self.groups: dict[tuple[int, int], Group] = {}  # rule 57: by time and label
        self.cancelling: set[int] = set()
        self.enters = any(enters(row) for row in scenario.schedule)  # rule 60
        self.at_work: dict[int, int] = {}  # the last entry sent, by instrument
        self.path = {step.name: step for step in conversions([item.spec for item in every], scenario)}
        self.mark_planned = True
        self.queue: list[tuple[int, float, int, int, int, Callable[[int], None]]] = []
        self.matches: list[Match] = []
        self.pushed = 0
        self.load()

    def at(self, time: int, kind: float, action: Callable[[int], None], rank: tuple[int, int] = (0, 0)) -> None:
        """Rule 10: smallest (time, class) next; within a class by rank, then in the order of sending."""
        self.pushed += 1
        heapq.heappush(self.queue, (time, kind, *rank, self.pushed, action))

    def load(self) -> None:
        """Rules 9, 12 and 24: all market events, the schedule up to the last of them, the marks."""
        streams = [read_stream(self.world, stream) for stream in self.scenario.streams]
        events = [((stream, row), event) for stream, rows in enumerate(streams) for row, event in enumerate(rows)]
        kinds: dict[int, set[str]] = {item.index: set() for item in self.world.instruments}
        given = self.scenario.streams
        for (stream, _), event in events:
            if given[stream].seen_by != "strategy":  # rule 78
                kinds[event.instrument.index].update(("book", "quotes") if event.message else (given[stream].kind,))
        self.specs = {spec.name: spec for spec in self.scenario.exchanges}
        arrivals = self.arrivals(streams)
        if self.scenario.start is not None:
            events = [(rank, event) for rank, event in events if event.time >= self.scenario.start]
        links = self.send_report, self.note, self.insure, self.pay
        self.venues = {name: Venue(spec, self.world, kinds, *links) for name, spec in self.specs.items()}
        self.requests = {
            name: Link(one.request_delays, one.request_ns, one.seed, 0, one.faults) for name, one in self.specs.items()
        }
        self.responses = {
            name: Link(one.response_delays, one.response_ns, one.seed, 16, one.faults)
            for name, one in self.specs.items()
        }
        faults = {name: one.faults for name, one in self.specs.items()}
        closes, walks, last, self.moments = set(), set[int](), -(2**63), set[int]()
        for rank, event in events:
            arrival = arrivals[rank]
            assert arrival >= event.time, "rule 9: negative latency"
            if given[rank[0]].seen_by == "venue":
                continue
            last = max(last, arrival)
            is_over = event.instrument.has_expired(event.time - 1)  # rule 46: it is later than the expiry
            self.at(arrival, AT_ENGINE, self.tick if is_over else partial(self.on_market, event), rank)
            for _ in range(1, 1 if is_over else times(faults[event.instrument.spec.exchange], event.kind, event.time)):
                self.at(arrival, AT_ENGINE, partial(self.on_market, event, again=True), rank)
            if event.kind == "candle" and not is_over:
                closes.add(arrival)
        for rank, event in events:
            venue = self.venues[event.instrument.spec.exchange]
            if given[rank[0]].seen_by == "strategy":
                continue
            if event.kind == "candle" and event.time_open <= last:
                self.at(event.time_open, CANDLE_OPEN, partial(venue.on_candle_open, event), rank)
            if event.time > last or event.instrument.has_expired(event.time - 1):  # rules 78 and 46
                continue
            self.at(event.time, AT_VENUE, partial(venue.on_market, event), rank)
            self.moments.add(event.time)
            if event.kind == "candle":
                walks.add(event.time)
        self.last = last
        first = min(event.time_open if event.kind == "candle" else event.time for _, event in events)
        self.clock = self.start = first if self.scenario.start is None else self.scenario.start
        for item in self.world.instruments:
            early = item.spot and item.has_expired(self.start - 1)  # rule 46: nothing follows from that
            if item.spec.expiry is not None and item.spec.expiry <= last and not early:
                self.at(item.spec.expiry, EXPIRY, partial(self.expire, item), (0, item.index))
                self.moments.add(item.spec.expiry)
        for number, row in enumerate(self.scenario.cash_flows):
            for flow in flows_of(self.world, row, self.start, last):
                self.at(flow.time, FLOW, partial(self.pay, flow), (0, number))
                self.moments.add(flow.time)
        for number, flow in enumerate(settlements(self.world, self.scenario, self.start, last)):
            self.at(flow.time, FLOW, partial(self.pay, flow), (0, len(self.scenario.cash_flows) + number))
            self.moments.add(flow.time)
        for venue in self.venues.values():
            for counter in venue.volumes.counters.values():
                for time in counter.ends(self.start, last):
                    self.at(time, FLOW, partial(self.end_interval, venue, counter), BEHIND_FLOWS)
        for time in walks:
            self.at(time, PATH, self.walk)
        for time in self.moments:
            self.at(time, MARGINS, self.keep_margins)
        candles = any(stream.kind == "candles" and stream.seen_by != "venue" for stream in given)
        self.interval = self.scenario.mark_every_ns or (0 if candles else 60 * BILLION)
        for time in {self.start} if self.interval else closes | {self.start}:
            self.at(time, MARK, self.planned_mark)
        targets: dict[int, list[Row]] = {}
        for number, row in enumerate(self.scenario.schedule):
            if row[0] == "target" and row[1] <= last and row[3] is not None:
                targets.setdefault(row[1], []).append(row)
            elif row[0] != "target" and row[1] <= last:  # rule 12: later rows are not reached
                self.at(row[1], SCHEDULE, partial(self.on_schedule, number, row), (EXPLICIT, number))
        for time, rows in targets.items():
            self.at(time, SCHEDULE, partial(self.on_targets, rows), (TARGETS, 0))

    def arrivals(self, streams: list[list[Market]]) -> dict[tuple[int, int], int]:
        """Rules 9 and 52: of each row of each stream, behind the row before it."""
        found = {}
        for stream, rows in enumerate(streams):
            links = {name: Link(one.feed_delays, one.feed_ns, one.seed) for name, one in self.specs.items()}
            for row, event in enumerate(rows):
                link = links[event.instrument.spec.exchange]
                sent = link.arrival(event.time, FEED, event.time)
                found[stream, row] = sent if event.received is None else event.received
        return found

    def run(self) -> Tables:
        """Rule 12: event 0, then the queue until it is empty, then the last mark."""
        self.tables.sequence, before = 1, -(2**63)
        self.balance_rows(self.start, tuple((asset, total, total) for asset, total in enumerate(self.total)))
        while self.queue:
            time, *_, action = heapq.heappop(self.queue)
            assert before <= time, "time does not go back"
            before = time
            if self.queue or action != self.planned_mark:
                action(time)
        self.mark(self.clock)
        for venue in self.venues.values():
            open_orders = [number for number, order in enumerate(self.tables.orders) if order["status"] == "open"]
            assert {order.number for order in venue.working} <= set(open_orders), "what the venue has open is known"
            assert all(account.total == self.total[asset] for asset, account in venue.accounts.items())
        return self.tables

    # Market and account events

    def on_market(self, event: Market, now: int, again: bool = False) -> None:
        """Class 2; ``again``: for the second time (rule 95)."""
        index = event.instrument.index
        self.tick(now)
        if event.message:
            if not again:
                self.levels[index].apply(event.message, event.instrument)
            event = self.levels[index].quote(event)
        replaced = self.news[index].update(self.books[index], event)
        mark = self.books[index].mark(self.positions.get(index))
        if replaced and mark is not None:  # rule 6: the last priced event
            self.marks[index] = self.priced[index] = mark
            self.by_fill.discard(index)
        self.check()

    def note(self, match: Match, now: int, stage: float) -> None:
        """Rule 17: matches are settled when all of their class and time has been seen."""
        if not self.matches:
            self.at(now, SETTLED[stage], partial(self.settle, stage))
        self.matches.append(match)

    def settle(self, stage: float, now: int) -> None:
        """Rules 17 and 43; in class 0 expiries, entries and cash flows come before margins are looked at."""
        settle(self.matches)
        if stage not in (AT_VENUE, ENTRY):
            self.keep_margins(now)

    def walk(self, now: int) -> None:
        """Rule 59: candles that have closed now go from point to point together, each met until nothing happens."""
        paths = [venue for venue in self.venues.values() if venue.spec.candle_path not in PATHLESS]
        for number in range(3):
            while True:
                for venue in paths:
                    for candle in venue.closed_now:
                        meet_point(venue, candle, number, now)
                if not self.matches:
                    break
                settle(self.matches)

    def keep_margins(self, now: int) -> None:
        """Rule 43: each asset once, by index: at the ranges of candles that have closed now, then at the marks.

        Rule 70: then isolated positions, by instrument index, in the same way.
        """
        closed = [(candle.instrument, candle, venue) for venue in self.venues.values() for candle in venue.closed_now]
        closed = [one for one in closed if one[2].evidence(one[0], "triggers") == "candles"]
        closed.sort(key=lambda one: one[0].index)
        for asset, (exchange, _) in enumerate(self.world.assets):
            for item, candle, venue in closed:
                if item.quote == asset and not item.spec.isolated:
                    self.hold_against(item, candle, venue, now)
            if is_short(self.venues[exchange], asset, {}):
                self.liquidate(self.venues[exchange], asset, None, now, {})
        for item in self.world.instruments:
            venue = self.venues[item.spec.exchange]
            if item.spec.isolated:
                for other, candle, _ in closed:
                    if other is item:
                        self.hold_against(item, candle, venue, now)
                position = venue.positions.get(item.index)
                if position and is_short_at(venue, item, venue.marks[item.index]):
                    self.liquidate(venue, item.quote, item, now, {})
        for venue in self.venues.values():
            venue.closed_now.clear()

    def hold_against(self, item: Instrument, candle: Market, venue: Venue, now: int) -> None:
        """Rules 43 and 72: the range of a candle against a position, and its rest against what is left of that."""
        since: int | None = None
        while (since := price_found(venue, candle, since)) is not None:
            self.liquidate(venue, item.quote, item if item.spec.isolated else None, now, {item.index: since})

    def liquidate(self, venue: Venue, asset: int, alone: Instrument | None, now: int, found: Prices) -> None:
        """Rules 43, 70 and 72: an asset, or one position alone, whole or by steps, then an insurance."""

        def held() -> list[tuple[Instrument, Position]]:
            if alone is None:
                return venue.margined(asset)
            return [(alone, venue.positions[alone.index])] if alone.index in venue.positions else []

        def short() -> bool:
            if alone is None:
                return is_short(venue, asset, found)
            return bool(held()) and is_short_at(venue, alone, found.get(alone.index, venue.marks[alone.index]))

        venue.end_margined(asset, alone, now)
        while short():
            if not venue.liquidate(held(), now, found, False):
                venue.liquidate(held(), now, found, True)
        if alone is None and not venue.margined(asset):  # rule 72 may leave some of it, whose debts stay theirs
            self.insure(asset, -at_hand(venue, asset), now)

    def insure(self, asset: int, missing: int, now: int) -> None:
        """Rules 43, 70 and 75: what is missing to 0 is paid."""
        self.pay(Flow("insurance", now, None, asset, max(missing, 0) * self.world.units[asset]), now)

    def expire(self, item: Instrument, now: int) -> None:
        """Rule 46: at the venue; an insurance pays where that leaves nothing that is margined in the asset."""
        venue = self.venues[item.spec.exchange]
        alone = item.spec.isolated or not venue.is_margined(item)
        if venue.expire(item, now) and not alone and not venue.margined(item.quote):
            self.insure(item.quote, -at_hand(venue, item.quote), now)
        for flow in remains(venue, item, self.scenario.reporting, now) if item.spot else ():
            self.pay(flow, now)

    def send_report(self, report: Report) -> None:
        """Rules 11 and 52: in the order of sending, nothing overtakes."""
        index = self.tables.orders[report.order]["instrument"] if report.instrument is None else report.instrument
        link = self.responses[self.world.instruments[index].spec.exchange]
        asked = link.faults.timeout_ns if link.faults and report.lost else 0  # rule 96
        arrival = max(report.time + asked, link.last) if asked else link.arrival_of(report)
        self.at(arrival, ACCOUNT, partial(self.on_report, report))

    def end_interval(self, venue: Venue, counter: Counter, now: int) -> None:
        """Rule 62."""
        venue.volumes.end(counter)

    def pay(self, flow: Flow, now: int) -> None:
        """Rule 48: at the venue; the engine is told by one balance event, unless it is nothing."""
        exchange, asset = self.world.assets[flow.asset][0], flow.asset
        venue = self.venues[exchange]
        if flow.kind == "split":
            told = partial(self.on_split, split(venue, flow, now))
            assert flow.instrument is not None
            arrival = venue.told[flow.instrument.index] = self.responses[exchange].arrival(now, SPLIT, now)
            self.at(arrival, ACCOUNT, told)
            end_orders(venue, flow.instrument, now)
        elif flow.kind == "assignment":
            assign(venue, flow, now)
        elif flow.kind == "margin":
            if amount := moved(flow, self.world, venue):
                assert flow.instrument is not None
                venue.put_aside(flow.instrument, venue.aside.get(flow.instrument.index, 0) + amount)
                told = partial(self.on_transfer, flow.time, venue.snapshots(asset))
                self.at(self.responses[exchange].arrival(now, TRANSFER, now), ACCOUNT, told)
        elif amount := settle_by_day(flow, venue) if flow.kind == "settlement" else due(flow, self.world, venue):
            venue.pay(asset, amount)
            if flow.kind == "funding" and flow.instrument and flow.instrument.spec.isolated:  # rule 70
                aside = venue.aside.get(flow.instrument.index, 0)
                venue.put_aside(flow.instrument, max(aside + amount, 0))
            told = partial(self.on_payment, flow, amount, venue.snapshots(asset))
            self.at(self.responses[exchange].arrival(now, CASH_FLOW, now), ACCOUNT, told)

    def on_split(self, told: Split, now: int) -> None:
        """Rule 45: position, mark and market at once."""
        time, item, ratio = told.flow.time, told.flow.instrument, told.flow.number
        assert item is not None
        index = item.index
        self.tick(now)
        before = self.total[item.base] - self.held(item)
        if index in self.positions:
            change = split_position(self.positions.pop(index), ratio)
            if change.exited is not None:
                self.exit(item, change.exited, time, NO_TRADE)
            if change.after is not None:
                self.positions[index] = change.after
        self.balance_rows(time, told.balances)
        self.paid[item.base] += self.total[item.base] - self.held(item) - before
        mark = self.marks.get(index)
        has_news = self.news[index].hear(self.books[index], time, ratio)
        if index in self.priced:
            self.priced[index] = self.books[index].price() or divided(self.priced[index], ratio)
        if mark is not None and (index in self.by_fill or not has_news):
            self.marks[index] = divided(mark, ratio)
        elif mark is not None and self.books[index].price() is not None:
            self.marks[index] = self.books[index].mark(self.positions.get(index))
        if told.amount:
            self.paid[item.quote] += told.amount
            self.tables.payments.append(row_of(PAYMENTS, time, now, index, item.quote, told.amount, "split"))
        self.check()

    def held(self, instrument: Instrument) -> int:
        """Of a spot instrument's base, what its position holds."""
        position = self.positions.get(instrument.index)
        return instrument.held(position.side * position.quantity) if position else 0

    def on_payment(self, flow: Flow, amount: int, balances: tuple[tuple[int, int, int], ...], now: int) -> None:
        """Class 1."""
        self.tick(now)
        self.balance_rows(flow.time, balances)
        index = flow.instrument.index if flow.instrument else None
        if flow.kind == "settlement":  # rule 102: it is a part of what a position gains
            before = self.positions[index]
            paid_for = before.basis + flow.instrument.gains * before.side * amount
            self.positions[index] = replace(before, basis=paid_for)
        else:
            self.paid[flow.asset] += amount
        self.tables.payments.append(row_of(PAYMENTS, flow.time, now, index, flow.asset, amount, flow.reason))
        self.check()

    def on_transfer(self, time: int, balances: tuple[tuple[int, int, int], ...], now: int) -> None:
        """Rule 79: the balance, and nothing else of what stands here."""
        self.tick(now)
        self.balance_rows(time, balances)

    def on_report(self, report: Report, now: int) -> None:
        """Class 1: all of it is applied at once (rule 11)."""
        if report.instrument is not None:
            report = report._replace(order=self.record_closing(report.instrument, report))
        order = self.tables.orders[report.order]
        self.tick(now, report.events)
        self.balance_rows(report.time, report.balances)
        if report.kind == "acknowledgement":
            order["time_exchange"] = report.time
        if report.kind == "triggered":
            assert order["time_triggered"] is None, "an order is triggered once"
            order["time_triggered"] = report.time
        if report.amend >= 0:
            exchange = self.world.instruments[order["instrument"]].spec.exchange
            answered(self.tables, report, now, in_order=self.specs[exchange].faults is None)
        if report.activation:  # rule 103
            order.update(activation=report.activation, activation_by=0)
        if report.price:  # rule 31
            order.update({"trigger" if order["trigger_kind"] else "price": report.price})
        if report.kind == "fill":
            self.on_fill(order, report, now)
        if report.kind == "cancel_error":
            self.cancelling.discard(report.order)
            unknown = order["time_exchange"] is None and not report.lost
            if order["status"] == "open" and unknown:  # rule 96
                order.update(status="rejected", reason="unknown_order", time_closed=now)
        if report.status and not (report.lost and order["reason"] == "unknown_order"):
            assert order["status"] == "open", "an order ends once"
            order.update(status=report.status, reason=report.reason, time_closed=now)
        if report.kind in ("changed", "fill", "end"):
            order["quantity"] = report.quantity
            assert order["filled"] <= order["quantity"], "fills within the quantity"
        if report.kind in ("fill", "end"):
            whole = order["filled"] == order["quantity"] > 0
            assert whole == (order["status"] == "filled"), "filled is filled whole"
        self.check()

    def is_sized(self, number: int) -> bool:
        """Rule 61: whether it, or what it protects, is sized at its fill."""
        order = self.tables.orders[number]
        asked = self.asked.get(number if order["follows"] or order["parent"] < 0 else order["parent"])
        return asked is not None and asked.sized is not None

    def on_fill(self, order: dict[str, Any], report: Report, now: int) -> None:
        """Rule 4 for the engine's position, rule 26 for the trade's position id."""
        fill, instrument = report.fill, self.world.instruments[order["instrument"]]
        assert fill is not None
        index, trade = instrument.index, len(self.tables.trades)
        order["filled"] += fill.lots
        order["notional"] = in_range(order["notional"] + fill.notional, "an order's notional")
        order["fees"] = in_range(order["fees"] + fill.fee, "an order's fees")
        kept, was_there = fill.kept(instrument), index in self.positions
        self.paid[instrument.quote] += kept.notional - fill.notional + fill.fee - fill.charged
        self.paid[instrument.base] += self.held_beside(instrument, fill)
        change = checked(fill_position(self.positions.pop(index, None), instrument, kept))
        opened = len(self.entries) + len(self.tables.positions)  # ids are dense in order of opening
        entry = self.entries.get(index, (opened, report.time, trade))
        if change.exited is not None:
            self.exit(instrument, change.exited, report.time, trade)
        if change.after is not None:
            self.positions[index] = change.after
            if not (report.delivers and was_there):  # rule 65: what is delivered is no price
                self.mark_filled(index, None if change.opened else fill.ticks, report.delivers)
        if change.opened:
            self.entries[index] = (opened, report.time, trade)
        terms = (fill.side, fill.ticks, fill.lots, fill.notional, fill.fee, "maker" if fill.maker else "taker")
        self.tables.trades.append(row_of(TRADES, report.order, index, *terms, report.time, now, entry[0], fill.why))

    def held_beside(self, instrument: Instrument, fill: Fill) -> int:
        """Rule 63: what a fill adds to the base asset, but not to the position."""
        return instrument.held(fill.away) - fill.charged_base if is_received(instrument.spec) else 0

    def mark_filled(self, index: int, ticks: int | None, is_delivered: bool) -> None:
        """Rule 6: an own fill marks; what is delivered (rule 65), or at nothing, only where the market has not."""
        price = self.books[index].price() if is_delivered else self.priced.get(index) if ticks == 0 else None
        self.marks[index] = ticks if price is None else price
        if price is None:
            self.by_fill.add(index)
        else:
            self.by_fill.discard(index)

    def exit(self, instrument: Instrument, out: Position, time: int, trade: int) -> None:
        """A row of the positions."""
        number, *entered = self.entries.pop(instrument.index)
        money = (out.side, out.quantity_max, out.realised, out.fees_enter, out.fees_exit)
        cells = (number, instrument.index, *money, entered[0], time, entered[1], trade)
        self.tables.positions.append(row_of(POSITIONS, *cells))
        self.realised[instrument.quote] += out.realised

    def balance_rows(self, time: int, balances: tuple[tuple[int, int, int], ...]) -> None:
        for asset, total, free in balances:
            self.total[asset] = total
            self.tables.balances.append(row_of(BALANCES, time, asset, total, free))

    # Equity

    def tick(self, now: int, events: int = 1) -> None:
        """Any event at the engine: its clock and sequence, and (rule 24) the mark that comes after it."""
        self.clock = max(self.clock, now)
        self.tables.sequence += events
        if self.interval and not self.mark_planned:
            self.mark_planned = True
            self.at(-(-self.clock // self.interval) * self.interval, MARK, self.planned_mark)

    def planned_mark(self, now: int) -> None:
        """Class 3."""
        self.mark_planned = False
        self.mark(now)

    def mark(self, now: int) -> None:
        """Rule 24: at most one mark for a time, the last."""
        if self.tables.equity and self.tables.equity[-1]["time"] == now:
            self.tables.equity.pop()
        self.tables.equity.append({"time": now, "equity": self.equity()})

    def own(self) -> list[int]:
        """Rule 5, per asset in its own units: what positions do not hold, and what positions are worth."""
        amounts = list(self.total)
        for index, position in self.positions.items():
            instrument = self.world.instruments[index]
            if instrument.spot:
                amounts[instrument.base] -= instrument.held(position.side * position.quantity)
            amounts[instrument.quote] += value(instrument, position, self.marks[index])
        return amounts

    def check(self) -> None:
        """Rules 5 and 48: an asset changes by what is realised, what open positions gained, and cash flows."""
        explained = [sum(parts) for parts in zip(self.world.start, self.realised, self.paid, strict=True)]
        for index, position in self.positions.items():
            instrument, mark = self.world.instruments[index], self.marks[index]
            worth = position.cost if mark is None else instrument.notional(position.quantity, mark)
            gain = instrument.gains * position.side * (worth - position.cost)
            explained[instrument.quote] += position.realised + gain
        assert explained == self.own(), "the change of equity is explained"

    def equity(self) -> int | None:
        """Rule 24: everything in the reporting asset; None if a part has no priced path or is out of range."""
        parts = [self.convert(asset, amount) for asset, amount in enumerate(self.own())]
        known = [part for part in parts if part is not None]
        values = [
            value(self.world.instruments[index], position, self.marks[index])
            for index, position in self.positions.items()
        ]
        if len(known) < len(parts) or max(map(abs, (*known, sum(known), *values, *self.own()))) > LIMIT:
            return None
        return sum(known)

    def convert(self, asset: int, amount: int) -> int | None:
        """Rule 24: an amount along its path, step by step; equal names one to one."""
        names = [name for _, name in self.world.assets]
        reporting = names.index(self.scenario.reporting)
        while asset != reporting and amount:
            after, rate = reporting, Fraction(1)
            if names[asset] != names[reporting]:
                step = self.path.get(names[asset])
                found = self.rate_of(step) if step else None
                if found is None:
                    return None
                after, rate = found
            if abs(amount) > LIMIT:
                return None
            amount = rhe(amount * self.world.units[asset] * rate / self.world.units[after])
            asset = after
        return amount

    def rate_of(self, step: Step) -> tuple[int, Fraction] | None:
        """Rules 24 and 74: which asset one of a name becomes, and how much of it; None without a price."""
        if step.spec is not None:
            item = self.world.find(step.spec.name)
            price = self.books[item.index].price()
            if price is None:
                return None
            return (
                (item.base, 1 / (price * item.tick)) if item.spec.base == step.to else (item.quote, price * item.tick)
            )
        _, quote, rows = self.scenario.rates[step.row]
        known = [exact(rate) for since, rate in rows if since is None or since <= self.clock]
        after = [name for _, name in self.world.assets].index(step.to)
        return (after, known[-1] if step.to == quote else 1 / known[-1]) if known else None

    # The schedule

    def on_schedule(self, number: int, row: Row, now: int) -> None:
        """Class 5: explicit orders and cancels, row by row."""
        self.tick(now)
        if row[0] == "open":
            self.order_of_row[number] = self.open_row(number, row)
            return
        if row[0] == "exercise":
            item = self.world.find(row[2])
            self.order_of_row[number] = self.open(item, -item.lots_of(row[3]), self.clock, EXERCISE)
            return
        if row[0] == "margin":
            self.ask_for_margin(row)
            return
        order = self.order_of_row.get(row[2])
        if order is None:
            assert self.scenario.schedule[row[2]][0] == "target", "rule 101: a target that has become nothing"
            return
        if row[0] == "amend":
            entry = self.asked[order]
            said = conditions_of(row)
            gives = any(value is not None for value in (*row[3:8], said.activation, said.trailing_ticks))
            own = [(entry, row)] if gives else []
            for each, given in own + of_protection(row, entry, self.scenario.protect_by):
                self.amend(each, given)
            return
        self.ask_to_cancel(order)

    def became(self, row: Row, order: int) -> None:
        """Rule 101: which order a target's row is."""
        number = next(place for place, each in enumerate(self.scenario.schedule) if each is row)
        self.order_of_row[number] = order

    def ask_for_margin(self, row: Row) -> None:
        """Rule 104: a request to do what rule 79 says."""
        item = self.world.find(row[2])
        assert item.spec.isolated, "rule 104: it is refused"
        unit = self.world.units[item.quote]
        whole = unit * floor(exact(abs(row[3])) / unit + Fraction(1, 2)) * (1 if row[3] > 0 else -1)
        assert whole, "rule 104: it is refused"
        arrival = self.requests[item.spec.exchange].arrival(self.clock, MARGIN, self.clock)
        self.at(arrival, REQUEST, partial(self.move, item, whole))

    def move(self, item: Instrument, amount: Fraction, now: int) -> None:
        """Rule 104: when it arrives."""
        flow, venue = Flow("margin", now, item, item.quote, amount, "margin"), self.venues[item.spec.exchange]
        if moved(flow, self.world, venue):
            self.pay(flow, now)
            self.at(now, SETTLED[REQUEST], self.keep_margins)  # rule 43: where more must be kept than it takes to open
            return
        told = partial(self.on_transfer, now, venue.snapshots(item.quote))
        self.at(self.responses[item.spec.exchange].arrival(now, TRANSFER, now), ACCOUNT, told)

    def ask_to_cancel(self, order: int) -> None:
        """Rule 17: unless the engine knows it as closed or as being cancelled."""
        if self.tables.orders[order]["status"] == "open" and order not in self.cancelling:
            self.cancelling.add(order)
            exchange = self.world.instruments[self.tables.orders[order]["instrument"]].spec.exchange
            arrival = self.requests[exchange].arrival(self.clock, CANCEL, order)
            self.at(arrival, REQUEST, partial(self.venues[exchange].cancel, order))

    def amend(self, order: Order, row: Row) -> None:
        """Rule 33: sent, unless the order has ended, is being cancelled, or a risk manager objects to its growth."""
        number, known = order.number, self.tables.orders[order.number]
        amend, refused = read_amend(len(self.tables.amends), order.instrument, row), ""
        check_amend(amend, order)
        more = growth(self.tables, number, amend)
        if known["status"] != "open" or number in self.cancelling:
            refused = "order_ended"
        elif self.manager and more:
            held = self.positions.get(order.instrument.index)
            position = held.side * held.quantity if held else 0
            said = self.manager(
                more, order.side, position, above_zero_of(order.instrument, amend.price or known["price"])
            )
            refused = "" if said < 0 else OWN_REASONS[said]
            amend = amend._replace(quantity=amend.quantity - more - said) if said < 0 else amend
        note_amend(self.tables, number, amend, refused, self.clock)
        if not refused:
            exchange = order.instrument.spec.exchange
            asked = partial(amending.arrive, self.venues[exchange], order, amend)
            self.at(self.requests[exchange].arrival(self.clock, AMEND, number), REQUEST, asked)

    def open_row(self, number: int, row: Row) -> int:
        """An explicit order, with what it depends on (rules 57 and 58); returns its number."""
        instrument, conditions = self.world.find(row[2]), conditions_of(row)
        lots, terms = instrument.lots_of(row[3]), terms_of(instrument, row)
        check_times(terms, conditions, row[1])
        terms = settled(terms, dict(self.scenario.sessions).get(row[2], ()), self.clock)
        levels = levels_of(instrument, row, self.scenario.protect_by)
        parent, group = None, None
        if conditions.group is not None:
            group = self.groups.setdefault((row[1], conditions.group), Group(len(self.tables.orders)))
            terms = terms._replace(group=group.number)
        if conditions.after is not None:
            before = self.scenario.schedule[conditions.after]
            assert conditions.after < number, "it is sent before it"
            assert before[:2] == row[:2], "it is sent together with it"
            parent = self.asked[self.order_of_row[conditions.after]]
            terms = terms._replace(parent=parent.number, follows=True)
        for other in [*(group.members if group else ()), *([parent] if parent else ())]:
            assert other.instrument.spec.exchange == instrument.spec.exchange, "it is of the same exchange"
        return self.open(instrument, lots, self.clock, terms, levels, parent=parent, group=group)

    def on_targets(self, rows: list[Row], now: int) -> None:
        """Class 5, after the explicit orders of the time."""
        self.tick(now, len(rows))
        follow(self, [row for row in rows if not self.is_replaced(row)], self.clock)

    def is_replaced(self, row: Row) -> bool:
        """Rule 12: a target of before the start that is not the last of its instrument there."""
        early = [each for each in self.scenario.schedule if each[0] == "target" and each[3] is not None]
        early = sorted((each for each in early if each[1] < self.start), key=lambda each: each[1])
        same = [each for each in early if each[2] == row[2]]
        return row[1] < self.start and same[-1] is not row

    def enlarges(self, index: int, side: int, quantity: int) -> bool:
        """Rule 31: whether an order would enlarge or turn the position, as the engine knows it."""
        position = self.positions.get(index)
        return quantity > (position.quantity if position and position.side != side else 0)

    def working(self, instrument: Instrument, reduce_only: bool, but: Collection[int] = ()) -> int:
        """The signed rest of the open orders: of those that may only reduce a position, or of the others.

        ``but``: without these.
        """
        said = "open", instrument.index, reduce_only
        return sum(
            order["side"] * (order["quantity"] - order["filled"])
            for number, order in enumerate(self.tables.orders)
            if (order["status"], order["instrument"], order["reduce_only"]) == said and number not in but
        )

    def open(
        self,
        instrument: Instrument,
        lots: int,
        now: int,
        terms: Terms = MARKET,
        levels: Sequence[Level] = (),
        *,
        cuts: bool = False,
        refused: str = "",
        parent: Order | None = None,
        group: Group | None = None,
        sized: Sized | None = None,
        always: bool = False,
    ) -> int:
        """Record an order and what protects it, and send them, unless it is refused; returns its number.

        ``always``: it is protected whatever it does to the position (rule 60).
        """
        side, quantity = 1 if lots > 0 else -1, 0 if refused else abs(lots)
        wish = quantity
        if parent and self.tables.orders[parent.number]["status"] == "refused":
            refused = "parent_ended"
        elif self.manager and not refused:
            held = self.positions.get(instrument.index)
            said = self.manager(
                quantity, side, held.side * held.quantity if held else 0, above_zero_of(instrument, terms.price)
            )
            quantity, refused = (-said, "") if said < 0 else (quantity, OWN_REASONS[said])
        number = len(self.tables.orders)
        entry = self.asked[number] = Order(number, instrument, side, quantity, terms, cuts, parent=parent, group=group)
        entry.sized, entry.hopes = sized, self.hopes(instrument)
        for related in ([group.members] if group else []) + ([parent.followers] if parent else []):
            related.append(entry)
        self.record(entry, wish, now, refused)
        in_range(self.working(instrument, False), "working orders")
        for level in levels if always or self.enlarges(instrument.index, side, quantity) else ():
            said = protecting(level, entry.number, terms.trigger_by)
            child = Order(len(self.tables.orders), instrument, -side, quantity, said, parent=entry, level=level)
            child.hopes = entry.hopes
            entry.children.append(child)
            self.record(child, quantity, now, refused and "parent_ended")
        return entry.number

    def hopes(self, instrument: Instrument) -> bool:
        """Rule 105."""
        return self.venues[instrument.spec.exchange].spec.candle_path == "optimistic"

    def record_closing(self, index: int, report: Report) -> int:
        """Rule 43: an order that nobody sent, of a position that the venue has closed; returns its number."""
        fill, terms = report.fill, DELIVERING if report.delivers else CLOSING
        assert fill is not None
        if not report.delivers:
            position = self.positions[index]
            assert fill.side == -position.side, "the engine has heard of all before"
            assert fill.lots <= position.quantity, "rule 72: all of it, or a part"
        cells = (index, fill.side, terms.kind, *terms, fill.lots, fill.lots, 0, 0, 0)
        end = ("open", "", None, report.time, None, None)
        self.tables.orders.append(row_of(ORDERS, *cells, *end))
        return len(self.tables.orders) - 1

    def record(self, order: Order, wish: int, now: int, refused: str) -> None:
        """A row of the orders; sent unless it is refused."""
        exchange, terms = order.instrument.spec.exchange, order.terms
        end = ("refused", refused, now, None, None, now) if refused else ("open", "", now, None, None, None)
        said = terms._replace(price=max(terms.price, 0), trigger=max(terms.trigger, 0))  # rule 60: UNKNOWN
        cells = (order.instrument.index, order.side, terms.kind, *said, order.quantity, wish, 0, 0, 0, *end)
        self.tables.orders.append(row_of(ORDERS, *cells))
        if not refused:
            order.sent = now
            arrival = self.requests[exchange].arrival(now, OPEN, order.number)
            self.at(arrival, REQUEST, partial(self.venues[exchange].arrive, order))
            if terms.good_till is not None and now < terms.good_till <= self.last:
                lapse = partial(self.venues[exchange].lapse, order)
                self.at(terms.good_till, ORDER_END, lapse, (order.instrument.index, order.number))
            if terms.good_after is not None and now < terms.good_after <= self.last:
                let_in = partial(self.venues[exchange].let_in, order)
                self.at(terms.good_after, ENTRY, let_in, (order.instrument.index, order.number))
                if terms.good_after not in self.moments:  # rule 43
                    self.moments.add(terms.good_after)
                    self.at(terms.good_after, MARGINS, self.keep_margins)
