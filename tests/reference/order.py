"""An order at its venue, what the venue says of it, and what is settled together (rules 11 and 17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .model import Fill, Instrument


@dataclass(eq=False)
class Order:
    """An order as the venue knows it; ``price`` 0 is a market order. ``resting``: it makes, else it (still) takes."""

    number: int
    instrument: Instrument
    side: int
    quantity: int
    price: int
    tif: str
    post_only: bool
    cuts: bool = False  # rule 17: a target's, not strict
    arrival: int = 0
    filled: int = 0
    matched: int = 0  # rule 17: met at this time, not yet settled
    reserved: int = 0
    resting: bool = False
    opens_seen: int = 0

    @property
    def rest(self) -> int:
        return self.quantity - self.filled - self.matched

    @property
    def pays(self) -> int:
        """The asset that it reserves."""
        return self.instrument.quote if self.side > 0 else self.instrument.base

    def allows(self, ticks: int) -> bool:
        """Whether the price is the order's or better."""
        return self.price == 0 or self.side * ticks <= self.side * self.price


class Report(NamedTuple):
    """Rule 11: what the venue tells the engine at once: some account events, applied together."""

    order: int
    time: int  # at the venue
    kind: str  # "acknowledgement", "fill", "end", "cancel_error"
    balances: tuple[tuple[int, int, int], ...] = ()  # asset, total, free
    fill: Fill | None = None
    status: str = ""  # of an order that ended
    reason: str = ""
    quantity: int = 0  # of the order, which a target's cut changes

    @property
    def events(self) -> int:
        """Rule 11: a fill is a trade, an order snapshot and its balances, anything else one event and a balance."""
        return (2 if self.kind == "fill" else 1) + len(self.balances)


RELEASES, USES, ENDS = 0, 1, 2


@dataclass(eq=False)
class Match:
    """Rule 17: what happens to an order when its time is settled.

    ``settle`` does it and says so; unless told to ``force``, it does nothing that cannot be paid whole. ``uses`` and
    ``releases`` are the assets that it is paid with and that it leaves more of.
    """

    order: Order
    rank: int
    settle: Callable[[bool], bool]
    uses: int | None = None
    releases: int | None = None
    done: bool = False


def settle(matches: list[Match]) -> None:
    """Rule 17: what releases first, then what uses, each by number; who cannot pay waits for others that release."""
    matches.sort(key=lambda match: (match.rank, match.order.number))
    while any(match.rank != ENDS for match in matches):
        for match in matches:  # grows: what is admitted may take at once
            if match.rank != ENDS:
                others = [other.releases for other in matches if not (other is match or other.done)]
                match.done = match.settle(match.uses is None or match.uses not in others)
        if not any(match.done for match in matches):
            first = next(match for match in matches if match.rank != ENDS)
            first.done = first.settle(True)
        matches[:] = [match for match in matches if not match.done]
    for match in matches:
        match.settle(True)
    matches.clear()
