"""What a book says (rule 88): integers of ticks and lots; a level that is not there has 0 lots, at 0 ticks."""

from __future__ import annotations

from barter_bt.book.tables import ASKS, BIDS, Books
from barter_bt.columns.column import Column
from barter_bt.columns.marks import hot

_NEAR = 16  # levels from the best on that are looked at one by one
STALE, EMPTY, ONE_SIDED, NORMAL, LOCKED, CROSSED = range(6)
STATES = ("stale", "empty", "one_sided", "normal", "locked", "crossed")


@hot
def level_ticks(b: Books, side: int, n: int) -> int:
    """Price of the level ``n`` of a side, from 0, the best, on; 0 if there are not so many."""
    return rank_of(side, b.levels.rank[level_row(b, side, n)]) if n < b.sides.count[side] else 0


@hot
def level_lots(b: Books, side: int, n: int) -> int:
    """Lots of the level ``n`` of a side; 0 if there are not so many."""
    return b.levels.lots[level_row(b, side, n)] if n < b.sides.count[side] else 0


@hot
def level_row(b: Books, side: int, n: int) -> int:
    """The row of the level ``n`` of a side that has so many."""
    page, left = b.sides.first[side] + b.sides.pages[side] - 1, n
    while left >= b.pages.count[page]:
        left -= b.pages.count[page]
        page -= 1
    return b.pages.row[page] + b.pages.count[page] - 1 - left


@hot
def find_page(b: Books, side: int, rank: int) -> int:
    """The page of a side, which has some, in which a rank stands if it stands anywhere."""
    first, lows = b.sides.first[side], b.pages.low
    last = first + b.sides.pages[side] - 1
    return last if lows[last] <= rank else _bisect(lows, first + 1, last, rank + 1) - 1


@hot
def find(b: Books, side: int, page: int, rank: int) -> int:
    """The row of the first level of a page whose rank is at least ``rank``: most are near the best, the last."""
    first, ranks = b.pages.row[page], b.levels.rank
    row = first + b.pages.count[page]
    if page == b.sides.first[side] + b.sides.pages[side] - 1:
        near = row - 1 - (ranks[row - 1] - rank)  # where it stands if each tick between has a level
        if first <= near < row and ranks[near] == rank:
            return near
        near = max(first, row - _NEAR)
        while row > near and ranks[row - 1] >= rank:
            row -= 1
        if row > near:
            return row
    return _bisect(ranks, first, row, rank)


@hot
def _bisect(ranks: Column[int], first: int, end: int, rank: int) -> int:
    """The same among the rows from ``first`` to before ``end``, in halves."""
    row, left = first, end - first
    while left > 0:
        half = (left + 1) >> 1
        row += half if ranks[row + half - 1] < rank else 0
        left -= half
    return row


@hot
def rank_of(side: int, ticks: int) -> int:
    """What levels of a side are sorted by: the better the price, the higher."""
    return ticks if side % 2 == BIDS else -ticks


def lots_at(b: Books, side: int, ticks: int) -> int:
    """Lots that stand at a price; 0 if none do."""
    if b.sides.count[side] == 0:
        return 0
    rank = rank_of(side, ticks)
    page = find_page(b, side, rank)
    row = find(b, side, page, rank)
    is_there = row < b.pages.row[page] + b.pages.count[page] and b.levels.rank[row] == rank
    return b.levels.lots[row] if is_there else 0


def book_state(b: Books, i: int) -> int:
    """Which of ``STATES`` a book is in."""
    if b.states.stale[i]:
        return STALE
    bids, asks = b.sides.count[2 * i + BIDS], b.sides.count[2 * i + ASKS]
    if bids == 0 or asks == 0:
        return EMPTY if bids == asks else ONE_SIDED
    bid, ask = level_ticks(b, 2 * i + BIDS, 0), level_ticks(b, 2 * i + ASKS, 0)
    return NORMAL if bid < ask else LOCKED if bid == ask else CROSSED


def is_shown(b: Books, i: int) -> bool:
    """Whether the best prices of a book are a quote: a crossed book shows none (rule 89)."""
    return book_state(b, i) != CROSSED  # a stale one has no levels


def depth_lots(b: Books, side: int, levels: int) -> int:
    """Lots of the best ``levels`` levels of a side together."""
    total, left, page = 0, min(levels, b.sides.count[side]), b.sides.first[side] + b.sides.pages[side] - 1
    while left > 0:
        end = b.pages.row[page] + b.pages.count[page]
        for row in range(max(end - left, b.pages.row[page]), end):
            total += b.levels.lots[row]
        left -= b.pages.count[page]
        page -= 1
    return total


def imbalance_of(b: Books, i: int, levels: int) -> float:
    """(B - A) / (B + A) of the lots of the best ``levels`` levels of bids and asks; NaN with an empty side."""
    bids, asks = depth_lots(b, 2 * i + BIDS, levels), depth_lots(b, 2 * i + ASKS, levels)
    if bids == 0 or asks == 0:
        return float("nan")
    return float(bids - asks) / float(bids + asks)


def average_ticks(b: Books, side: int, lots: int) -> float:
    """The average price that ``lots`` would get from a side, best first; NaN if it has not so many, or for none."""
    left, total = lots, 0.0
    for n in range(b.sides.count[side]):
        if left <= 0:
            break
        part = min(left, level_lots(b, side, n))
        total += float(level_ticks(b, side, n)) * float(part)
        left -= part
    return total / float(lots) if lots > 0 and left <= 0 else float("nan")
