"""Random books by order, in place of those by price: orders that come, change, leave and are executed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from barter_bt.testing.scenario.books import Limit, limits_of, make_level, make_numbers
from barter_bt.testing.scenario.numbers import CENTER, NEAR, SECOND, amount, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import ExchangeSpec, InstrumentSpec, Row, Scenario, StreamSpec

DRAWN = True  # of random scenarios
LEAST = Decimal("1e-7")  # lots of streams of orders, of which there may be halves
Cells = tuple[str, int, int, float, float]
_NUMBERED = ("both", "both", "sequence", "")


def with_orders(source: Source, scenario: Scenario, percent: int = 40) -> Scenario:
    """The same scenario; books may be by order, and all of an exchange's have exact places then."""
    if not DRAWN or not any(one.kind == "book" for one in scenario.streams) or not chance(source, percent):
        return scenario
    items = {item.name: item for item in scenario.instruments}
    streams: list[StreamSpec] = []
    chosen: set[str] = set()
    for stream in scenario.streams:
        item = items.get(stream.rows[0][2]) if stream.kind == "book" else None
        if item and Decimal(item.lot) % LEAST == 0 and Decimal(item.lot) < 10**6:
            times = sorted({row[0] for row in stream.rows})
            streams.append(StreamSpec("book_orders", make_orders(source, item, times, limits_of(scenario, item))))
            chosen.add(item.name)
        else:
            streams.append(stream)
    exchanges = tuple(_with_fifo(source, one, scenario, chosen) for one in scenario.exchanges)
    return replace(scenario, streams=tuple(streams), exchanges=exchanges)


def _with_fifo(source: Source, spec: ExchangeSpec, scenario: Scenario, names: set[str]) -> ExchangeSpec:
    """Exact places, where no other book of the exchange is by price."""
    books = {stream.rows[0][2] for stream in scenario.streams if stream.kind == "book"}
    others = any(one.exchange == spec.name and one.name in books - names for one in scenario.instruments)
    mine = any(one.exchange == spec.name and one.name in names for one in scenario.instruments)
    if others or not mine or not chance(source, 75):
        return spec
    return replace(spec, queue="fifo", queue_power=None)


@dataclass
class Book:
    """Orders by id, as side, ticks and amount; whether anybody knows it, and by which number."""

    item: InstrumentSpec
    orders: dict[int, tuple[int, int, float]] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    stale: bool = True
    last: int | None = None
    ids: int = 0

    def hears(self, snapshot: bool, sequence: int | None, previous: int | None) -> bool:
        """Whether a message says something; else its rows may be anything (rule 87)."""
        known, self.last = self.last, sequence if snapshot or sequence is None else max(sequence, self.last or sequence)
        if snapshot:
            self.stale = False
        elif sequence is not None and known is not None:
            if sequence <= known:
                self.last = known
                return False
            self.stale = self.stale or (previous is not None and previous > known)
        return not self.stale

    def new_id(self, source: Source) -> int:
        """Mostly one that there never was; else that of an order that has left."""
        if self.gone and chance(source, 20):
            return self.gone.pop()
        self.ids += 1
        return self.ids * source.pick((1, 1, 1, 1 << 40, -1)) if self.ids % 7 == 0 else self.ids

    def remove(self, number: int) -> None:
        """An order leaves, and its id can come again."""
        del self.orders[number]
        self.gone.append(number)


