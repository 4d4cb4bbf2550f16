"""What the rows of a book stream do to a book (rule 87)."""

from __future__ import annotations

from barter_bt.book.change import ASK, BID, ENDS, GAP, OLD, SNAPSHOT
from barter_bt.book.read import find
from barter_bt.book.tables import ASKS, BIDS, ROOM, Books
from barter_bt.columns.marks import hot, unit


@hot
def apply_row(b: Books, i: int, flags: int, ticks: int, lots: int, time: int) -> bool:
    """One row of a message; True if the message ends with it, and the book knows more than before.

    Parameters
    ----------
    b
        The books.
    i
        Which of them.
    flags
        What the row does: bits of :mod:`barter_bt.book.change`.
    ticks, lots
        Price and amount of the level; without a side they are not looked at.
    time
        Venue time in ns.
    """
    if flags & (SNAPSHOT | GAP):
        _begin(b, i, flags)
    known = not flags & OLD and not b.states.stale[i]
    if known and flags & (BID | ASK):
        if flags & BID:
            _set_level(b, 2 * i + BIDS, ticks, lots)
        else:
            _set_level(b, 2 * i + ASKS, -ticks, lots)
    if not flags & ENDS:
        return False
    b.states.messages[i] += 1
    b.states.unused[i] += int(not known)
    b.states.depth_time[i] = time
    return known


@unit
def _begin(b: Books, i: int, flags: int) -> None:
    """A snapshot, or a message behind a gap, starts: what the book was is over."""
    b.states.gaps[i] += int(flags & GAP != 0)
    b.states.stale[i] = int(flags & SNAPSHOT == 0)
    b.sides.count[2 * i + BIDS] = b.sides.count[2 * i + ASKS] = 0


@hot
def _set_level(b: Books, side: int, rank: int, lots: int) -> None:
    """Let ``lots`` stand at one price of a side; 0 takes the level away."""
    first, count = b.sides.first[side], b.sides.count[side]
    place = find(b, side, rank)
    if place < first + count and b.levels.rank[place] == rank:
        if lots > 0:
            b.levels.lots[place] = lots
        else:
            _remove(b, side, place)
    elif lots > 0:
        if count == b.sides.room[side]:
            place += _move(b, side)
        _insert(b, side, place, rank, lots)


def _insert(b: Books, side: int, place: int, rank: int, lots: int) -> None:
    end = b.sides.first[side] + b.sides.count[side]
    for row in range(end, place, -1):
        b.levels.rank[row] = b.levels.rank[row - 1]
        b.levels.lots[row] = b.levels.lots[row - 1]
    b.levels.rank[place], b.levels.lots[place] = rank, lots
    b.sides.count[side] += 1


def _remove(b: Books, side: int, place: int) -> None:
    b.sides.count[side] -= 1
    for row in range(place, b.sides.first[side] + b.sides.count[side]):
        b.levels.rank[row] = b.levels.rank[row + 1]
        b.levels.lots[row] = b.levels.lots[row + 1]


@unit
def _move(b: Books, side: int) -> int:
    """Move a full side to the end of the table, into twice the room; returns by how many rows."""
    first, count = b.sides.first[side], b.sides.count[side]
    room, start = max(2 * b.sides.room[side], ROOM), len(b.levels)
    for _ in range(room):
        b.levels.append()
    for k in range(count):
        b.levels.rank[start + k] = b.levels.rank[first + k]
        b.levels.lots[start + k] = b.levels.lots[first + k]
    b.sides.first[side], b.sides.room[side] = start, room
    return start - first
