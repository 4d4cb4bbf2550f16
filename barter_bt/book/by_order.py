"""Books by order (L3) become books by price: what each row does to its order, and to the level where that stands.

An order has a *place*, a number that grows from one to the next: who has the lower one stands ahead. Rows that name
order ids are read once, before any book sees them; what is handed on are levels as of books by price, each with the
change that made it and the place of the order whose change it is. So nobody behind this looks for ids, and an own
order tells who is ahead by comparing two numbers.

Ids lie in a hash table with open addressing, over columns. A snapshot makes all orders of its book old; those that it
names again, at the same price and with no more than before, keep their places.
"""

from __future__ import annotations

import numpy as np

from barter_bt.book.apply import apply_row, set_level
from barter_bt.book.change import ASK, BID, ENDS, EXECUTED, GAP, OLD, SNAPSHOT
from barter_bt.book.read import rank_of
from barter_bt.book.tables import ASKS, BIDS, Books
from barter_bt.columns.block import Block
from barter_bt.columns.column import I8, I32, I64
from barter_bt.columns.marks import hot, native, unit
from barter_bt.columns.table import Table

ADD, MODIFY, CANCEL, EXECUTE, CLEAR = 1, 2, 3, 4, 5
ACTIONS = ("add", "modify", "cancel", "execute", "clear")
NO_FAULT, UNKNOWN, REUSED, TOO_MUCH, OTHER_SIDE, OTHER_PRICE = 0, 1, 2, 3, 4, 5
_SLOTS = 64
_FACTOR = 0x1E3779B97F4A7C15  # odd, and its bits are mixed


class Slots(Table, growable=True):
    """The hash table; it has a power of two of rows, at most half of them taken."""

    order: I64  # one more than a row of `orders`; 0: nothing


class Orders(Table, growable=True):
    """Orders that stand in the books, or did before their last snapshot."""

    id: I64  # of a row that is free: the next such row, as in `Tally.free`
    instrument: I32
    side: I8
    price: I64  # what its book is sorted by, above 0
    amount: I64
    place: I64
    snapshot: I64  # how many snapshots its book had had when it was last named


class OrderStates(Table):
    """One row per instrument."""

    snapshots: I64
    in_snapshot: I8  # 1: its message goes on


class Tally(Table):
    """One row."""

    orders: I64
    free: I64  # one more than a row of `orders` that nobody uses, 0: none
    place: I64  # the last that was given
    fault: I64
    row: I64  # where the fault is


class Known(Block):
    """What is known of orders from one chunk of rows to the next."""

    slots: Slots
    orders: Orders
    states: OrderStates
    tally: Tally


class OrderRows(Table):
    """Rows of a stream of orders; prices are any whole numbers that are in order as prices are."""

    flags: I8
    instrument: I32
    action: I8
    order_id: I64
    side: I8
    price: I64
    amount: I64


class LevelRows(Table, growable=True):
    """What they make of levels: one row for each, or two where an order loses its place."""

    row: I64  # of `OrderRows`
    flags: I8
    side: I8
    price: I64
    amount: I64  # that stands there now
    change: I64
    place: I64


class OrderReading(Block):
    """What one call of the kernel works with."""

    rows: OrderRows
    made: LevelRows


def make_known(instruments: int) -> Known:
    """No orders yet.

    Examples
    --------
    >>> len(make_known(2).states)
    2
    """
    slots = Slots(_SLOTS)
    for _ in range(_SLOTS):
        slots.append()
    slots.array("order")[:] = 0
    return Known(slots=slots, orders=Orders(_SLOTS), states=OrderStates(instruments), tally=Tally(1))


def read_orders(b: Books, k: Known, r: OrderReading, _fourth: OrderReading) -> int:
    """Apply rows until one is at fault, which ``k.tally`` tells; returns how many rows of levels there are."""
    for row in range(len(r.rows)):
        k.tally.row[0] = row
        _read(b, k, r, row)
        if k.tally.fault[0] != NO_FAULT:
            break
    return len(r.made)


