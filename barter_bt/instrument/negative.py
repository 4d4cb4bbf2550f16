"""Which instruments may have prices of 0 and below (rule 76)."""

from __future__ import annotations

from barter_bt.errors import InstrumentError
from barter_bt.instrument.specification import Specification

NEGATIVE_PRICES = "where prices can be 0 or below, declare the instrument with price_can_be_negative=True"


def check_negative_prices(one: Specification) -> None:
    """Refuse an instrument for which prices of 0 and below would have no meaning.

    Raises
    ------
    InstrumentError
        It says what has no meaning.
    """
    where = f"{one.kind} instrument {one.name!r} has price_can_be_negative"
    if one.price_can_be_negative is not True:
        raise InstrumentError(f"{where} {one.price_can_be_negative!r}; allowed: True, False")
    if one.kind == "spot":
        raise InstrumentError(
            f"{where}: spot is paid for in full, reserved, and converts one asset into another by its price",
            "declare it as kind='future' or 'perpetual', which is margined",
        )
    if one.kind == "option":
        raise InstrumentError(f"{where}: an option's price is what a right costs, which is never below 0")
    if one.is_inverse:
        raise InstrumentError(
            f"{where}: a contract that is settled in its base asset is worth its size over its price",
            "give it another settlement asset, such as its quote asset",
        )
    if one.delivery == "physical":
        raise InstrumentError(
            f"{where} and delivery 'physical': a spot instrument is delivered, whose price is above 0",
            "settle it in cash: leave delivery out",
        )
    if one.price_increment is None:
        raise InstrumentError(f"{where} and no price_increment: no tick fits prices around 0", "give price_increment=")
