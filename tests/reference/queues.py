"""The queue that an order rests in: rules 91 and 92."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

from barter_bt.testing.scenario import ExchangeSpec

from .by_order import Standing


@dataclass
class Queue:
    """What is ahead of an order, what its price displayed, and what was traded there since.

    ``ahead`` is below 0 as long as the book has not been seen.
    """

    ahead: float = -1
    displayed: int = 0
    traded: int = 0
    before: list[Standing] = field(default_factory=list)  # rule 94

    def see(self, lots: int) -> None:
        """What stands there when the order comes to rest, or first afterwards."""
        self.ahead, self.displayed, self.traded = float(lots), lots, 0

    def pass_trade(self, lots: int, mine: int, rest: int) -> int:
        """A trade of so many lots, of which own orders before this one got some; returns what it gets."""
        comes = lots - mine
        got = min(max(int(comes - self.ahead), 0), rest)
        self.ahead = max(self.ahead - comes, 0.0)
        self.traded += lots
        return got

    def move(self, lots: int, spec: ExchangeSpec, *, at_trade: bool) -> None:
        """Behind a message, which may be of the time of the last price, the price displays so many lots."""
        if self.ahead < 0:
            self.see(lots)
        if lots == self.displayed:
            return
        unexplained = self.displayed - lots - self.traded
        if unexplained > 0:
            self.ahead -= min(self.share_ahead(unexplained, spec), self.ahead)
        self.traded = max(self.traded - max(self.displayed - lots, 0), 0) if at_trade else 0
        self.ahead, self.displayed = min(self.ahead, float(lots)), lots

    def share_ahead(self, lots: int, spec: ExchangeSpec) -> float:
        """Rule 92: how many of these were ahead."""
        if spec.queue == "conservative":
            return 0.0
        behind = max(self.displayed - self.traded - self.ahead, 0.0)
        front, back = (weight(place, spec) for place in (self.ahead, behind))
        if spec.queue == "relative_power":
            back = weight(self.ahead + behind, spec) - front
        if front + back == 0:
            return 0.0
        return lots - min(lots * back / (front + back), behind)


def weight(lots: float, spec: ExchangeSpec) -> float:
    """The f of rule 92."""
    if spec.queue == "logarithmic":
        return log(1 + lots)
    found = 1.0
    for _ in range(spec.queue_power or 0):
        found *= lots
    return found
