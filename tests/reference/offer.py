"""What own orders together get of what an event shows: rule 38, in lots."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.testing.scenario import ExchangeSpec

from .model import BILLION, exact


@dataclass(eq=False)
class Offer:
    """What is left of it; None where it is without limit."""

    left: int | None = None
    given: int = 0

    def most(self, lots: int) -> int:
        return lots if self.left is None else min(lots, self.left)

    def give(self, lots: int) -> None:
        assert 0 < lots <= self.most(lots), "no more than there is"
        self.given += lots
        if self.left is not None:
            self.left -= lots


def offered(spec: ExchangeSpec, lots: int) -> Offer:
    """Of an event that shows so many lots."""
    if spec.participation is None:
        return Offer()
    share = exact(spec.participation) * BILLION
    assert 0 < share <= BILLION, "above 0 to 1"
    return Offer(lots * round(share) // BILLION)
