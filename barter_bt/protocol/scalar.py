"""Texts, numbers and keys: the leaves of a document, each with the check that Barter's own type makes.

Decimals are exact. Barter's hold 96 bits and 28 decimals; it rounds what is longer, here that is refused.
"""

from __future__ import annotations

import math
import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any

from barter_bt.protocol.fault import Fault

_NUMBER = re.compile(r"[+-]?(?=\.?\d)[\d_]*\.?[\d_]*(?:[eE][+-]?\d{1,4})?", re.ASCII)
U64_MAX = (1 << 64) - 1
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Text:
    """A text, of characters that UTF-8 can write.

    Examples
    --------
    >>> Text().read("btc")
    'btc'
    """

    def read(self, value: Any) -> str:
        """The text."""
        if not isinstance(value, str):
            raise Fault("expected a text", value)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Fault("expected a text without half surrogate pairs", value) from None
        return value

    write = read


class Flag:
    """True or false.

    Examples
    --------
    >>> Flag().read(True)
    True
    """

    def read(self, value: Any) -> bool:
        """The flag."""
        if not isinstance(value, bool):
            raise Fault("expected true or false", value)
        return value

    write = read


class Count:
    """A whole number from 0 to 2⁶⁴ - 1.

    Examples
    --------
    >>> Count().read(7)
    7
    """

    def read(self, value: Any) -> int:
        """The number."""
        if type(value) is not int or not 0 <= value <= U64_MAX:
            raise Fault("expected a whole number from 0 to 18446744073709551615", value)
        return value

    write = read


class Float:
    """A finite binary number (f64): JSON has no others, and Barter writes those as null, which it cannot read.

    Examples
    --------
    >>> Float().read(Decimal("0.1"))
    0.1
    """

    def read(self, value: Any) -> float:
        """The double nearest to a number."""
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise Fault("expected a number", value, _unquote(value))
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Fault("expected a finite number", value)
        return number

    def write(self, value: Any) -> float:
        """The number."""
        if type(value) is not float or not math.isfinite(value):
            raise Fault("expected a finite float", value)
        return value


def _unquote(value: Any) -> str | None:
    """A hint where a number stands in quotation marks."""
    return "write it without quotation marks" if isinstance(value, str) and _NUMBER.fullmatch(value) else None


class Exact:
    """A decimal: text in documents, read from a number too.

    Examples
    --------
    >>> Exact().read("0.10"), Exact().write(Decimal("1E3"))
    (Decimal('0.10'), '1000')
    """

    def read(self, value: Any) -> Decimal:
        """The decimal of a text or a number; of a float, what its shortest text says."""
        if isinstance(value, str) and value.isascii():
            digits = value.replace(".", "", 1)
            if len(digits) <= 28 and digits.isdigit():  # as most are
                return Decimal(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return _fit(Decimal(value), value)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise Fault("expected a decimal, as text like '0.10' or as a number", value)
        return _fit(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), value)

    def write(self, value: Any) -> str:
        """Its digits, without exponent."""
        if not isinstance(value, Decimal):
            raise Fault("expected a decimal.Decimal", value)
        return format(_fit(value, value), "f")


def _fit(number: Decimal, value: object) -> Decimal:
    """The number, if Barter's decimal can hold it: without a minus before zero, and no longer than it need be."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise Fault("expected a finite decimal", value)
    if not number:
        return Decimal((0, (0,), min(max(exponent, -28), 0)))
    if -28 <= number.adjusted() <= 28:
        if -28 <= exponent <= 0 and _mantissa(number) >> 96 == 0:
            return number
        text = format(number, "f")
        shorter = Decimal(text.rstrip("0") if "." in text else text)
        if int(shorter.as_tuple().exponent) >= -28 and _mantissa(shorter) >> 96 == 0:
            return shorter
    raise Fault("expected a decimal of at most 28 decimals and 96 bits (28 digits)", value)


def _mantissa(number: Decimal) -> int:
    return abs(int(number.scaleb(-int(number.as_tuple().exponent), _EXACT)))
