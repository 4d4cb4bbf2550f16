"""What an order is held for: rules 28, 29, 34 and 103, in ticks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from .model import BILLION, Market, rhe


@dataclass
class Trigger:
    """A trigger of an order of a side; ``price`` 0 is that of a trailing stop that was shown no price yet."""

    side: int
    kind: str  # "stop", "if_touched"
    price: int
    trail: int  # ticks
    trail_rate: int  # 1e-9
    zero: int = 0  # rule 76
    activation: int = 0  # rule 103: it has yet to be shown this price, or a better one

    @property
    def trails(self) -> bool:
        return self.trail > 0 or self.trail_rate > 0

    @property
    def rises(self) -> bool:
        """Whether prices rise to it: buy stops, sells if touched."""
        return (self.side > 0) == (self.kind == "stop")

    @property
    def turn(self) -> tuple[int, int]:
        """Rule 28: who comes first on one event."""
        if self.trails:
            return 2, 0
        return (0, self.price) if self.rises else (1, -self.price)

    def reached(self, ticks: int) -> bool:
        """Rule 28: by a price at it or beyond."""
        return self.price > 0 and (ticks >= self.price if self.rises else ticks <= self.price)

    def amended(self, price: int, trail: int, trail_rate: int, activation: int) -> Trigger:
        """Rule 33: with what is given, 0 where it stays; a distance in ticks and a rate replace each other."""
        before = self.trail, self.trail_rate
        distance = (trail, trail_rate) if trail or trail_rate else before
        given = {"trail": distance[0], "trail_rate": distance[1], "activation": activation or self.activation}
        return replace(self, price=price or self.price, **given)

    def follow(self, ticks: int) -> None:
        """Rule 34: towards this price, as near as the distance allows, and never back; rule 103: once it is active."""
        if self.activation and self.side * ticks > self.side * self.activation:
            return
        self.activation = 0
        distance = self.trail or max(rhe(Fraction(abs(ticks - self.zero) * self.trail_rate, BILLION)), 1)
        wish = max(ticks + self.side * distance, 1)
        if self.trails and (self.price == 0 or self.side * wish < self.side * self.price):
            self.price = wish

    def shown(self, ticks: int) -> bool:
        """Whether this price reaches it; one that does not moves it."""
        if self.reached(ticks):
            return True
        self.follow(ticks)
        return False

    def met(self, candle: Market, price: int) -> int:
        """Rule 29: the price of the range nearest to one."""
        _, high, low, _ = candle.prices
        return min(max(price, low), high)

    def shown_range(self, candle: Market, hopes: bool) -> bool:
        """Rules 29 and 34: whether the inside of a candle reaches it; rule 105: behind the extreme for it."""
        _, high, low, close = candle.prices
        if not self.trails:
            return self.reached(high if self.rises else low)
        against, other = (high, low) if self.side > 0 else (low, high)
        if self.reached(against):
            if hopes:
                self.follow(other)
            return True
        self.follow(other)
        return self.reached(close)
