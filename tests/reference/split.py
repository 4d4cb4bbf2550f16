"""Splits: rule 45. What becomes of prices and positions, at the venue, and of what the engine knows of the market."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from .flows import Flow
from .model import Book, Change, Instrument, Market, Position, in_range, rhe
from .money import Money
from .venue import Venue


class Split(NamedTuple):
    """What an instrument's venue says of it at once."""

    flow: Flow
    amount: int  # of the quote asset, for the fraction of a lot
    balances: tuple[tuple[int, int, int], ...]


def divided(ticks: int, ratio: Fraction) -> int:
    """A price."""
    return max(rhe(ticks / ratio), 1)


def divided_quote(price_for: dict[int, int], ratio: Fraction) -> dict[int, int]:
    """A bid down and an ask up; a locked book stays so."""
    if price_for[-1] == price_for[1]:
        return {side: divided(ticks, ratio) for side, ticks in price_for.items()}
    return {-1: max(floor(price_for[-1] / ratio), 1), 1: ceil(price_for[1] / ratio)}


def divided_event(event: Market, ratio: Fraction) -> Market:
    """All prices of a row."""
    if event.kind == "quote":
        quote = divided_quote({-1: event.prices[0], 1: event.prices[1]}, ratio)
        return event._replace(prices=(quote[-1], quote[1]))
    return event._replace(prices=tuple(divided(ticks, ratio) for ticks in event.prices))


def divide_book(book: Book, ratio: Fraction) -> None:
    """Its prices; the amounts, but for what is left of them, stay."""
    book.price_for = divided_quote(book.price_for, ratio)
    book.left_for = {side: floor(left * ratio) for side, left in book.left_for.items()}
    book.last = None if book.last is None else divided(book.last, ratio)


def split_position(before: Position, ratio: Fraction) -> Change:
    """The fraction of a lot takes its part of the cost along; without a whole lot the position exits as it was."""
    lots = before.quantity * ratio
    in_range(max(before.quantity, before.quantity_max) * ratio.numerator, "a position")
    whole = floor(lots)
    out = rhe(before.cost * (lots - whole) / lots)
    realised = in_range(before.realised - before.side * out, "realised")
    if not whole:
        return Change(None, replace(before, realised=realised))
    largest = max(floor(before.quantity_max * ratio), whole)
    return Change(replace(before, quantity=whole, cost=before.cost - out, quantity_max=largest, realised=realised))


def split(venue: Venue, flow: Flow, now: int) -> Split:
    """At the venue; ``end_orders`` comes behind what it says of it."""
    item, ratio = flow.instrument, flow.number
    assert item is not None
    for order in venue.working:
        if order.instrument is item:
            venue.accounts[order.pays].reserved -= order.reserved
            order.reserved = 0
    for marks in (venue.marks, venue.priced):
        if item.index in marks:
            marks[item.index] = divided(marks[item.index], ratio)
    amount = split_total(venue, item, ratio)
    if item.index in venue.positions:
        after = split_position(venue.positions.pop(item.index), ratio).after
        venue.positions |= {item.index: after} if after else {}
    split_market(venue, item, ratio)
    venue.enlarged[item.index] = now  # rule 43: candles that opened before do not count
    venue.credits.pop(item.index, None)  # rule 63
    return Split(flow, amount, venue.snapshots(item.quote, item.base))


def split_total(money: Money, item: Instrument, ratio: Fraction) -> int:
    """The base asset keeps whole lots; returns what the quote asset gets for the rest."""
    account, mark = money.accounts[item.base], money.marks.get(item.index)
    sign = 1 if account.total > 0 else -1
    lots = abs(account.total) * ratio / item.base_units
    after = sign * item.held(floor(lots))
    account.taken = max(account.taken, -after)
    money.post(item.base, after - account.total, 0)
    amount = sign * rhe((lots - floor(lots)) * mark * item.ratio) if mark else 0
    money.pay(item.quote, amount)
    return amount


def split_market(venue: Venue, item: Instrument, ratio: Fraction) -> None:
    """What the venue knows of it: of the last candle the close, the range and the volume are of use."""
    divide_book(venue.books[item.index], ratio)
    if candle := venue.last.get((item.index, "candle")):
        _, high, low, close = candle.prices
        prices = (0, rhe((high - low) / ratio), 0, divided(close, ratio))
        volume = floor(candle.amounts[0] * ratio)
        venue.last[item.index, "candle"] = candle._replace(prices=prices, amounts=(volume,))


def end_orders(venue: Venue, item: Instrument, now: int) -> None:
    """All that are live, by number; those that wait are not ended by what they wait for."""
    live = sorted((order for order in venue.working if order.instrument is item), key=lambda order: order.number)
    for order in live:
        order.waits = False
    for order in live:
        if not order.closed:  # a parent has not taken it along
            venue.end(order, now, "cancelled", "split")


@dataclass
class News:
    """The splits of an instrument that the engine has heard of.

    What a split has divided counts as stamped 1 ns after it. What comes later in old units is held against ``stamps``:
    those, of the quote and of the last price, that the last split found, or that such a price had.
    """

    splits: list[tuple[int, Fraction]] = field(default_factory=list)
    stamps: dict[bool, float] = field(default_factory=dict)  # by whether it is the quote's

    def hear(self, book: Book, time: int, ratio: Fraction) -> bool:
        """Divide what is stamped at or before a split; whether anything is stamped later."""
        before = {True: book.time, False: book.time_last}
        prices, last = dict(book.price_for), book.last
        left = dict(book.left_for)
        divide_book(book, ratio)
        book.left_for = left
        if before[True] > time:
            book.price_for = prices
        if before[False] > time:
            book.last = last
        book.time, book.time_last = (max(before[quote], time + 1) for quote in (True, False))
        self.stamps = dict(before)
        self.splits.append((time, ratio))
        return max(before.values()) > time

    def update(self, book: Book, event: Market) -> bool:
        """Rule 13, where what is stamped at or before a split is in old units."""
        is_quote = event.kind == "quote"
        last_split = self.splits[-1][0] if self.splits else None
        if last_split is None or event.time > last_split:
            replaced = book.update(event)
            if replaced:
                self.stamps[is_quote] = event.time
            return replaced
        stands = book.time if is_quote else book.time_last
        if stands > last_split + 1 or event.time < self.stamps[is_quote]:
            return False
        self.stamps[is_quote] = event.time
        for time, ratio in self.splits:
            event = divided_event(event, ratio) if event.time <= time else event
        return book.update(event._replace(time=last_split + 1))
