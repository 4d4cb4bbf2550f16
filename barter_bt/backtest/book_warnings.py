"""What a careful reader would ask about the books of a run (rules 87 and 91)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from barter_bt.engine.order import GTC, LIMIT
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.state import BOOK, FIFO, QUOTES, TRADES, VenueState


def book_warnings(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """Gaps, messages that changed nothing, and queues that no trade goes through."""
    states = s.books.states
    for i in np.flatnonzero(states.array("messages")).tolist():
        gaps, unused, name = states.gaps[i], states.unused[i], index.names[i]
        if gaps:
            yield f"{gaps:,} message(s) of the book of {name!r} came after one that is missing, and made it stale"
        if unused:
            yield (
                f"{unused:,} of {states.messages[i]:,} messages of the book of {name!r} changed nothing: they were "
                "old, or came while the book was stale, as it is before its first snapshot"
            )
    f = v.fill_terms
    queued = (f.array("maker_fills_on") == BOOK) & (f.array("last_on") != TRADES) & (f.array("queue") != FIFO)
    o = s.orders
    rested = np.unique(o.array("instrument")[(o.array("kind") == LIMIT) & (o.array("time_in_force") == GTC)])
    for i in rested[queued[rested]].tolist():
        yield (
            f"orders rested in the book of {index.names[i]!r}, which has no stream of trades: they fill only where "
            "the other side of the book comes to them"
        )
    apart = (f.array("maker_fills_on") == BOOK) & (f.array("taker_fills_on") == QUOTES) & (f.array("on_book") == 0)
    for i in rested[apart[rested]].tolist():
        yield (
            f"orders of {index.names[i]!r} take on its quote and rest in its book, which each count for themselves "
            "what is left of the best prices: the same lots may fill two orders"
        )
