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
        is_ask = int(flags & BID == 0)
        _set_level(b, 2 * i + BIDS + is_ask, ticks - 2 * is_ask * ticks, lots)
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
    count, place = b.sides.count[side], find(b, side, rank)
    end = b.sides.first[side] + count
    if place < end and b.levels.rank[place] == rank:
        if lots > 0:
            b.levels.lots[place] = lots
        else:
            _remove(b, place, end)
            b.sides.count[side] = count - 1
    elif lots > 0:
        if count == b.sides.room[side]:
            moved = _move(b, side)
            place, end = place + moved, end + moved
        _insert(b, place, end, rank, lots)
        b.sides.count[side] = count + 1


@hot
def _insert(b: Books, place: int, end: int, rank: int, lots: int) -> None:
    ranks, amounts = b.levels.rank, b.levels.lots
    for row in range(end, place, -1):
        ranks[row], amounts[row] = ranks[row - 1], amounts[row - 1]
    ranks[place], amounts[place] = rank, lots


@hot
def _remove(b: Books, place: int, end: int) -> None:
    ranks, amounts = b.levels.rank, b.levels.lots
    for row in range(place, end - 1):
        ranks[row], amounts[row] = ranks[row + 1], amounts[row + 1]


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
