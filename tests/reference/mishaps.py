"""Rules 95 to 97: what goes wrong with messages on purpose."""

from __future__ import annotations

from barter_bt.testing.scenario.spec import FaultSpec

from . import latency

LOST, REJECTED, LATE, SPIKE, OUTAGE, REPEATED = 64, 67, 96, 128, 129, 130


def befalls(faults: FaultSpec | None, request: int, order: int, now: int) -> str:
    """Rule 96: why a request that arrives has no effect; empty if it has."""
    if faults is None:
        return ""
    if of_message(faults, LOST + request, order, now) < faults.lose * 2**32:
        return "lost"
    if request == 0 and of_message(faults, REJECTED, order, now) < faults.reject * 2**32:
        return "fault"
    return ""


def times(faults: FaultSpec | None, kind: str, time: int) -> int:
    """Rule 95: how often a market event of a time arrives."""
    if faults is None or kind == "candle":
        return 1
    return 1 + (of_message(faults, REPEATED, 0, time) < faults.duplicate * 2**32)


def added(faults: FaultSpec | None, kind: int, number: int, time: int) -> int:
    """Rule 97: how much longer a message takes."""
    if faults is None:
        return 0
    late = of_message(faults, LATE + kind, number, time) < faults.late * 2**32
    spike = latency.drawn(faults.seed, SPIKE, time // faults.spike_span_ns) < faults.spike * 2**32
    reached, span = time, time // faults.outage_span_ns
    while latency.drawn(faults.seed, OUTAGE, span) < faults.disconnect * 2**32:
        span += 1
        reached = span * faults.outage_span_ns
    return late * faults.late_ns + spike * faults.spike_ns + reached - time


def of_message(faults: FaultSpec, what: int, number: int, time: int) -> int:
    """A draw of one message."""
    return latency.drawn(faults.seed, what, number ^ time)
