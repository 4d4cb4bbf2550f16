"""What goes wrong with messages on purpose (rules 95 to 97): a function of seed, what, number and time alone."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.latency import draw
from barter_bt.engine.messages import Links

LOST, REJECTED, LATE, SPIKE, OUTAGE, REPEATED = 64, 67, 96, 128, 129, 130
"""Kinds of draws: of lost requests, and of late messages, the kind of the message is added."""


def happens(k: Links, exchange: int, what: int, number: int, time: int, chance: int) -> bool:
    """Whether something happens to one message, whose chance is so many of 2^32."""
    return chance > 0 and bool(draw(k.fault_seed[exchange], what, number ^ time) < chance)


@unit
def added_ns(k: Links, exchange: int, kind: int, number: int, time: int) -> int:
    """By how much longer a message takes that is sent at a time (rule 97)."""
    added = 0
    if happens(k, exchange, LATE + kind, number, time, k.late[exchange]):
        added += k.late_ns[exchange]
    if _is_within(k, exchange, SPIKE, time // k.spike_span_ns[exchange], k.spike[exchange]):
        added += k.spike_ns[exchange]
    span = k.outage_span_ns[exchange]
    until = time // span
    while _is_within(k, exchange, OUTAGE, until, k.outage[exchange]):
        until += 1
    return added + max(until * span - time, 0)


def _is_within(k: Links, exchange: int, what: int, span: int, chance: int) -> bool:
    """Whether a span of time, by its number since 1970, is one in which something happens."""
    return chance > 0 and bool(draw(k.fault_seed[exchange], what, span) < chance)
