"""The terms a simulated venue deals on: fees, latency, account, and which evidence fills an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, TypeVar

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError, InstrumentError, nearest
from barter_bt.instrument.number import decimal, fraction

Evidence = Literal["auto", "quotes", "trades", "candles"]
Part = TypeVar("Part")
_LONGEST_DELAY_NS = 366 * 86_400_000_000_000  # so that no time leaves the range of nanoseconds
_LONGEST_AGE_NS = 1 << 62


def _set_fraction(one: object, name: str, what: str) -> float:
    """A rate as a float, whatever it was written as."""
    rate = float(fraction(getattr(one, name), what))
    object.__setattr__(one, name, rate)
    return rate


def _set_amount(one: object, name: str, what: str) -> float:
    """An amount of money per contract as a float."""
    try:
        amount = float(decimal(getattr(one, name), what))
    except InstrumentError as error:
        raise ConfigError(error.message, error.hint or "write a number") from error
    object.__setattr__(one, name, amount)
    return amount


def _set_duration(one: object, name: str, longest_ns: int) -> None:
    """A length of time in nanoseconds, whatever it was written as."""
    given = getattr(one, name)
    if not isinstance(given, int | str) or isinstance(given, bool):
        raise ConfigError(
            f"{name} is {given!r}; it is a whole number of nanoseconds, or text", 'write 1_000_000 or "1ms"'
        )
    delay = duration_ns(given, name)
    if delay < 0:
        raise ConfigError(f"{name} is {given!r}; it must not be negative")
    if delay > longest_ns:
        raise ConfigError(
            f"{name} is {given!r}, which is {delay} ns; allowed: up to {longest_ns} ns", 'write for example "10ms"'
        )
    object.__setattr__(one, name, delay)


@dataclass(frozen=True)
class Fees:
    """What a fill costs, in the quote asset.

    Parameters
    ----------
    maker, taker
        Fractions of the notional (0.001 is 0.1 %), or text such as ``"0.1%"``; a negative maker rate is a rebate.
    per_contract
        Added per contract (or unit) filled, in quote.

    Examples
    --------
    >>> Fees(taker=0.001).taker
    0.001
    """

    maker: float = 0.0
    taker: float = 0.0
    per_contract: float = 0.0

    def __post_init__(self) -> None:
        for name in ("maker", "taker"):
            rate = _set_fraction(self, name, f"{name} fee")
            if not -0.01 <= rate <= 0.2:
                raise ConfigError(
                    f"{name} fee is {rate}; allowed: -0.01 to 0.2",
                    'rates are fractions: 0.1 % is 0.001, or "0.1%"',
                )
        if not _set_amount(self, "per_contract", "per_contract fee") >= 0:
            raise ConfigError(f"per_contract fee is {self.per_contract}; it must not be negative")


@dataclass(frozen=True)
class Latency:
    """Constant delays in nanoseconds of simulated time, or as text such as ``"10ms"``.

    Parameters
    ----------
    request_ns
        From the engine's decision to the venue.
    response_ns
        From the venue back to the engine.
    feed_ns
        From the venue to the engine for market data; ignored where the data has ``time_received``.

    Examples
    --------
    >>> Latency(request_ns="10ms").request_ns
    10000000
    """

    request_ns: int = 0
    response_ns: int = 0
    feed_ns: int = 0

    def __post_init__(self) -> None:
        for name in ("request_ns", "response_ns", "feed_ns"):
            _set_duration(self, name, _LONGEST_DELAY_NS)


@dataclass(frozen=True)
class Margin:
    """What holding one position ties up: a fraction of its notional or a fixed sum per contract."""

    rate: float = 1.0
    per_contract: float | None = None

    def __post_init__(self) -> None:
        if not 0 < _set_fraction(self, "rate", "margin rate") <= 1:
            raise ConfigError(f"margin rate is {self.rate}; allowed: above 0 to 1", "leverage 5 is a rate of 0.2")
        if self.per_contract is not None and not _set_amount(self, "per_contract", "margin per contract") > 0:
            raise ConfigError(f"margin per contract is {self.per_contract}; it must be positive")


@dataclass(frozen=True)
class Venue:
    """The terms of one exchange.

    Parameters
    ----------
    fees, latency, margin
        For every instrument; ``fees_by_instrument`` and ``margin_by_instrument`` override by name. A mapping of their
        parameters does as well; a number or text is the rate: of fees both the maker's and the taker's.
    account
        ``"cash"``: spot cannot go short or into debt. ``"margin"``: it can, as far as equity covers
        ``margin``. Derivatives always use margin.
    taker_fills_on, maker_fills_on
        Which market events fill orders that take and orders that rest. ``"auto"`` picks the first that
        the instrument has data for: takers quotes, trades, candles; makers trades, quotes, candles.
    triggers_on
        Which market events trigger stops and orders if touched (rule 28): ``"auto"`` picks the first of trades,
        candles, quotes that the instrument has data for.
    limit_fill
        A resting limit fills when a trade or a candle's range goes ``"through"`` its price (conservative), or
        when it reaches it: ``"touch"``. On quotes it fills when the opposite side reaches it, whatever is chosen.
    max_age_ns
        A market order never fills at a quote older than this, in nanoseconds or as text; 0: no limit.

    Examples
    --------
    >>> Venue(fees="0.1%").fees
    Fees(maker=0.001, taker=0.001, per_contract=0.0)
    """

    fees: Fees = Fees()
    latency: Latency = Latency()
    margin: Margin = Margin()
    account: Literal["cash", "margin"] = "cash"
    taker_fills_on: Evidence = "auto"
    maker_fills_on: Evidence = "auto"
    triggers_on: Evidence = "auto"
    limit_fill: Literal["through", "touch"] = "through"
    max_age_ns: int = 0
    fees_by_instrument: Mapping[str, Fees] = field(default_factory=dict)
    margin_by_instrument: Mapping[str, Margin] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = {
            "account": ("cash", "margin"),
            "taker_fills_on": ("auto", "quotes", "trades", "candles"),
            "maker_fills_on": ("auto", "quotes", "trades", "candles"),
            "triggers_on": ("auto", "quotes", "trades", "candles"),
            "limit_fill": ("through", "touch"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(values)}")
        _set_duration(self, "max_age_ns", _LONGEST_AGE_NS)
        for name, made in (("fees", _fees), ("margin", _margin)):
            every = f"{name}_by_instrument"
            if not isinstance(getattr(self, every), Mapping):
                raise ConfigError(f"{every} is {getattr(self, every)!r:.60}; it must be a mapping by instrument")
            own = {one: made(given, f"{every} of {one!r}") for one, given in getattr(self, every).items()}
            object.__setattr__(self, name, made(getattr(self, name), name))
            object.__setattr__(self, every, own)
        object.__setattr__(self, "latency", _part(Latency, self.latency, "latency"))


def _fees(given: Any, where: str) -> Fees:
    rate: Any = given
    return Fees(rate, rate) if isinstance(given, int | float | str | Decimal) else _part(Fees, given, where)


def _margin(given: Any, where: str) -> Margin:
    rate: Any = given
    return Margin(rate) if isinstance(given, int | float | str | Decimal) else _part(Margin, given, where)


def _part(kind: type[Part], given: Any, where: str) -> Part:
    """Fees, latency or margin, or a mapping of their parameters."""
    if isinstance(given, kind):
        return given
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass, as all three are
    example = f"{kind.__name__}({known[0]}={'0.001' if known[0] != 'request_ns' else repr('10ms')})"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} is {given!r:.60}; it must be {kind.__name__}", f"write {example}")
    for name in given:
        if name not in known:
            like = nearest(str(name), known)
            raise ConfigError(
                f"{where} has {name!r}; known: {', '.join(known)}", f"did you mean {like!r}?" if like else None
            )
    return kind(**given)
