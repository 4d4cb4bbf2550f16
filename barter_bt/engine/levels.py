"""A message of a book stream as the kernels read it: floats become ticks and lots, and change a book (rule 87)."""

from __future__ import annotations

from barter_bt.book.apply import apply_row
from barter_bt.book.change import ASK, BID, ENDS
from barter_bt.book.tables import Books
from barter_bt.columns.marks import hot
from barter_bt.engine.feed import Cursors
from barter_bt.engine.terms import LARGEST, Terms, steps, whole_lots


@hot
def apply_message(b: Books, t: Terms, f: Cursors, c: int, row: int, i: int) -> int:
    """Apply the message that starts at a row; returns the row behind it, or ``~row`` of one that is malformed."""
    flags, price, amount, time = f.flags[c], f.first[c], f.second[c], f.time_exchange[c]
    per_unit, noise, per_lot, lot_noise = t.ticks_per_unit[i], t.tick_noise[i], t.lots_per_unit[i], t.lot_noise[i]
    at, bits = row, 0
    while not bits & ENDS:
        bits, ticks, lots = flags[at], 0, 0
        if bits & (BID | ASK):
            ticks, lots = steps(price[at], per_unit, noise), whole_lots(amount[at], per_lot, lot_noise)
            if ticks <= 0 or not 0.0 <= amount[at] <= LARGEST:
                return ~at
        apply_row(b, i, bits, ticks, lots, time[at])
        at += 1
    return at
