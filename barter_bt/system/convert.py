"""From Barter's documents to this package's instruments and venues, each fault with its place in the document."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from barter_bt.errors import ConfigError, InstrumentError, nearest
from barter_bt.instrument import Instrument
from barter_bt.system.document import (
    ExecutionConfig,
    Future,
    InAsset,
    InContracts,
    InstrumentConfig,
    InstrumentSpec,
    Option,
    QuoteAsset,
    Spot,
)
from barter_bt.venue.costs import Fees
from barter_bt.venue.terms import Latency, Venue

_MS = 1_000_000


def internal_names(configs: tuple[InstrumentConfig, ...]) -> list[str]:
    """Barter's names of instruments; of those that would share one, the exchange's own.

    Examples
    --------
    >>> from barter_bt.system.document import Assets
    >>> btc, priced = Assets("BTC", "USDT"), QuoteAsset.UNDERLYING_QUOTE
    >>> spot = InstrumentConfig("okx", "BTC-USDT", btc, priced, Spot())
    >>> swap = InstrumentConfig("okx", "BTC-USDT-SWAP", btc, priced, Spot())
    >>> internal_names((spot,)), internal_names((spot, swap))
    (['okx-btc_usdt'], ['okx-btc-usdt', 'okx-btc-usdt-swap'])
    """
    names = [f"{one.exchange}-{one.underlying.base}_{one.underlying.quote}".lower() for one in configs]
    meant = Counter(names)
    return [
        name if meant[name] == 1 else f"{one.exchange}-{one.name_exchange}".lower()
        for one, name in zip(configs, names, strict=True)
    ]


def to_instrument(one: InstrumentConfig, name: str, place: str) -> Instrument:
    """The instrument of a document; ``place`` is what errors call it."""
    if one.quote == QuoteAsset.UNDERLYING_BASE:
        raise ConfigError(f"{place}.quote: prices of {name!r} are in its base asset, which is not simulated yet")
    base, quote, kind = one.underlying.base.lower(), one.underlying.quote.lower(), one.kind
    terms: dict[str, Any] = {"kind": kind.TAG}
    if not isinstance(kind, Spot):
        terms |= {
            "contract_size": kind.contract_size,
            "settlement": kind.settlement_asset.lower(),
            "settlement_name_exchange": kind.settlement_asset,
        }
    if isinstance(kind, Future | Option):
        terms["expiry"] = kind.expiry
    if isinstance(kind, Option):
        terms |= {"strike": kind.strike, "option_kind": kind.kind.value, "exercise": kind.exercise.value}
    if one.spec is not None:
        terms |= _spec(one.spec, base, quote, f"{place}.spec")
    try:
        return Instrument(
            one.exchange,
            name,
            base,
            quote,
            name_exchange=one.name_exchange,
            base_name_exchange=one.underlying.base,
            quote_name_exchange=one.underlying.quote,
            **terms,
        )
    except InstrumentError as error:
        raise InstrumentError(f"{place}: {error.message}", error.hint) from None


def _spec(spec: InstrumentSpec, base: str, quote: str, place: str) -> dict[str, Any]:
    limits = {
        "price_min": spec.price.min,
        "price_increment": spec.price.tick_size,
        "quantity_min": spec.quantity.min,
        "quantity_increment": spec.quantity.increment,
        "notional_min": spec.notional.min,
    }
    known = {name: value or None for name, value in limits.items()}
    signed = {"price_can_be_negative": True} if spec.price.min < 0 else {}
    return {"quantity_unit": _unit(spec, base, quote, place)} | known | signed


def _unit(spec: InstrumentSpec, base: str, quote: str, place: str) -> str:
    unit = spec.quantity.unit
    if not isinstance(unit, InAsset):
        return "contract" if isinstance(unit, InContracts) else "quote"
    units = {base: "asset", quote: "quote"}
    if unit.asset.lower() not in units:
        raise ConfigError(
            f"{place}.quantity.unit.Asset is {unit.asset!r}; allowed: the assets of the instrument, {base} and {quote}"
        )
    return units[unit.asset.lower()]


def known_at_exchanges(instruments: list[Instrument]) -> dict[str, tuple[set[str], set[str]]]:
    """By exchange: its assets, and its own names of its instruments."""
    known: dict[str, tuple[set[str], set[str]]] = {}
    for one in instruments:
        assets, names = known.setdefault(one.exchange, (set(), set()))
        assets.update(one.assets)
        names.add(str(one.name_exchange))
    return known


def to_venue(one: ExecutionConfig, place: str) -> Venue:
    """Terms of a simulated exchange."""
    request_ms = one.latency_ms // 2
    rate = float(fee_rate(one, place))
    return Venue(Fees(maker=rate, taker=rate), Latency(request_ms * _MS, (one.latency_ms - request_ms) * _MS))


def fee_rate(one: ExecutionConfig, place: str) -> Decimal:
    """Fee of a trade as a fraction, under either name."""
    rates = {"fees_percent": one.fees_percent, "fee_rate": one.fee_rate}
    given = {name: rate for name, rate in rates.items() if rate is not None}
    if len(given) != 1:
        count = "neither" if not given else "both"
        raise ConfigError(f"{place} has {count} of fees_percent and fee_rate", "fee_rate: 0.001 is 0.1 % of a trade")
    ((name, rate),) = given.items()
    try:
        Fees(float(rate), float(rate))
    except ConfigError as error:
        raise ConfigError(f"{place}.{name}: {error.message}", error.hint) from None
    return rate


def check_account(one: ExecutionConfig, place: str, assets: set[str], names: set[str]) -> None:
    """Refuse an account that the run could not start with."""
    account, seen = one.initial_state, set()
    if account.exchange != one.mocked_exchange:
        raise ConfigError(f"{place}.exchange is {account.exchange!r}, the account is that of {one.mocked_exchange!r}")
    for k, balance in enumerate(account.balances):
        where, asset, amounts = f"{place}.balances[{k}]", str(balance.asset).lower(), balance.balance
        if asset not in assets:
            raise _unknown(f"{where}.asset", balance.asset, one.mocked_exchange, assets)
        if asset in seen:
            raise ConfigError(f"{where}.asset: {asset!r} is given twice")
        if amounts.total < 0 or amounts.free != amounts.total:
            found = f"total {amounts.total}, free {amounts.free}"
            raise ConfigError(f"{where}.balance: {found}; a run starts without orders that could hold any, and no debt")
        seen.add(asset)
    for k, instrument in enumerate(account.instruments):
        where = f"{place}.instruments[{k}]"
        if instrument.instrument not in names:
            raise _unknown(f"{where}.instrument", instrument.instrument, one.mocked_exchange, names)
        if instrument.orders:
            raise ConfigError(f"{where}.orders has {len(instrument.orders)}; a run starts without orders")


def _unknown(place: str, name: object, exchange: str, known: set[str]) -> ConfigError:
    like = nearest(str(name), known)
    return ConfigError(
        f"{place}: {name!r} is unknown at {exchange!r}; known: {', '.join(sorted(known)[:10])}",
        f"did you mean {like!r}?" if like else None,
    )