@hot
def _read(b: Books, k: Known, r: OrderReading, row: int) -> None:
    c, i = r.rows, r.rows.instrument[row]
    flags, action = c.flags[row], c.action[row]
    k.tally.place[0] += 1
    if flags & (SNAPSHOT | GAP):
        apply_row(b, i, flags & (SNAPSHOT | GAP), 0, 0, 0)
        k.states.snapshots[i] += int(flags & SNAPSHOT != 0)
        k.states.in_snapshot[i] = int(flags & SNAPSHOT != 0)
    if flags & OLD or b.states.stale[i] or action == CLEAR:
        _note(r, row, flags, 0, 0, 0, 0, 0)
    else:
        order = _find(k, i, c.order_id[row])
        is_there = order >= 0 and k.orders.snapshot[order] == k.states.snapshots[i]
        if action == ADD:
            _add(b, k, r, row, order, is_there)
        elif not is_there:
            k.tally.fault[0] = UNKNOWN
        elif action == MODIFY:
            _modify(b, k, r, row, order)
        else:
            _leave(b, k, r, row, order)
    if flags & ENDS:
        k.states.in_snapshot[i] = 0


def _note(r: OrderReading, row: int, flags: int, side: int, price: int, amount: int, change: int, place: int) -> None:
    made, m = r.made.append(), r.made
    m.row[made], m.flags[made], m.side[made], m.price[made] = row, flags, side, price
    m.amount[made], m.change[made], m.place[made] = amount, change, place


@hot
def _change(b: Books, k: Known, r: OrderReading, row: int, order: int, change: int, flags: int) -> None:
    """The level of an order has so much more or less."""
    o, i = k.orders, k.orders.instrument[order]
    side, price = o.side[order], o.price[order]
    book_side, bit = (2 * i + BIDS, BID) if side > 0 else (2 * i + ASKS, ASK)
    amount = set_level(b, book_side, rank_of(book_side, price), change, 1)
    _note(r, row, flags | bit, side, price, amount, change, o.place[order])


@hot
def _add(b: Books, k: Known, r: OrderReading, row: int, known: int, is_there: bool) -> None:
    c, o, i, order = r.rows, k.orders, r.rows.instrument[row], known
    if is_there:
        k.tally.fault[0] = REUSED
        return
    keeps = order >= 0 and k.states.in_snapshot[i] == 1 and o.snapshot[order] == k.states.snapshots[i] - 1
    if order < 0:
        order = _new(k, i, c.order_id[row])
    keeps = keeps and o.side[order] == c.side[row] and o.price[order] == c.price[row]
    if not (keeps and o.amount[order] >= c.amount[row]):
        o.place[order] = k.tally.place[0]
    o.side[order], o.price[order], o.amount[order] = c.side[row], c.price[row], c.amount[row]
    o.snapshot[order] = k.states.snapshots[i]
    _change(b, k, r, row, order, c.amount[row], c.flags[row])


@hot
def _modify(b: Books, k: Known, r: OrderReading, row: int, order: int) -> None:
    """An order that moves, or grows, stands behind all others afterwards."""
    c, o = r.rows, k.orders
    if c.side[row] != 0 and c.side[row] != o.side[order]:
        k.tally.fault[0] = OTHER_SIDE
        return
    amount, before = c.amount[row], o.amount[order]
    price = c.price[row] if c.price[row] > 0 else o.price[order]
    if price == o.price[order] and amount <= before:
        o.amount[order] = amount
        _change(b, k, r, row, order, amount - before, c.flags[row])
        return
    _change(b, k, r, row, order, -before, c.flags[row] & ~ENDS)
    o.price[order], o.amount[order], o.place[order] = price, amount, k.tally.place[0]
    _change(b, k, r, row, order, amount, c.flags[row] & ~(SNAPSHOT | GAP))


