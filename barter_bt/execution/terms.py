"""The terms a simulated venue deals on: fees, latency, account, and which evidence fills an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from barter_bt.errors import ConfigError

Evidence = Literal["auto", "quotes", "trades", "candles"]


@dataclass(frozen=True)
class Fees:
    """What a fill costs, in the quote asset.

    Parameters
    ----------
    maker, taker
        Fractions of the notional (0.001 is 0.1 %); a negative maker rate is a rebate.
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
            rate = getattr(self, name)
            if not -0.01 <= rate <= 0.2:
                raise ConfigError(
                    f"{name} fee is {rate}; allowed: -0.01 to 0.2",
                    "rates are fractions: 0.1 % is 0.001",
                )
        if not self.per_contract >= 0:
            raise ConfigError(f"per_contract fee is {self.per_contract}; it must not be negative")


@dataclass(frozen=True)
class Latency:
    """Constant delays in nanoseconds of simulated time.

    Parameters
    ----------
    request_ns
        From the engine's decision to the venue.
    response_ns
        From the venue back to the engine.
    feed_ns
        From the venue to the engine for market data; ignored where the data has ``time_received``.
    """

    request_ns: int = 0
    response_ns: int = 0
    feed_ns: int = 0

    def __post_init__(self) -> None:
        for name in ("request_ns", "response_ns", "feed_ns"):
            if not isinstance(getattr(self, name), int):
                raise ConfigError(
                    f"{name} is {getattr(self, name)!r}; a latency is a whole number of nanoseconds",
                    "a millisecond is 1_000_000",
                )
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; a latency must not be negative")


@dataclass(frozen=True)
class Margin:
    """What holding one position ties up: a fraction of its notional or a fixed sum per contract."""

    rate: float = 1.0
    per_contract: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ConfigError(f"margin rate is {self.rate}; allowed: above 0 to 1", "leverage 5 is a rate of 0.2")
        if self.per_contract is not None and self.per_contract <= 0:
            raise ConfigError(f"margin per contract is {self.per_contract}; it must be positive")


@dataclass(frozen=True)
class Venue:
    """The terms of one exchange.

    Parameters
    ----------
    fees, latency, margin
        For every instrument; ``fees_by_instrument`` and ``margin_by_instrument`` override by name.
    account
        ``"cash"``: spot cannot go short or into debt. ``"margin"``: it can, as far as equity covers
        ``margin``. Derivatives always use margin.
    taker_evidence, maker_evidence
        Which market events fill orders that take and orders that rest. ``"auto"`` picks the first that
        the instrument has data for: takers quotes, trades, candles; makers trades, quotes, candles.
    limit_fill
        A resting limit fills when a trade or a candle's range goes ``"through"`` its price (conservative), or
        when it reaches it: ``"touch"``. On quotes it fills when the opposite side reaches it, whatever is chosen.
    max_age_ns
        A market order never fills at a quote older than this; 0: no limit.
    """

    fees: Fees = Fees()
    latency: Latency = Latency()
    margin: Margin = Margin()
    account: Literal["cash", "margin"] = "cash"
    taker_evidence: Evidence = "auto"
    maker_evidence: Evidence = "auto"
    limit_fill: Literal["through", "touch"] = "through"
    max_age_ns: int = 0
    fees_by_instrument: Mapping[str, Fees] = field(default_factory=dict)
    margin_by_instrument: Mapping[str, Margin] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = {
            "account": ("cash", "margin"),
            "taker_evidence": ("auto", "quotes", "trades", "candles"),
            "maker_evidence": ("auto", "quotes", "trades", "candles"),
            "limit_fill": ("through", "touch"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(values)}")
        if self.max_age_ns < 0:
            raise ConfigError(f"max_age_ns is {self.max_age_ns}; it must not be negative")