def make_orders(source: Source, item: InstrumentSpec, times: Sequence[int], limits: Sequence[Limit]) -> tuple[Row, ...]:
    """Rows at these times, mostly whole messages of a book that moves."""
    received, numbered = chance(source, 25), source.pick(_NUMBERED)
    rows: list[Row] = []
    book, middle, number, arrival = Book(item), CENTER, source.integer(0, 5), times[0]
    for place, time in enumerate(times):
        for _ in range(source.integer(1, 2)):
            middle = between(source, NEAR) if chance(source, 10) else middle
            arrival = max(arrival, time + source.pick((0, 0, SECOND // 2, SECOND)))
            is_snapshot = chance(source, 8 if place else 85)
            sequence, previous, number = make_numbers(source, number)
            head = is_snapshot, sequence if numbered else None, previous if numbered == "both" else None
            if rows and (rows[-1][:2], rows[-1][-3:]) == ((time, arrival if received else None), head):
                continue  # it would be one message with the one before
            says = book.hears(*head)
            if is_snapshot:
                cells = make_snapshot(source, book, middle, limits)
            elif says:
                cells = [one for _ in range(source.integer(1, 3)) for one in make_change(source, book, middle, limits)]
            else:
                cells = [("cancel", source.integer(1, 9), 0, 0.0, 0.0)]
            rows += [(time, arrival if received else None, item.name, *one, *head) for one in cells]
    return tuple(rows)


def make_snapshot(source: Source, book: Book, middle: int, limits: Sequence[Limit]) -> list[Cells]:
    """Some of the orders that were there, changed or not, and some more; or an empty book."""
    kept = [(number, *one) for number, one in book.orders.items() if chance(source, 70)]
    book.orders.clear()
    cells: list[Cells] = []
    for number, side, ticks, size in kept:
        moved, other = chance(source, 10), chance(source, 20)
        cells.append(_add(book, number, side, ticks + int(moved), amount(source, book.item, 1) if other else size))
    for _ in range(source.integer(0, 5)):
        side, ticks = make_level(source, middle, limits)
        cells.append(_add(book, book.new_id(source), side, ticks, amount(source, book.item, 1)))
    return cells or [("clear", 0, 0, 0.0, 0.0)]


def _add(book: Book, number: int, side: int, ticks: int, size: float) -> Cells:
    book.orders[number] = side, ticks, size
    return "add", number, side, in_ticks(book.item, ticks), size


def make_change(source: Source, book: Book, middle: int, limits: Sequence[Limit]) -> list[Cells]:
    """One order comes, mostly with the execution of those that it crosses; or one changes, leaves or is executed."""
    if not book.orders or chance(source, 45):
        side, ticks = make_level(source, middle, limits)
        crossed = [n for n, (of, at, _) in book.orders.items() if of == -side and side * (ticks - at) >= 0]
        found = [_leave(source, book, n, "execute") for n in (crossed if chance(source, 85) else ())]
        return [*found, _add(book, book.new_id(source), side, ticks, amount(source, book.item, 1))]
    way = source.pick(("cancel", "execute", "execute", "modify"))
    beside = [number for number, (side, ticks, _) in book.orders.items() if (side, ticks) in limits]
    number = source.pick(sorted(beside if beside and chance(source, 65) else book.orders))
    if way != "modify":
        return [_leave(source, book, number, way, chance(source, 50))]
    side, ticks, size = book.orders[number]
    at = ticks + source.pick((0, 0, 1, -1))
    size = source.pick((size, size / 2, amount(source, book.item, 1)))
    if Decimal(repr(size)) % (Decimal(book.item.lot) / 2) != 0:
        size = amount(source, book.item, 1)
    book.orders[number] = side, at, size
    said = 0.0 if at == ticks and chance(source, 50) else in_ticks(book.item, at)
    return [("modify", number, source.pick((0, side)), said, size)]


def _leave(source: Source, book: Book, number: int, way: str, partly: bool = False) -> Cells:
    """All of an order, or a part of it, which then is a whole number of half lots."""
    side, ticks, size = book.orders[number]
    half = Decimal(book.item.lot) / 2
    most = int(Decimal(repr(size)) / half)
    part = source.integer(1, most) if partly else most
    rest = Decimal(repr(size)) - part * half
    if rest > 0:
        book.orders[number] = side, ticks, float(rest)
    else:
        book.remove(number)
    gone = float(part * half) if rest > 0 or way == "execute" or chance(source, 50) else 0.0
    price = in_ticks(book.item, ticks) if chance(source, 70) else 0.0
    return way, number, source.pick((0, side)), price, gone
