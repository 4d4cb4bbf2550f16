"""What trading costs: fees, and the slippage of orders that take."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.errors import ConfigError
from barter_bt.venue.given import set_amount, set_fraction

_LARGEST = 10.0  # coefficient, so that no price leaves the range


@dataclass(frozen=True)
class Fees:
    """What fills cost, in the quote asset (rules 3 and 40).

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

    Examples
    --------
    >>> Fees(taker=0.001).taker
    0.001

    Half a cent a share, at least a dollar and at most one percent of what is traded, in whole cents:

    >>> Fees(per_contract=0.005, minimum=1, maximum="1%", increment=0.01).maximum
    0.01
    """

    maker: float = 0.0
    taker: float = 0.0
    per_contract: float = 0.0
    per_order: float = 0.0
    minimum: float = 0.0
    maximum: float | None = None
    increment: float | None = None

    def __post_init__(self) -> None:
        for name in ("maker", "taker"):
            rate = set_fraction(self, name, f"{name} fee")
            if not -0.01 <= rate <= 0.2:
                raise ConfigError(
                    f"{name} fee is {rate}; allowed: -0.01 to 0.2",
                    'rates are fractions: 0.1 % is 0.001, or "0.1%"',
                )
        for name in ("per_contract", "per_order", "minimum"):
            if not set_amount(self, name, f"{name} fee") >= 0:
                raise ConfigError(f"{name} fee is {getattr(self, name)}; it must not be negative")
        if self.maximum is not None and not 0 < set_fraction(self, "maximum", "maximum fee") <= 1:
            raise ConfigError(
                f"maximum fee is {self.maximum}; allowed: above 0 to 1", "it is a fraction of what an order has traded"
            )
        if self.increment is not None and not set_amount(self, "increment", "fee increment") > 0:
            raise ConfigError(f"fee increment is {self.increment}; it must be positive", "write 0.01 for whole cents")

    @property
    def by_order(self) -> bool:
        """Whether a term looks at more than one fill."""
        return self.per_order > 0 or self.minimum > 0 or self.maximum is not None or self.increment is not None


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
        if not 0 <= set_fraction(self, "rate", "slippage rate") <= 1:
            raise ConfigError(f"slippage rate is {self.rate}; allowed: 0 to 1", '5 basis points are 0.0005, or "0.05%"')
        for name in ("range_share", "volume_share", "impact"):
            if not 0 <= set_fraction(self, name, f"slippage {name}") <= _LARGEST:
                raise ConfigError(f"slippage {name} is {getattr(self, name)}; allowed: 0 to {_LARGEST:g}")

    @property
    def by_candle(self) -> bool:
        """Whether a term looks at what an event or a candle shows."""
        return self.range_share > 0 or self.volume_share > 0 or self.impact > 0
