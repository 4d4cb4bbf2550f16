"""What a derivative's contract says: settlement, expiry, strike, exercise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

from barter_bt.errors import InstrumentError, nearest
from barter_bt.instrument.number import decimal
from barter_bt.instrument.specification import Delivery, Exercise, Kind, OptionKind, QuantityUnit, Specification

_CHOICES = {
    "kind": get_args(Kind),
    "option_kind": get_args(OptionKind),
    "exercise": get_args(Exercise),
    "quantity_unit": get_args(QuantityUnit),
    "delivery": get_args(Delivery),
}
_KINDS_WITH = {
    "settlement": ("perpetual", "future", "option"),
    "settlement_name_exchange": ("perpetual", "future", "option"),
    "expiry": ("spot", "future", "option"),
    "strike": ("option",),
    "settlement_price": ("spot", "future", "option"),
    "underlying": ("future", "option"),
    "delivery": ("future", "option"),
    "option_kind": ("option",),
    "exercise": ("option",),
}
_OPTION_NEEDS = ("expiry", "strike", "option_kind", "exercise")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_NS = (1 << 63) - 1


def check_contract(one: Specification) -> None:
    """Refuse a contract that says too little, too much, or what is not allowed."""
    for field, allowed in _CHOICES.items():
        value = getattr(one, field)
        if value not in allowed and (value is not None or field == "kind"):
            like = nearest(str(value).lower(), allowed)
            raise InstrumentError(
                f"instrument {one.name!r} has {field} {value!r}; allowed: {', '.join(allowed)}",
                f"did you mean {like!r}?" if like else None,
            )
    for field, kinds in _KINDS_WITH.items():
        if getattr(one, field) is not None and one.kind not in kinds:
            given = f"{field} {getattr(one, field)!r}"
            raise InstrumentError(f"{one.kind} instrument {one.name!r} has {given}; only {_listed(kinds)} have one")
    missing = [field for field in _OPTION_NEEDS if one.kind == "option" and getattr(one, field) is None]
    if missing:
        raise InstrumentError(f"option {one.name!r} has no {', '.join(missing)}", f"give {'=, '.join(missing)}=")
    if one.settlement_price is not None and one.expiry is None:
        raise InstrumentError(
            f"{one.kind} {one.name!r} has a settlement_price of {one.settlement_price} and no expiry", "give expiry="
        )
    if one.delivery == "physical":
        _check_delivery(one)
    if one.kind == "spot" and one.contract_size != 1 and decimal(one.contract_size, "contract_size") != 1:
        raise InstrumentError(f"spot instrument {one.name!r} has contract_size {one.contract_size}; it must be 1")


def _check_delivery(one: Specification) -> None:
    """What is delivered must be named, at a time that is known."""
    for field, example in (("underlying", "btc_usd"), ("expiry", "2024-06-28T08:00:00Z")):
        if getattr(one, field) is None:
            raise InstrumentError(
                f"{one.kind} {one.name!r} has delivery 'physical' and no {field}",
                f"give {field}={example!r}, for example",
            )


def expiry_ns(moment: Any, name: str) -> int:
    """A moment as nanoseconds since 1970, from a datetime with a zone, its ISO text, or nanoseconds.

    Examples
    --------
    >>> expiry_ns("2023-12-31T00:00:00Z", "btc_usd_dec")
    1703980800000000000
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise InstrumentError(f"expiry of {name!r} is {moment!r}, which is not a time", _EXAMPLE) from None
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise InstrumentError(f"expiry of {name!r} is {moment}, which has no time zone", _EXAMPLE)
        since = moment - _EPOCH
        moment = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    if not isinstance(moment, int) or isinstance(moment, bool):
        raise InstrumentError(
            f"expiry of {name!r} is {moment!r}; it must be a datetime with a zone or nanoseconds since 1970", _EXAMPLE
        )
    if not -_LATEST_NS <= moment <= _LATEST_NS:
        raise InstrumentError(f"expiry of {name!r} is {moment} ns since 1970; it must be before the year 2262")
    return moment


_EXAMPLE = "for example datetime(2024, 6, 28, 8, tzinfo=UTC) or '2024-06-28T08:00:00Z'"


def _listed(kinds: tuple[str, ...]) -> str:
    named = [f"{kind}s" if kind != "spot" else "spot instruments" for kind in kinds]
    return " and ".join(", ".join(named).rsplit(", ", 1))
