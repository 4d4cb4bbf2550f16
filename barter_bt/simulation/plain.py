"""Trades and quotes of one stream while no order is live: the state takes them, and the strategy is woken by each.

What :mod:`barter_bt.simulation.replay` asks between two rows is answered here once for many of them; a row that needs
more is left to it.
"""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.marks import hot
from barter_bt.engine.event import MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.feed import QUOTE_ROWS, TRADE_ROWS, Cursors, advance
from barter_bt.engine.state.market import update_from_plain_quote, update_from_plain_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import SLEEP, is_awake, wake_here
from barter_bt.simulation.row import is_observed
from barter_bt.venue.state import VenueState


def is_plain(s: EngineState, v: VenueState, kind: int) -> bool:
    """Whether a row of this kind changes the state and wakes the strategy, and nothing else comes of it."""
    e = s.engine
    quiet = v.clock.live[0] == 0 and e.unhealthy[0] == 0 and e.repeats[0] == 0
    return bool(kind in (TRADE_ROWS, QUOTE_ROWS) and quiet and not is_observed(s))


@hot
def replay_plain(s: EngineState, f: Cursors, my: Block, c: int, limit: int) -> int:
    """Process rows of a cursor up to the time ``limit``, or until the strategy asks for something or is to be woken.

    Returns 1 if it is to be woken from Python. What it has asked for is in ``s.actions``, and has yet to be sent.
    """
    e, time, shift, stamp, instrument = s.engine, f.time[c], f.shift[c], f.time_exchange[c], f.instrument[c]
    first, second, third, fourth = f.first[c], f.second[c], f.third[c], f.fourth[c]
    trades, n = f.kind[c] == TRADE_ROWS, len(s.instruments)
    bit = MARKET_TRADE if trades else MARKET_QUOTE
    start, status = f.row[c], SLEEP
    row, end, latest = start, min(f.rows[c], start + e.budget[0]), e.market_time[0]
    asked, sequence = is_awake(s) and e.wake[0] & bit != 0, e.sequence[0]
    s.event.kind[0], s.event.order[0] = bit, -1
    while row < end:
        now, i = time[row] + shift, instrument[row]
        if not (latest <= now <= limit and 0 <= i < n):
            break
        if trades:
            valid = update_from_plain_trade(s, i, stamp[row], first[row], second[row])
        else:
            valid = update_from_plain_quote(s, i, stamp[row], first[row], second[row], third[row], fourth[row])
        if not valid:
            break
        latest = now
        row += 1
        if asked:
            e.time[0] = now
            e.sequence[0] = sequence + row - start
            s.event.instrument[0] = i
            status = wake_here(s, my)
            if status != SLEEP or len(s.actions) > 0:
                break
    if row > start:
        e.time[0] = e.market_time[0] = latest
        e.sequence[0] = sequence + row - start
        e.budget[0] -= row - start
        advance(f, c, row)
    return int(status != SLEEP)
