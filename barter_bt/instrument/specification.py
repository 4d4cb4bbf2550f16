"""What is declared of an instrument, and what follows from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from barter_bt.instrument.number import Number

Kind = Literal["spot", "perpetual", "future", "option"]
OptionKind = Literal["call", "put"]
Exercise = Literal["american", "bermudan", "european"]
QuantityUnit = Literal["asset", "contract", "quote"]
Delivery = Literal["cash", "physical"]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Specification:
    """The fields of :class:`~barter_bt.instrument.Instrument`, unchecked: none is made that is no instrument."""

    exchange: str
    name: str
    base: str = ""
    quote: str = ""
    kind: Kind = "spot"
    contract_size: Number = 1
    price_increment: Number | None = None
    quantity_increment: Number | None = None
    quantity_min: Number | None = None
    notional_min: Number | None = None
    name_exchange: str | None = None
    settlement: str | None = None
    expiry: datetime | str | int | None = None
    strike: Number | None = None
    option_kind: OptionKind | None = None
    exercise: Exercise | None = None
    price_min: Number | None = None
    quantity_unit: QuantityUnit | None = None
    base_name_exchange: str | None = None
    quote_name_exchange: str | None = None
    settlement_name_exchange: str | None = None
    settlement_price: Number | None = None
    underlying: str | None = None
    delivery: Delivery | None = None
    price_can_be_negative: bool = False

    @property
    def is_derivative(self) -> bool:
        """Whether a fill moves margin instead of exchanging two assets."""
        return self.kind != "spot"

    @property
    def is_inverse(self) -> bool:
        """Whether it is a contract over an amount of quote money that is settled in its base asset.

        One contract is worth contract size / price of the base asset, so that a long position gains as the notional
        shrinks.
        """
        return self.kind in ("perpetual", "future") and self.settlement == self.base

    @property
    def key(self) -> str:
        """``exchange.name``: unique over all exchanges."""
        return f"{self.exchange}.{self.name}"

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets that it needs: base, quote, and the settlement asset where that is a third."""
        three = (self.base, self.quote, self.settlement or self.quote)
        return tuple(dict.fromkeys(three))
