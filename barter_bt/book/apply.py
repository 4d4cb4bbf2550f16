"""What the rows of a book stream do to a book (rule 87)."""

from __future__ import annotations

from barter_bt.book.change import ASK, BID, ENDS, GAP, OLD, SNAPSHOT
from barter_bt.book.read import find, find_page
from barter_bt.book.tables import ASKS, BIDS, PAGE, ROOM, Books
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
        set_level(b, 2 * i + BIDS + is_ask, ticks - 2 * is_ask * ticks, lots, 0)
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
    _clear(b, i)


def _clear(b: Books, i: int) -> None:
    for side in (2 * i + BIDS, 2 * i + ASKS):
        for page in range(b.sides.first[side], b.sides.first[side] + b.sides.pages[side]):
            _give_back(b, b.pages.row[page])
        b.sides.pages[side] = b.sides.count[side] = 0


@hot
def set_level(b: Books, side: int, rank: int, lots: int, beside: int) -> int:
    """Let ``lots`` stand at one price of a side, 0 for none, or with ``beside`` so many more; returns what does."""
    if b.sides.count[side] == 0:
        if lots > 0:
            _begin_side(b, side, rank, lots)
        return lots
    page = find_page(b, side, rank)
    row, end = find(b, side, page, rank), b.pages.row[page] + b.pages.count[page]
    if row < end and b.levels.rank[row] == rank:
        total = lots + beside * b.levels.lots[row]
        if total > 0:
            b.levels.lots[row] = total
        else:
            _remove(b, side, page, row, end)
        return total
    if lots > 0:
        if b.pages.count[page] == PAGE:
            _split(b, side, page)
            page = find_page(b, side, rank)
            row, end = find(b, side, page, rank), b.pages.row[page] + b.pages.count[page]
        _insert(b, side, page, row, end, rank, lots)
    return lots


@hot
def _insert(b: Books, side: int, page: int, place: int, end: int, rank: int, lots: int) -> None:
    ranks, amounts = b.levels.rank, b.levels.lots
    for row in range(end, place, -1):
        ranks[row], amounts[row] = ranks[row - 1], amounts[row - 1]
    ranks[place], amounts[place] = rank, lots
    b.pages.count[page] += 1
    b.sides.count[side] += 1


@hot
def _remove(b: Books, side: int, page: int, place: int, end: int) -> None:
    ranks, amounts = b.levels.rank, b.levels.lots
    for row in range(place, end - 1):
        ranks[row], amounts[row] = ranks[row + 1], amounts[row + 1]
    b.pages.count[page] -= 1
    b.sides.count[side] -= 1
    if b.pages.count[page] == 0:
        _drop(b, side, page)


@unit
def _begin_side(b: Books, side: int, rank: int, lots: int) -> None:
    """The first level of a side that has none."""
    if b.sides.room[side] == 0:
        _move(b, side)
    page, row = b.sides.first[side], _take(b)
    b.pages.row[page], b.pages.count[page], b.pages.low[page] = row, 1, rank
    b.levels.rank[row], b.levels.lots[row] = rank, lots
    b.sides.pages[side] = b.sides.count[side] = 1


@unit
def _split(b: Books, side: int, page: int) -> None:
    """Let the better half of a full page stand in a new one behind it."""
    before, half, row = page - b.sides.first[side], PAGE // 2, _take(b)
    if b.sides.pages[side] == b.sides.room[side]:
        _move(b, side)
    p, this, end = b.pages, b.sides.first[side] + before, b.sides.first[side] + b.sides.pages[side]
    for k in range(end, this + 1, -1):
        p.row[k], p.count[k], p.low[k] = p.row[k - 1], p.count[k - 1], p.low[k - 1]
    for k in range(half):
        of = p.row[this] + half + k
        b.levels.rank[row + k], b.levels.lots[row + k] = b.levels.rank[of], b.levels.lots[of]
    p.row[this + 1], p.count[this + 1], p.low[this + 1] = row, half, b.levels.rank[row]
    p.count[this] = half
    b.sides.pages[side] += 1


@unit
def _drop(b: Books, side: int, page: int) -> None:
    """Take an empty page out of its side."""
    p, end = b.pages, b.sides.first[side] + b.sides.pages[side]
    _give_back(b, p.row[page])
    for k in range(page, end - 1):
        p.row[k], p.count[k], p.low[k] = p.row[k + 1], p.count[k + 1], p.low[k + 1]
    b.sides.pages[side] -= 1


@unit
def _move(b: Books, side: int) -> None:
    """Move the list of a side's pages to the end of the table, into twice the room."""
    p, first, room, start = b.pages, b.sides.first[side], max(2 * b.sides.room[side], ROOM), len(b.pages)
    for _ in range(room):
        b.pages.append()
    for k in range(b.sides.pages[side]):
        p.row[start + k], p.count[start + k], p.low[start + k] = p.row[first + k], p.count[first + k], p.low[first + k]
    b.sides.first[side], b.sides.room[side] = start, room


def _take(b: Books) -> int:
    """The first row of a page that nobody uses."""
    row = b.spare.row[0] - 1
    if row >= 0:
        b.spare.row[0] = b.levels.rank[row]
        return row
    row = len(b.levels)
    for _ in range(PAGE):
        b.levels.append()
    return row


def _give_back(b: Books, row: int) -> None:
    b.levels.rank[row], b.spare.row[0] = b.spare.row[0], row + 1


@unit
def copy_book(b: Books, of: Books, i: int) -> None:
    """Let a book be what another is, and know what that knows."""
    _clear(b, i)
    for side in (2 * i + BIDS, 2 * i + ASKS):
        while b.sides.room[side] < of.sides.pages[side]:
            _move(b, side)
        for k in range(of.sides.pages[side]):
            page, source = b.sides.first[side] + k, of.sides.first[side] + k
            row, begins = _take(b), of.pages.row[source]
            b.pages.row[page], b.pages.count[page], b.pages.low[page] = (
                row,
                of.pages.count[source],
                of.pages.low[source],
            )
            for at in range(of.pages.count[source]):
                b.levels.rank[row + at], b.levels.lots[row + at] = (
                    of.levels.rank[begins + at],
                    of.levels.lots[begins + at],
                )
        b.sides.pages[side], b.sides.count[side] = of.sides.pages[side], of.sides.count[side]
    to, known = b.states, of.states
    to.stale[i], to.messages[i], to.gaps[i], to.unused[i] = (
        known.stale[i],
        known.messages[i],
        known.gaps[i],
        known.unused[i],
    )
    to.depth_time[i] = known.depth_time[i]
