"""Numbers as users write them, exactly."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.errors import ConfigError, InstrumentError

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


def fraction(value: Number, what: str) -> Decimal:
    """A fraction as an exact decimal; text may give it in per cent.

    Examples
    --------
    >>> fraction("0.1%", "fee"), fraction(0.001, "fee")
    (Decimal('0.001'), Decimal('0.001'))
    """
    text, part = str(value).strip(), Decimal(1)
    if isinstance(value, str) and text.endswith("%"):
        text, part = text.removesuffix("%").rstrip(), Decimal("0.01")
    try:
        if isinstance(value, bool):
            raise ArithmeticError
        number = Decimal(text)
    except ArithmeticError:
        raise ConfigError(f"{what} is {value!r}, which is no number", 'write 0.001 or "0.1%"') from None
    if not number.is_finite():
        raise ConfigError(f"{what} is {value!r}; it must be finite", 'write 0.001 or "0.1%"')
    return number * part
