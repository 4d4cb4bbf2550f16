"""Interest by the year: on idle cash, on what is owed, and the fee for shares that are borrowed to be sold short."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from barter_bt.data.duration import NANOSECONDS, duration_ns
from barter_bt.data.flows import CashFlows
from barter_bt.errors import ConfigError
from barter_bt.instrument.number import Number, fraction

_LEAST = {"cash": -1, "debt": 0, "borrow": 0}  # per year; no interest takes more than there is
_MOST = 10
_LONGEST_NS = 365 * NANOSECONDS["d"]
_SCHEMA: dict[str, Any] = {
    "asset": pl.String,
    "instrument": pl.String,
    "cash": pl.Float64,
    "debt": pl.Float64,
    "borrow": pl.Float64,
    "every_ns": pl.Int64,
    "start": pl.Datetime("ns", "UTC"),
    "end": pl.Datetime("ns", "UTC"),
}


def interest(
    asset: str | None = None,
    *,
    instrument: str | None = None,
    cash: Number | None = None,
    debt: Number | None = None,
    borrow: Number | None = None,
    every: str | int = "1d",
    start: datetime | None = None,
    end: datetime | None = None,
) -> CashFlows:
    """Interest on a balance, or the fee for an instrument that is borrowed (rule 44), from midnight to midnight.

    At each midnight UTC it is worked out from what is there then, at a day's part of the yearly rate, and paid. A rate
    that changes is several of these, each with its ``start`` and ``end``.

    Parameters
    ----------
    asset
        Asset whose balance bears interest, as ``asset`` or ``exchange.asset``.
    instrument
        In place of an asset: spot instrument whose short position pays for what is borrowed, in its quote asset.
    cash, debt
        Rates per year of 365 days for an asset: what a balance above 0 gets (-1 to 10), and what one below 0 pays (0 to
        10). Fractions or text: 0.05 is ``"5%"``. What is reserved, ties up margin, or came in by selling short is
        part of the balance.
    borrow
        The same for an instrument: what is paid on the notional of what is borrowed, at the exchange's mark.
    every
        Interval in whole seconds, up to 365 days, in place of a day: its multiples since 1970 UTC.
    start, end
        Due only later than ``start`` and not later than ``end``; both with a zone.

    Raises
    ------
    ConfigError
        What is given does not belong together, or is out of its range.

    Examples
    --------
    >>> interest("usd", cash="4%", debt="6.5%")
    CashFlows(interest of usd: cash 0.04, debt 0.065)
    >>> interest(instrument="aapl_usd", borrow=0.005)
    CashFlows(interest of aapl_usd: borrow 0.005)
    """
    given = {"cash": cash, "debt": debt, "borrow": borrow}
    rates = {name: _rate(name, rate) for name, rate in given.items() if rate is not None}
    if (asset is None) == (instrument is None):
        both = f"both of asset {asset!r} and of instrument {instrument!r}" if asset is not None else "of nothing"
        raise ConfigError(f"interest is {both}", "name an asset, or an instrument: two rates are two interests")
    name, belong = (asset, ("cash", "debt")) if instrument is None else (instrument, ("borrow",))
    kind = "asset" if instrument is None else "instrument"
    if not isinstance(name, str):
        raise ConfigError(f"{kind} is {name!r}; it must be a name")
    strange = [rate for rate in rates if rate not in belong]
    if strange or not rates:
        told = f"{strange[0]} is no rate" if strange else "there is no rate"
        raise ConfigError(f"interest of the {kind} {name!r}: {told} of it", f"give {' or '.join(belong)}")
    length = duration_ns(every, "every")
    if not 0 < length <= _LONGEST_NS or length % NANOSECONDS["s"]:
        raise ConfigError(f"every is {every!r}, which is {length} ns; allowed: whole seconds, up to 365 days")
    begins, ends = _moment(start, "start"), _moment(end, "end")
    if begins is not None and ends is not None and begins >= ends:
        raise ConfigError(f"start is {start}, which is not before end, {end}")
    row = {"asset": asset, "instrument": instrument, **dict.fromkeys(given), **rates, "every_ns": length}
    return CashFlows("interest", pl.DataFrame([row | {"start": begins, "end": ends}], schema=_SCHEMA))


def _rate(name: str, rate: Number) -> float:
    value = fraction(rate, f"{name} rate")
    if not _LEAST[name] <= value <= _MOST:
        raise ConfigError(
            f"{name} rate is {rate!r}; allowed: {_LEAST[name]} to {_MOST}", 'rates are by the year: 5 % is 0.05 or "5%"'
        )
    return float(value)


def _moment(given: datetime | None, what: str) -> datetime | None:
    when: object = given
    if when is not None and (not isinstance(when, datetime) or when.tzinfo is None):
        raise ConfigError(f"{what} is {given!r}; it must be a datetime with a zone", "datetime(2024, 1, 2, tzinfo=UTC)")
    return given
