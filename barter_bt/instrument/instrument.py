"""What can be traded: kinds, contract terms and the increments that the venue enforces."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from barter_bt.errors import InstrumentError

Number = int | float | str | Decimal
Kind = Literal["spot", "perpetual", "future"]


def decimal(value: Number, what: str) -> Decimal:
    """``value`` as an exact decimal; a float is read as its shortest decimal text.

    Examples
    --------
    >>> decimal(0.1, "fee")
    Decimal('0.1')
    """
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise InstrumentError(f"{what} is {value!r}, which is not a number") from None
    if not number.is_finite():
        raise InstrumentError(f"{what} is {value!r}; it must be finite")
    return number


@dataclass(frozen=True)
class Instrument:
    """One tradable instrument of one exchange.

    Parameters
    ----------
    exchange
        Exchange id in snake case, for example ``"binance_spot"``.
    name
        Canonical name, lower case, unique within the exchange, for example ``"btc_usdt"``.
    base, quote
        Asset names in lower case. By default the two halves of ``name`` at its last underscore.
    kind
        ``"spot"``, ``"perpetual"`` or ``"future"`` (the last two are linear: settled in the quote asset).
    contract_size
        Units of the base asset per contract (1 for spot).
    price_increment, quantity_increment
        The tick and the lot, in natural units. ``None``: no grid is declared, values are
        rounded to a resolution of 1e-9 (coarser where the data's range asks for it).
    quantity_min, notional_min
        Smallest order that the venue accepts, in lots' natural units and in quote.
    name_exchange
        The exchange's own spelling, verbatim; ``name`` if not given.

    Examples
    --------
    >>> Instrument("binance_spot", "btc_usdt", price_increment="0.01").quote
    'usdt'
    """

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

    def __post_init__(self) -> None:
        if self.name != self.name.lower() or not self.name:
            raise InstrumentError(
                f"instrument name {self.name!r} is not lower case", "put the exchange's spelling in name_exchange"
            )
        head, _, tail = self.name.rpartition("_")
        for field, default in (("base", head or self.name), ("quote", tail if head else "")):
            if not getattr(self, field):
                object.__setattr__(self, field, default)
        if not self.quote:
            raise InstrumentError(f"instrument {self.name!r} has no quote asset", "give base= and quote=")
        if self.base == self.quote:
            raise InstrumentError(f"instrument {self.name!r} has base and quote {self.base!r}; they must differ")
        if self.kind not in ("spot", "perpetual", "future"):
            raise InstrumentError(f"instrument {self.name!r} has kind {self.kind!r}; allowed: spot, perpetual, future")
        if self.kind == "spot" and decimal(self.contract_size, "contract_size") != 1:
            raise InstrumentError(f"spot instrument {self.name!r} has contract_size {self.contract_size}; it must be 1")
        for field in ("contract_size", "price_increment", "quantity_increment", "quantity_min", "notional_min"):
            value = getattr(self, field)
            if value is not None and decimal(value, f"{field} of {self.name!r}") <= 0:
                raise InstrumentError(f"{field} of {self.name!r} is {value}; it must be positive")

    @property
    def is_derivative(self) -> bool:
        """Whether a fill moves margin instead of exchanging two assets."""
        return self.kind != "spot"

    @property
    def key(self) -> str:
        """``exchange.name``: unique over all exchanges."""
        return f"{self.exchange}.{self.name}"