@hot
def _leave(b: Books, k: Known, r: OrderReading, row: int, order: int) -> None:
    """So much of an order is cancelled or executed, 0: all of it."""
    c, o = r.rows, k.orders
    if c.side[row] != 0 and c.side[row] != o.side[order]:
        k.tally.fault[0] = OTHER_SIDE
    elif c.price[row] > 0 and c.price[row] != o.price[order]:
        k.tally.fault[0] = OTHER_PRICE
    elif c.amount[row] > o.amount[order]:
        k.tally.fault[0] = TOO_MUCH
    else:
        gone = c.amount[row] if c.amount[row] > 0 else o.amount[order]
        o.amount[order] -= gone
        bit = EXECUTED if c.action[row] == EXECUTE else 0
        _change(b, k, r, row, order, -gone, c.flags[row] | bit)
        if o.amount[order] == 0:
            _forget(k, order)


def _home(k: Known, i: int, number: int) -> int:
    """The slot where an id is looked for first."""
    return _scattered(i, number) & (len(k.slots) - 1)


@native(lambda: _scattered_uint64)
def _scattered(i: int, number: int) -> int:
    """Bits of an id that are mixed."""
    return ((number * 31 + i) * _FACTOR >> 32) & 0xFFFFFFFF


def _scattered_uint64(i: int, number: int) -> int:
    mixed = (np.uint64(number) * np.uint64(31) + np.uint64(i)) * np.uint64(_FACTOR)
    return np.int64(mixed >> np.uint64(32))  # type: ignore[return-value]


@hot
def _find(k: Known, i: int, number: int) -> int:
    """The row of an order; below 0 without one."""
    mask = len(k.slots) - 1
    slot = _home(k, i, number)
    while k.slots.order[slot] != 0:
        order = k.slots.order[slot] - 1
        if k.orders.id[order] == number and k.orders.instrument[order] == i:
            return order
        slot = (slot + 1) & mask
    return -1


def _new(k: Known, i: int, number: int) -> int:
    """A row for an order whose id is not known."""
    if 2 * (k.tally.orders[0] + 1) > len(k.slots):
        _grow(k)
    if k.tally.free[0] > 0:
        order = k.tally.free[0] - 1
        k.tally.free[0] = k.orders.id[order]
    else:
        order = k.orders.append()
    k.orders.id[order], k.orders.instrument[order] = number, i
    k.tally.orders[0] += 1
    _put(k, order)
    return order


def _put(k: Known, order: int) -> None:
    mask = len(k.slots) - 1
    slot = _home(k, k.orders.instrument[order], k.orders.id[order])
    while k.slots.order[slot] != 0:
        slot = (slot + 1) & mask
    k.slots.order[slot] = order + 1


@hot
def _forget(k: Known, order: int) -> None:
    """Free the row of an order; what stands in slots behind it because it was there moves up."""
    mask = len(k.slots) - 1
    hole = _home(k, k.orders.instrument[order], k.orders.id[order])
    while k.slots.order[hole] != order + 1:
        hole = (hole + 1) & mask
    slot = (hole + 1) & mask
    while k.slots.order[slot] != 0:
        other = k.slots.order[slot] - 1
        home = _home(k, k.orders.instrument[other], k.orders.id[other])
        if (slot - home) & mask >= (slot - hole) & mask:
            k.slots.order[hole] = other + 1
            hole = slot
        slot = (slot + 1) & mask
    k.slots.order[hole] = 0
    _free(k, order)


def _free(k: Known, order: int) -> None:
    k.orders.id[order], k.orders.instrument[order] = k.tally.free[0], -1
    k.tally.free[0] = order + 1
    k.tally.orders[0] -= 1


@unit
def _grow(k: Known) -> None:
    """Forget orders that neither stand in a book nor did before its last snapshot, and make room for twice the rest."""
    for slot in range(len(k.slots)):
        k.slots.order[slot] = 0
    for order in range(len(k.orders)):
        i = k.orders.instrument[order]
        if i >= 0 and k.orders.snapshot[order] < k.states.snapshots[i] - 1:
            _free(k, order)
    if 4 * (k.tally.orders[0] + 1) > len(k.slots):
        for _ in range(len(k.slots)):
            slot = k.slots.append()
            k.slots.order[slot] = 0
    for order in range(len(k.orders)):
        if k.orders.instrument[order] >= 0:
            _put(k, order)
