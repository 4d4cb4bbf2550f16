"""Order books by price: what messages make of them, what they say, and what own orders leave; rules 87 to 90."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from barter_bt.testing.scenario import StreamSpec

from .by_order import Execution, OrderRow, Orders
from .model import Instrument, Market, Message, World, exact, read

BID, ASK = 1, -1


def read_stream(world: World, stream: StreamSpec) -> list[Market]:
    """The events of a stream: its rows, or of a book its messages."""
    if stream.kind == "book_orders":
        return read_orders(world, stream)
    if stream.kind != "book":
        return [read(world, stream.kind, row) for row in stream.rows]
    found = []
    for (time, received, name, *head), rows in groupby(stream.rows, key=lambda row: (*row[:3], *row[6:])):
        item = world.find(name)
        cells = [row[3:6] for row in rows if row[3]]  # a row without a side has no level
        levels = tuple((side, item.ticks_of(price), whole_lots(item, lots)) for side, price, lots in cells)
        found.append(Market("book", item, time, received, 0, (), (), Message(*head, levels)))
    return found


def read_orders(world: World, stream: StreamSpec) -> list[Market]:
    """The messages of a book by order; a row that clears it is a snapshot."""
    found = []
    heads = ((*row[:3], bool(row[8] or row[3] == "clear"), *row[9:]) for row in stream.rows)
    for (time, received, name, *head), pairs in groupby(zip(heads, stream.rows, strict=True), key=lambda one: one[0]):
        item = world.find(name)
        rows = tuple(
            OrderRow(action, number, side, item.ticks_of(price) if price else None, exact(amount))
            for action, number, side, price, amount in (row[3:8] for _, row in pairs)
        )
        found.append(Market("book", item, time, received, 0, (), (), Message(*head, (), rows)))
    return found


def whole_lots(item: Instrument, amount: float) -> int:
    """Rule 20."""
    return int(exact(amount) / item.lot) if item.spec.declares_lot else item.lots_of(amount)


def lots_in(item: Instrument, amount: Fraction) -> int:
    """The same of an amount that is known exactly."""
    return int(amount / item.lot)


@dataclass
class Levels:
    """A book by side and price; what own orders have taken of a level since it has been there."""

    stale: bool = True
    last: int | None = None  # rule 87: n
    lots: dict[tuple[int, int], int] = field(default_factory=dict)
    taken: dict[tuple[int, int], int] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)

    def apply(self, message: Message, item: Instrument) -> list[Execution]:
        """Rules 87 and 93; what was executed."""
        number = message.sequence
        if not message.snapshot and number is not None and self.last is not None:
            if number <= self.last:
                return []
            if message.previous is not None and message.previous > self.last:
                self.clear(stale=True)
                self.taken.clear()
        if number is not None:
            self.last = number
        if message.snapshot:
            self.clear(stale=False)
        if self.stale:
            return []
        for side, ticks, lots in message.levels:
            self.set(side, ticks, lots)
        found = self.apply_orders(message, item)
        self.taken = {at: min(lots, self.lots[at]) for at, lots in self.taken.items() if at in self.lots}  # rule 90
        return found

    def apply_orders(self, message: Message, item: Instrument) -> list[Execution]:
        """Rule 93: the levels are what the orders add up to."""
        found: list[Execution] = []
        touched: set[tuple[int, int]] = set()
        if message.snapshot:
            self.orders.replace(message.orders)
            touched = {(one.side, one.ticks) for one in self.orders.standing.values()}
        for row in () if message.snapshot else message.orders:
            levels, executed = self.orders.follow(row)
            touched |= levels
            found += executed
        for side, ticks in touched:
            self.set(side, ticks, lots_in(item, sum((one.amount for one in self.orders.at(side, ticks)), Fraction(0))))
        return found

    def set(self, side: int, ticks: int, lots: int) -> None:
        """The market sets a level."""
        self.lots[side, ticks] = lots
        if not lots:
            del self.lots[side, ticks]

    def clear(self, *, stale: bool) -> None:
        self.stale = stale
        self.lots.clear()

    def prices(self, side: int) -> list[int]:
        """Of a side, best first."""
        return sorted((ticks for of, ticks in self.lots if of == side), key=lambda ticks: -side * ticks)

    @property
    def crossed(self) -> bool:
        bids, asks = self.prices(BID), self.prices(ASK)
        return bool(bids and asks) and bids[0] > asks[0]

    @property
    def moves_queues(self) -> bool:
        """Rule 91: what rests in it is met by trades and messages."""
        return not (self.stale or self.crossed)

    def quote(self, message: Market) -> Market:
        """Rule 89: what it shows behind a message."""
        best = [(self.prices(side) or [0])[0] for side in (BID, ASK)]
        sizes = [0 if self.crossed else self.lots.get((side, best[side == ASK]), 0) for side in (BID, ASK)]
        return message._replace(kind="quote", prices=tuple(best), amounts=tuple(sizes))

    def left(self, side: int) -> list[tuple[int, int]]:
        """Rule 90: price and what is left of the levels that an order of a side meets, best first."""
        found = [(ticks, self.lots[-side, ticks] - self.taken.get((-side, ticks), 0)) for ticks in self.prices(-side)]
        return [(ticks, lots) for ticks, lots in found if lots]

    def take(self, side: int, ticks: int, lots: int) -> None:
        """An order of a side takes so much of a level."""
        self.taken[-side, ticks] = self.taken.get((-side, ticks), 0) + lots
        assert self.taken[-side, ticks] <= self.lots[-side, ticks], "nobody takes the same lots twice"
