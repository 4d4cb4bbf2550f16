"""From a trade to the order that it led to: at our socket, on its way, at the exchange.

All clocks are the machine's one. A trade is *calm* if no fault was going on when it was said, nor shortly before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CALM_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An order that a trade led to.

    Parameters
    ----------
    trade
        Its number.
    arrived, sent
        When the trade came out of our socket, and when the order went into it, ns.
    """

    trade: int
    arrived: int
    sent: int


def percentiles_us(waits: Sequence[int]) -> dict[str, int]:
    """How many, the median and the 99th of a hundred, in µs.

    Examples
    --------
    >>> percentiles_us([3_000, 1_000, 2_000])
    {'n': 3, 'p50_us': 2, 'p99_us': 3}
    """
    if not waits:
        return {"n": 0}
    ranked = sorted(waits)
    return {
        "n": len(ranked),
        "p50_us": ranked[len(ranked) // 2] // 1000,
        "p99_us": ranked[len(ranked) * 99 // 100] // 1000,
    }


def figures(
    answers: Mapping[str, Answer], said: Mapping[str, int], received: Mapping[str, int],
    faults: Sequence[Sequence[int]],
) -> dict[str, dict[str, dict[str, int]]]:  # fmt: skip
    """Percentiles of all, and of those in calm.

    Parameters
    ----------
    answers
        By client id.
    said
        When the exchange said each trade, by number.
    received
        When the exchange got each order, by client id.
    faults
        When each began and ended.
    """
    found: dict[str, dict[str, dict[str, int]]] = {}
    ordered = sorted((begin, end) for begin, end in faults)
    begins = [begin for begin, _ in ordered]

    def is_calm(at: int) -> bool:
        behind = bisect_right(begins, at)
        return all(end + CALM_NS < at for _, end in ordered[max(0, behind - 10) : behind])

    for name, chosen in (("all", lambda at: True), ("calm", is_calm)):
        of = {cid: one for cid, one in answers.items() if cid in received and chosen(said[str(one.trade)])}
        found[name] = {
            "socket_to_sent": percentiles_us([one.sent - one.arrived for one in of.values()]),
            "socket_to_exchange": percentiles_us([received[cid] - one.arrived for cid, one in of.items()]),
            "exchange_to_exchange": percentiles_us([received[cid] - said[str(one.trade)] for cid, one in of.items()]),
        }
    return found
