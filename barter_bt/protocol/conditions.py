"""Terms of an order for which Barter's requests have no fields: triggers, protection, groups, times.

They stand in one field ``conditions`` of requests and orders, which is left out of a document where there are none, and
of its own fields those that say nothing. So what has none looks as in Barter. What each means say the rules.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeAlias

from barter_bt.protocol.shape import Named, Struct, Variant
from barter_bt.protocol.time import Time


class Distance(Variant, frozen=True):
    """So far from a price, in its unit.

    Parameters
    ----------
    amount
        How far, above 0.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Distance(Decimal("1.5")))
    '{"Distance":"1.5"}'
    """

    amount: Decimal


class Fraction(Variant, frozen=True):
    """So far from a price, as a fraction of it.

    Parameters
    ----------
    rate
        Above 0; 2 % is 0.02.

    Examples
    --------
    >>> Fraction(Decimal("0.02")).rate
    Decimal('0.02')
    """

    rate: Decimal


class Ticks(Variant, frozen=True):
    """So many of its instrument's price increments from a price.

    Parameters
    ----------
    count
        How many, above 0.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Ticks(20))
    '{"Ticks":20}'
    """

    count: int


FromPrice: TypeAlias = Distance | Fraction | Ticks
"""How far from a price."""


class Stop(Named, frozen=True):
    """Held until the price has gone against the trader (rule 28), perhaps from its best (rule 34).

    Parameters
    ----------
    price
        At which it is triggered; None where it trails without a start, or lies at a distance from what it protects.
    trailing
        How far behind the market it follows it.
    activation
        The price in the trader's favour that the market must reach before it follows (rule 103).

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Stop(Decimal(90)))
    '{"Stop":{"price":"90","trailing":null}}'
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("activation",)

    price: Decimal | None = None
    trailing: FromPrice | None = None
    activation: Decimal | None = None


class IfTouched(Named, frozen=True):
    """Held until the price has gone in the trader's favour (rule 28).

    Parameters
    ----------
    price
        At which it is triggered.

    Examples
    --------
    >>> IfTouched(Decimal(110)).price
    Decimal('110')
    """

    price: Decimal


Trigger: TypeAlias = Stop | IfTouched
"""What an order is held for."""


class TriggerPrice(StrEnum):
    """Which prices a trigger looks at (rule 28).

    Examples
    --------
    >>> TriggerPrice("Mark") is TriggerPrice.MARK
    True
    """

    LAST = "Last"
    QUOTE = "Quote"
    MARK = "Mark"


class CandleFill(StrEnum):
    """Which price of a candle an order meets (rule 36).

    Examples
    --------
    >>> CandleFill.NEXT_OPEN.value
    'NextOpen'
    """

    NEXT_OPEN = "NextOpen"
    NEXT_CLOSE = "NextClose"
    THIS_CLOSE = "ThisClose"


class SessionTime(StrEnum):
    """The time of a session at which an immediate order is in the market (rule 35).

    Examples
    --------
    >>> SessionTime.AT_CLOSE.value
    'AtClose'
    """

    AT_OPEN = "AtOpen"
    AT_CLOSE = "AtClose"


class Protects(Struct, frozen=True):
    """The entry that an order protects (rule 31).

    Parameters
    ----------
    entry
        The client's id of that order, which is asked for right before it.
    offset
        How far the price, or the trigger, lies from the entry's first fill; None where it is a price.
    activation
        Of a stop that trails, how far the market must come from the entry's first fill, on the side of a gain, before
        it follows (rule 103); None where that is a price, or there is none.

    Examples
    --------
    >>> Protects("7", Fraction(Decimal("0.02"))).entry
    '7'
    """

    OMITTED: ClassVar[tuple[str, ...]] = ("offset", "activation")

    entry: str
    offset: FromPrice | None = None
    activation: FromPrice | None = None


class SizedAtFill(Struct, frozen=True):
    """An order that is sized again at its fill (rule 61).

    Parameters
    ----------
    worth
        What the position shall be worth then, in the instrument's money; below 0 short.
    held
        What is held, and in flight, when it is asked for.
    with_fee
        Whether the fee is paid out of it.

    Examples
    --------
    >>> SizedAtFill(Decimal(1_000), Decimal(0)).with_fee
    True
    """

    worth: Decimal
    held: Decimal
    with_fee: bool = True


class Conditions(Struct, frozen=True):
    """What an order waits for, depends on, and ends with.

    Parameters
    ----------
    trigger
        What it is held for (rules 28 and 34).
    trigger_by
        Which prices its trigger, and those of what protects it, look at.
    triggered
        When the exchange held it no longer, ns since 1970: news, not a request.
    reduce_only
        It never opens or enlarges a position (rule 32).
    resize
        It may be cut to what can be paid (rule 17); an exchange that cuts nothing may leave it whole.
    good_after, good_till
        Until when its exchange holds it back, and when it ends, ns since 1970 (rule 35).
    session
        At which time of a session it is in the market (rule 35); for immediate orders.
    candle_fill
        Which price of a candle it meets (rule 36).
    protects
        The entry that it protects (rule 31).
    after
        The client's id of the order that must have filled whole first (rule 58).
    group
        The client's id of the first of those orders of which the first fill ends the others (rule 57).
    sized
        What it is sized by at its fill (rule 61).
    exercise
        It exercises so many contracts of an option (rule 64), and meets no market.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(Conditions(trigger=Stop(Decimal(90)), reduce_only=True))
    '{"trigger":{"Stop":{"price":"90","trailing":null}},"reduce_only":true}'
    """

    OMITTED: ClassVar[tuple[str, ...]] = (
        "trigger",
        "trigger_by",
        "triggered",
        "reduce_only",
        "resize",
        "good_after",
        "good_till",
        "session",
        "candle_fill",
        "protects",
        "after",
        "group",
        "sized",
        "exercise",
    )

    trigger: Trigger | None = None
    trigger_by: TriggerPrice | None = None
    triggered: Time | None = None
    reduce_only: bool = False
    resize: bool = False
    good_after: Time | None = None
    good_till: Time | None = None
    session: SessionTime | None = None
    candle_fill: CandleFill | None = None
    protects: Protects | None = None
    after: str | None = None
    group: str | None = None
    sized: SizedAtFill | None = None
    exercise: bool = False

    @property
    def named_parent(self) -> str | None:
        """The client's id of the order that it waits for: the entry that it protects, or the one before it."""
        return self.protects.entry if self.protects is not None else self.after


NO_CONDITIONS = Conditions()
