"""What trading costs: fees, and the slippage of orders that take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barter_bt.errors import ConfigError
from barter_bt.venue.given import refuse_rate, set_amount, set_fraction, set_rate

if TYPE_CHECKING:
    from barter_bt.venue.tiers import FeeTiers

_LARGEST = 10.0  # coefficient, so that no price leaves the range


@dataclass(frozen=True)
class Fees:
    """What fills cost, in the quote asset unless another is named (rules 3, 40, 62 and 63).

    Parameters
    ----------
    maker, taker
        Fractions of the notional (0.001 is 0.1 %), or text such as ``"0.1%"``; a negative maker rate is a rebate.
    per_contract
        Added per contract (or unit, or share) filled, in quote.
    per_order
        Added once for each order that fills, in quote.
    minimum, maximum
        What all fills of an order cost at least, in quote, and at most, as a fraction of their notional: that comes
        last. 0 and None are no bound.
    increment
        What an order has paid is rounded to whole multiples of it, in quote, half to even; None: it is not.
    tiers
        Other rates by the volume of the days before: :class:`FeeTiers`, or a mapping of its parameters.
    paid_in
        ``"quote"``; ``"received"``, in a cash account: a buy of spot pays in the base asset, of what it gets; or the
        name of a third asset of the exchange, such as its coin, as long as enough of it is free and it has a price.
    discount
        The fraction of a fee that is not charged where it is paid in the third asset.

    Examples
    --------
    >>> Fees(taker=0.001).taker
    0.001

    Half a cent a share, at least a dollar and at most one percent of what is traded, in whole cents:

    >>> Fees(per_contract=0.005, minimum=1, maximum="1%", increment=0.01).maximum
    0.01

    A tenth of a percent, a quarter less where it is paid in the exchange's coin:

    >>> Fees(0.001, 0.001, paid_in="bnb", discount="25%").discount
    0.25
    """

    maker: float = 0.0
    taker: float = 0.0
    per_contract: float = 0.0
    per_order: float = 0.0
    minimum: float = 0.0
    maximum: float | None = None
    increment: float | None = None
    tiers: FeeTiers | None = None
    paid_in: str = "quote"
    discount: float = 0.0

    def __post_init__(self) -> None:
        for name in ("maker", "taker"):
            refuse_rate(set_rate(self, name, f"{name} fee"), f"{name} fee")
        for name in ("per_contract", "per_order", "minimum"):
            if not set_amount(self, name, f"{name} fee") >= 0:
                raise ConfigError(f"{name} fee is {getattr(self, name)}; it must not be negative")
        if self.maximum is not None and not 0 < set_rate(self, "maximum", "maximum fee") <= 1:
            raise ConfigError(
                f"maximum fee is {self.maximum}; allowed: above 0 to 1", "it is a fraction of what an order has traded"
            )
        if self.increment is not None and not set_amount(self, "increment", "fee increment") > 0:
            raise ConfigError(f"fee increment is {self.increment}; it must be positive", "write 0.01 for whole cents")
        if self.tiers is not None:
            object.__setattr__(self, "tiers", _tiers(self.tiers))
        self._check_paid_in()

    def _check_paid_in(self) -> None:
        given: object = self.paid_in
        if not isinstance(given, str) or not given:
            raise ConfigError(
                f"paid_in is {self.paid_in!r}; allowed: quote, received, or the name of an asset", 'paid_in="bnb"'
            )
        if not 0 <= set_rate(self, "discount", "discount of fees") <= 1:
            raise ConfigError(f"discount of fees is {self.discount}; allowed: 0 to 1", 'a quarter is 0.25, or "25%"')
        if self.discount and self.paid_in in ("quote", "received"):
            raise ConfigError(
                f"discount of fees is {self.discount}, and they are paid in {self.paid_in!r}",
                'a discount is for a third asset: paid_in="bnb"; else give lower rates',
            )

    @property
    def by_order(self) -> bool:
        """Whether a term looks at more than one fill."""
        return self.per_order > 0 or self.minimum > 0 or self.maximum is not None or self.increment is not None


def _tiers(given: Any) -> FeeTiers:
    """Tiers, or a mapping of their parameters."""
    from barter_bt.venue.tiers import FeeTiers

    if isinstance(given, Mapping):
        return FeeTiers(**given)
    if not isinstance(given, FeeTiers):
        raise ConfigError(f"tiers is {given!r:.60}; it must be FeeTiers", 'FeeTiers([(1e6, 0, 0.001)], "usdt")')
    return given


@dataclass(frozen=True)
class Slippage:
    """By how much an order that takes moves its price against itself: the sum of its terms (rule 39).

    A model of what data without depth cannot show, which its coefficients must come from: own orders cross a spread
    and move the market while they fill, and do not move it afterwards. Orders that rest do not slip.

    Parameters
    ----------
    ticks
        A fixed number of ticks, for half a spread for instance.
    rate
        A fraction of the price (0.0005 is 5 basis points), or text such as ``"0.05%"``.
    range_share
        A fraction of high − low of the instrument's last candle.
    volume_share
        Coefficient k of k · price · s², where s is the order's share of the volume that the event shows: the last
        candle's, a trade's, that of the quote's side; at most 1.
    impact
        Coefficient k of k · (high − low of the last candle) · √s: the square-root law, with the range for volatility.

    Notes
    -----
    Each term is rounded up to a tick; none moves a price beyond an order's limit, or below one tick.

    Examples
    --------
    >>> Slippage(rate="0.05%").rate
    0.0005
    """

    ticks: int = 0
    rate: float = 0.0
    range_share: float = 0.0
    volume_share: float = 0.0
    impact: float = 0.0

    def __post_init__(self) -> None:
        given: object = self.ticks
        if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= 10**9:
            raise ConfigError(
                f"slippage of {self.ticks!r} ticks; it must be a whole number from 0 to 1e9", "a fraction is a rate"
            )
        if not 0 <= set_rate(self, "rate", "slippage rate") <= 1:
            raise ConfigError(f"slippage rate is {self.rate}; allowed: 0 to 1", '5 basis points are 0.0005, or "0.05%"')
        for name in ("range_share", "volume_share", "impact"):
            if not 0 <= set_fraction(self, name, f"slippage {name}") <= _LARGEST:
                raise ConfigError(f"slippage {name} is {getattr(self, name)}; allowed: 0 to {_LARGEST:g}")

    @property
    def by_candle(self) -> bool:
        """Whether a term looks at what an event or a candle shows."""
        return self.range_share > 0 or self.volume_share > 0 or self.impact > 0
