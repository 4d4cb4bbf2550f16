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
    if n >= b.sides.count[side]:
        return 0
    return rank_of(side, b.levels.rank[b.sides.first[side] + b.sides.count[side] - 1 - n])


@hot
def level_lots(b: Books, side: int, n: int) -> int:
    """Lots of the level ``n`` of a side; 0 if there are not so many."""
    if n >= b.sides.count[side]:
        return 0
    return b.levels.lots[b.sides.first[side] + b.sides.count[side] - 1 - n]


@hot
def find(b: Books, side: int, rank: int) -> int:
    """The row of the first level of a side whose rank is at least ``rank``: most are near the best, the last."""
    first, ranks = b.sides.first[side], b.levels.rank
    row = first + b.sides.count[side]
    near = max(first, row - _NEAR)
    while row > near and ranks[row - 1] >= rank:
        row -= 1
    return row if row > near else _find_far(ranks, first, row, rank)


@hot
def _find_far(ranks: Column[int], first: int, end: int, rank: int) -> int:
    """The same among the rows from ``first`` to before ``end``, by bisection."""
    row, left = first, end - first
    while left > 0:
        half = (left + 1) // 2
        row += half * int(ranks[row + half - 1] < rank)
        left -= half
    return row


@hot
def rank_of(side: int, ticks: int) -> int:
    """What levels of a side are sorted by: the better the price, the higher."""
    return ticks if side % 2 == BIDS else -ticks


def lots_at(b: Books, side: int, ticks: int) -> int:
    """Lots that stand at a price; 0 if none do."""
    rank = rank_of(side, ticks)
    row = find(b, side, rank)
    is_there = row < b.sides.first[side] + b.sides.count[side] and b.levels.rank[row] == rank
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
    first, end = b.sides.first[side], b.sides.first[side] + b.sides.count[side]
    total = 0
    for row in range(max(end - levels, first), end):
        total += b.levels.lots[row]
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
