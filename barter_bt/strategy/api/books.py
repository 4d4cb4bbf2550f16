"""What a compiled strategy reads of order books (rule 88): levels count from the best, 0."""

from __future__ import annotations

from barter_bt.book.read import average_ticks, book_state, depth_lots, imbalance_of, level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import whole_lots
from barter_bt.strategy.api.amounts import NOT_KNOWN, natural
from barter_bt.strategy.asking import is_unknown

BID, ASK = 1, -1
BOOK_STALE, BOOK_EMPTY, BOOK_ONE_SIDED, BOOK_NORMAL, BOOK_LOCKED, BOOK_CROSSED = range(6)


def book_status(s: EngineState, i: int) -> int:
    """What a book is: ``BOOK_STALE``, ``_EMPTY``, ``_ONE_SIDED``, ``_NORMAL``, ``_LOCKED`` or ``_CROSSED``."""
    return BOOK_STALE if is_unknown(s.whole, i) else book_state(s.whole.books, i)


def book_levels(s: EngineState, i: int, side: int) -> int:
    """How many levels a side has: ``BID`` or ``ASK``."""
    return 0 if is_unknown(s.whole, i) else s.whole.books.sides.count[_row(i, side)]


def book_price(s: EngineState, i: int, side: int, level: int = 0) -> float:
    """Price of a level; NaN if there are not so many."""
    if is_unknown(s.whole, i) or not 0 <= level < s.whole.books.sides.count[_row(i, side)]:
        return NOT_KNOWN
    return natural(level_ticks(s.whole.books, _row(i, side), level), s.whole.terms.ticks_per_unit[i])


def book_amount(s: EngineState, i: int, side: int, level: int = 0) -> float:
    """Amount at a level; 0.0 if there are not so many."""
    if is_unknown(s.whole, i) or not 0 <= level < s.whole.books.sides.count[_row(i, side)]:
        return 0.0
    return natural(level_lots(s.whole.books, _row(i, side), level), s.whole.terms.lots_per_unit[i])


def book_depth(s: EngineState, i: int, side: int, levels: int) -> float:
    """Amount of the best levels of a side together."""
    if is_unknown(s.whole, i):
        return 0.0
    return natural(depth_lots(s.whole.books, _row(i, side), levels), s.whole.terms.lots_per_unit[i])


def book_imbalance(s: EngineState, i: int, levels: int = 1) -> float:
    """(B - A) / (B + A) of the depth of bids and asks; NaN with an empty side."""
    return NOT_KNOWN if is_unknown(s.whole, i) else imbalance_of(s.whole.books, i, levels)


def book_average(s: EngineState, i: int, side: int, quantity: float) -> float:
    """The average price of so much of a side, from the best on; NaN if it has not so much, or for less than a lot."""
    if is_unknown(s.whole, i) or not quantity > 0.0:
        return NOT_KNOWN
    t = s.whole.terms
    lots = whole_lots(quantity, t.lots_per_unit[i], t.lot_noise[i])
    return average_ticks(s.whole.books, _row(i, side), lots) / t.ticks_per_unit[i]


def _row(i: int, side: int) -> int:
    """The side's row in the table of sides."""
    return 2 * i + (BIDS if side >= 0 else ASKS)
