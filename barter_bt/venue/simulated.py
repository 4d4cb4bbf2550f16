"""What the simulated venue deals in: not yet every instrument that can be declared."""

from __future__ import annotations

from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.instrument.number import decimal

_NOT_YET = "it can be declared and indexed, but not simulated yet"


def refuse_not_simulated(one: Instrument) -> None:
    """Refuse an instrument whose fills the venue would get wrong.

    Raises
    ------
    ConfigError
        It is a bermudan option, or one that is not settled in its quote asset, is settled in a third asset, or its
        orders are counted in a unit that the venue does not count in.

    Examples
    --------
    >>> refuse_not_simulated(Instrument("x", "btc_usd", kind="perpetual", settlement="eur"))
    Traceback (most recent call last):
    barter_bt.errors.ConfigError: 'x.btc_usd' is settled in eur, neither in usd nor in btc: it can be declared and \
indexed, but not simulated yet
    """
    if one.kind == "option" and (one.settlement != one.quote or one.exercise == "bermudan"):
        what = f"settled in {one.settlement}" if one.settlement != one.quote else "bermudan"
        raise ConfigError(
            f"{one.key!r} is an option that is {what}: {_NOT_YET}", "settle it in its quote asset, european or american"
        )
    if one.is_derivative and one.settlement not in (one.quote, one.base):
        raise ConfigError(
            f"{one.key!r} is settled in {one.settlement}, neither in {one.quote} nor in {one.base}: {_NOT_YET}"
        )
    counted = "contract" if one.is_derivative else "asset"
    if one.quantity_unit == counted:
        return
    if one.quantity_unit == "quote" or decimal(one.contract_size, "contract_size") != 1:
        raise ConfigError(
            f"orders of {one.key!r} are counted by quantity_unit {one.quantity_unit!r}: {_NOT_YET}",
            f"count them by {counted!r}",
        )
