"""How long messages take: rule 52, in ns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from math import exp
from statistics import NormalDist

from barter_bt.testing.scenario.spec import DelaySpec, FaultSpec

from . import mishaps
from .order import Report

WORD = 2**64
# Rule 52: kinds, those of responses without the 16.
OPEN, CANCEL, AMEND, MARGIN, CASH_FLOW, SPLIT, CLOSED, DELIVERED, TRANSFER = 0, 1, 2, 3, 13, 14, 9, 10, 16
FEED = 15
RESPONSES = {"acknowledgement": 0, "fill": 1, "end": 2, "cancel_error": 3, "triggered": 7, "changed": 8} | {
    "amended": 11,
    "amend_error": 12,
}


def mixed(z: int) -> int:
    """A step of SplitMix64."""
    z = (z + 0x9E3779B97F4A7C15) % WORD
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ z >> 27) * 0x94D049BB133111EB % WORD
    return z ^ z >> 31


def drawn(seed: int, kind: int, number: int) -> int:
    """The u of a message, 0 to 2^32 - 1."""
    return mixed((mixed((mixed(seed % WORD) + kind) % WORD) + number) % WORD) >> 32


def delay(spec: DelaySpec | None, constant: int, seed: int, time: int, kind: int, number: int) -> int:
    """Of one message that is sent at this time."""
    if spec is None:
        return constant
    form, delays, times = spec
    if form == "by_time":
        known = [after for start, after in zip(times, delays, strict=True) if start <= time]
        return known[-1] if known else delays[0]
    u = drawn(seed, kind, number)
    if form == "measured":
        return delays[u * len(delays) >> 32]
    if form == "lognormal":
        delays = lognormal(*delays)
    else:
        assert form == "uniform", f"no form of delays: {form}"
    k, r = divmod(u * (len(delays) - 1), 2**32)
    return delays[k] + ((delays[k + 1] - delays[k]) * r >> 32)


@cache
def lognormal(median: int, thousandths: int) -> tuple[int, ...]:
    """The table of 4,096 delays between which is drawn."""
    quantiles = (NormalDist().inv_cdf((k + 0.5) / 4096) for k in range(4096))
    return tuple(round(median * exp(thousandths / 1000 * z)) for z in quantiles)


@dataclass
class Link:
    """Messages of one exchange in one direction, which never overtake each other."""

    delays: DelaySpec | None
    constant: int
    seed: int
    offset: int = 0  # of the kinds
    faults: FaultSpec | None = None
    last: int = field(default=-(2**63), init=False)

    def arrival(self, time: int, kind: int, number: int) -> int:
        """When what is sent now arrives."""
        took = delay(self.delays, self.constant, self.seed, time, self.offset + kind, number)
        took += mishaps.added(self.faults, self.offset + kind, number, time)
        self.last = max(self.last, time + took)
        return self.last

    def arrival_of(self, report: Report) -> int:
        """Of what an exchange tells of an order, or of a position that it has closed."""
        if report.instrument is not None:
            return self.arrival(report.time, DELIVERED if report.delivers else CLOSED, report.time)
        kind = "amended" if report.kind == "end" and report.amend >= 0 else report.kind
        return self.arrival(report.time, RESPONSES[kind], report.order)
