"""Numbers as users write them, exactly."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.errors import InstrumentError

Number = int | float | str | Decimal
RESOLUTION = Decimal("1e-9")  # of prices, quantities and money where nothing else is declared (rule 1)


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
