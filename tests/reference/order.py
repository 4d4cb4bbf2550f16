"""An order at its venue, what the venue says of it, and what is settled together (rules 11 and 17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf
from typing import NamedTuple

from barter_bt.testing.scenario import Row
from barter_bt.testing.scenario.spec import conditions_of

from .costs import NOTHING, Paid
from .model import BILLION, Fill, Instrument, Market, on_grid
from .offer import Offer
from .protection import Level
from .queues import Queue
from .sizing import Sized
from .trigger import Trigger


class Terms(NamedTuple):
    """What an order says, prices in ticks; ``price`` 0 is a market order, ``trigger_kind`` "" one that is not held."""

    price: int = 0
    tif: str = "gtc"
    post_only: bool = False
    trigger_kind: str = ""  # "stop", "if_touched"
    trigger: int = 0
    trail: int = 0
    trail_rate: int = 0  # 1e-9
    activation: int = 0  # rule 103
    activation_by: int = 0  # of what protects: in which unit that is still a distance
    reduce_only: bool = False
    parent: int = -1  # rule 31: the number of the entry that it protects
    follows: bool = False  # rule 58: it starts when that has filled
    group: int = -1  # rule 57: the number of its first
    good_till: int | None = None  # rule 35
    good_after: int | None = None
    candle_fill: str = ""  # rule 36: "" is as its exchange says
    trigger_by: str = ""  # rule 28: what its trigger, and those of what protects it, look at; "" as its exchange says

    @property
    def kind(self) -> str:
        takes_profit = self.parent >= 0 and not (
            self.follows or self.trigger_kind
        )  # perhaps at a price that is not known yet
        return "limit" if self.price or takes_profit else "market"


def terms_of(instrument: Instrument, row: Row) -> Terms:
    """Those of an "open" row of a schedule."""
    price, tif, post_only, conditions = row[4], row[5], row[6], conditions_of(row)
    distances = (conditions.trailing, conditions.trailing_rate, conditions.trailing_ticks)
    trails = any(one is not None for one in distances)
    kind = (
        "if_touched" if conditions.if_touched is not None else "stop" if conditions.stop is not None or trails else ""
    )
    assert not (kind and post_only), "rule 28"
    waits_at = conditions.stop if conditions.if_touched is None else conditions.if_touched
    limit, trigger = (0 if one is None else instrument.ticks_of(one) for one in (price, waits_at))
    trail = instrument.distance_of(conditions.trailing or 0)
    rate = on_grid(conditions.trailing_rate or 0, Fraction(1, BILLION), "trailing rate")
    trail += instrument.counted(conditions.trailing_ticks or 0)
    activation = 0 if conditions.activation is None else instrument.ticks_of(conditions.activation)
    assert trails or not activation, "rule 103: it is of what trails"
    terms = Terms(limit, tif, post_only, kind, trigger, trail, rate, activation, 0, conditions.reduce_only)
    times = {"good_till": conditions.good_till, "good_after": conditions.good_after}
    stops = conditions.stop_loss is not None or conditions.trailing_stop is not None
    assert kind or stops or not conditions.trigger_by, "rule 28: on another order it is an error"
    choices = {"candle_fill": conditions.candle_fill or "", "trigger_by": conditions.trigger_by or ""}
    return terms._replace(**times, **choices)


def protecting(level: Level, parent: int, trigger_by: str) -> Terms:
    """Rule 31: those of an order that protects the entry of this number, whose triggers look at this."""
    ticks, rate = level.trail
    if level.gains:
        return Terms(level.price, reduce_only=True, parent=parent, trigger_by=trigger_by)
    by = 3 if level.ahead.rate else 2 if level.ahead.ticks else 0
    said = Terms(0, "gtc", False, "stop", level.price, ticks, rate, level.activation or sum(level.ahead), by)
    return said._replace(reduce_only=True, parent=parent, trigger_by=trigger_by)


@dataclass(eq=False)
class Group:
    """Rule 57: orders of which the first that fills ends the others."""

    number: int  # that of its first
    members: list[Order] = field(default_factory=list)
    filled: bool = False  # one of them has, at least in part


@dataclass(eq=False)
class Order:
    """An order as the venue knows it. ``resting``: it makes, else it (still) takes.

    Rule 28: ``held`` until the market reaches its ``trigger``, it is then told of as soon as it is admitted, and may
    meet the price that was ``shown`` to it, by the range of the candle ``shown_in`` if there is one, and get what is
    left of ``offer``.

    Rule 31: ``waits`` for its ``parent`` to fill, to start at its ``level``; rule 58: without one.

    Rule 35: ``held_back`` until its time. ``acknowledged``: the engine is told of what it becomes as of a change.
    """

    number: int
    instrument: Instrument
    side: int
    quantity: int
    terms: Terms
    cuts: bool = False  # rule 17: a target's, not strict
    sent: int = 0
    arrival: int = 0  # what was held arrives again when it is triggered
    filled: int = 0
    first_price: int = 0
    last_fill: tuple[float, int] = (-inf, 0)  # its time and price
    paid: Paid = NOTHING
    matched: int = 0  # rule 17: met at this time, not yet settled
    to_settle: int = 0  # rule 14: so many matches
    reserved: int = 0
    resting: bool = False
    opens_seen: int = 0
    held: bool = False
    untold: bool = False
    shown: int = 0
    shown_in: Market | None = None
    offer: Offer = field(default_factory=Offer)
    closed: bool = False
    parent: Order | None = None
    level: Level | None = None
    children: list[Order] = field(default_factory=list)
    followers: list[Order] = field(default_factory=list)
    group: Group | None = None
    sized: Sized | None = None  # rule 61
    waits: bool = False
    held_back: bool = False
    acknowledged: bool = False
    hopes: bool = False  # rule 105
    amends_waiting: int = 0  # rule 33
    queue: Queue = field(default_factory=Queue)  # rule 91

    def __post_init__(self) -> None:
        _, _, _, kind, trigger, trail, rate, activation, _, self.reduce_only, *_ = self.terms
        self.trigger = Trigger(self.side, kind, trigger, trail, rate, self.instrument.zero, activation)
        self.price, self.tif = self.terms.price, self.terms.tif

    @property
    def rest(self) -> int:
        """What may still be matched."""
        return 0 if self.waits or self.held_back else self.quantity - self.filled - self.matched

    @property
    def protects(self) -> bool:
        """Rule 31."""
        return self.level is not None

    @property
    def has_filled_whole(self) -> bool:
        """Rule 58: what follows it may start."""
        return self.closed and 0 < self.filled == self.quantity

    @property
    def sibling_filled(self) -> bool:
        """Rule 57: another of its group has filled."""
        return self.group is not None and self.group.filled

    @property
    def stands_at(self) -> int:
        """Rules 57 and 105: the number at which it is settled: that of its group, or of the first of its bracket."""
        if self.group is not None:
            return self.group.number
        if self.hopes and self.protects and self.parent is not None:
            return min(child.number for child in self.parent.children)
        return self.number

    @property
    def may_rest(self) -> bool:
        return self.price > 0 and self.tif == "gtc"

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
    kind: str  # "acknowledgement", "triggered", "changed", "fill", "end", "cancel_error", "amended", "amend_error"
    balances: tuple[tuple[int, int, int], ...] = ()  # asset, total, free
    fill: Fill | None = None
    status: str = ""  # of an order that ended
    reason: str = ""
    quantity: int = 0  # of the order, which a target's cut and a protected entry's fill change
    price: int = 0  # of a limit, or the trigger of a stop, as it stands
    instrument: int | None = None  # rule 43: of a position that the venue has closed, without an order's number
    amend: int = -1  # rule 33: the row of the amend that it answers
    terms: tuple[int, ...] | None = None  # limit price, trigger and distance that are in force from now on
    activation: int = 0  # rule 103: of what has started, what activates it; of an amend, what that gave
    delivers: bool = False  # rule 61: it is no such position, but what is delivered
    lost: bool = False  # rule 96: it answers a request that has never arrived

    @property
    def events(self) -> int:
        """Rule 11: a fill is a trade, an order snapshot and its balances, anything else one event and a balance."""
        return (2 if self.kind == "fill" else 1) + len(self.balances)


ADMITS, RELEASES, USES, ENDS = 0, 1, 2, 3


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

    @property
    def turn(self) -> tuple[int, int, bool, int]:
        """Rules 17 and 57: by rank, then by number; a group stands at its own, and in it stops come first.

        Rule 105: or last, and so does the stop of an entry.
        """
        order = self.order
        if self.rank not in (RELEASES, USES):
            return self.rank, order.number, False, order.number
        return self.rank, order.stands_at, (order.terms.trigger_kind == "stop") == order.hopes, order.number


def settle(matches: list[Match]) -> None:
    """Rule 17: what releases first, then what uses, each by number; who cannot pay waits for others that release.

    Cancels and amends come last; rule 33: what amends match is settled behind all of them in the same way, and what is
    asked of an order that is matched anew waits for that.
    """
    while matches:
        settle_fills(matches)
        for match in sorted(matches, key=lambda match: match.turn):
            if not match.order.matched:
                match.settle(True)
                matches.remove(match)


def settle_fills(matches: list[Match]) -> None:
    """All but cancels and amends.

    Before them what was triggered reserves. What one fill starts comes behind all that is there, in that order.
    """
    matches.sort(key=lambda match: match.turn)
    while any(match.rank != ENDS for match in matches):
        for match in matches:  # grows: what is admitted may take at once
            if match.rank != ENDS:
                others = [other.releases for other in matches if not (other is match or other.done)]
                there = len(matches)
                match.done = match.settle(match.uses is None or match.uses not in others)
                matches[there:] = sorted(matches[there:], key=lambda match: match.turn)
        if not any(match.done for match in matches):
            first = next(match for match in matches if match.rank != ENDS)
            first.done = first.settle(True)
        matches[:] = [match for match in matches if not match.done]
