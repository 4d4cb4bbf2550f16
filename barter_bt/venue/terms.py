"""The terms a simulated venue deals on: costs, latency, account, and which evidence fills an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, TypeVar

from barter_bt.errors import ConfigError, nearest
from barter_bt.venue.costs import Fees, Slippage
from barter_bt.venue.given import set_amount, set_duration, set_fraction

Evidence = Literal["auto", "quotes", "trades", "candles"]
Part = TypeVar("Part")
_LONGEST_DELAY_NS = 366 * 86_400_000_000_000  # so that no time leaves the range of nanoseconds
_LONGEST_AGE_NS = 1 << 62
_FREE, _NO_SLIPPAGE = Fees(), Slippage()
_EXAMPLES = {"request_ns": "'10ms'", "ticks": "1"}


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
            set_duration(self, name, _LONGEST_DELAY_NS)


@dataclass(frozen=True)
class Margin:
    """What a position needs: to grow, and to be held (rules 19, 42 and 43).

    Parameters
    ----------
    rate
        Fraction of its notional that must be there when it grows: 0.2 is a leverage of 5. Of a short option it is a
        fraction of its strike's, beside what the option is worth; a long one needs all that it is worth (rule 64).
    per_contract
        A fixed sum for each contract instead.
    maintenance
        Fraction of its notional below which all that is margined in its asset is liquidated, at most ``rate``. 0:
        positions are closed when nothing is left; that is what None means where a derivative is settled in the asset.
        Where there is only spot, None is never: the warnings tell of an equity below zero.
    maintenance_per_contract
        A fixed sum for each contract instead.
    liquidation_fee
        Fraction of the notional that a liquidation costs beside the taker fee.

    Examples
    --------
    >>> Margin("10%", maintenance="5%").maintenance
    0.05
    """

    rate: float = 1.0
    per_contract: float | None = None
    maintenance: float | None = None
    maintenance_per_contract: float | None = None
    liquidation_fee: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < set_fraction(self, "rate", "margin rate") <= 1:
            raise ConfigError(f"margin rate is {self.rate}; allowed: above 0 to 1", "leverage 5 is a rate of 0.2")
        if self.per_contract is not None and not set_amount(self, "per_contract", "margin per contract") > 0:
            raise ConfigError(f"margin per contract is {self.per_contract}; it must be positive")
        if (
            self.maintenance is not None
            and not 0 <= set_fraction(self, "maintenance", "maintenance margin") <= self.rate
        ):
            raise ConfigError(
                f"maintenance margin is {self.maintenance}; allowed: 0 to the margin rate, {self.rate}",
                "what must be kept is not more than what it takes to open",
            )
        if self.maintenance_per_contract is not None:
            kept = set_amount(self, "maintenance_per_contract", "maintenance per contract")
            if not 0 <= kept <= (kept if self.per_contract is None else self.per_contract):
                raise ConfigError(f"maintenance per contract is {kept}; allowed: 0 to the margin per contract")
        if not 0 <= set_fraction(self, "liquidation_fee", "liquidation fee") <= 0.2:
            raise ConfigError(f"liquidation fee is {self.liquidation_fee}; allowed: 0 to 0.2")


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
    candle_fill
        Which price of a candle fills a market order: the ``"next_open"`` (or close, whichever comes first), the
        ``"next_close"``, or ``"this_close"``: the close that was seen when it was sent, which no trader can have
        (rule 36).
    candle_path
        The order in which a candle goes through its prices: ``"pessimistic"``, whichever is worse for the account;
        ``"open_high_low_close"`` or ``"open_low_high_close"``; ``"adaptive"``, the extreme that is nearer to the open
        first (rule 59).
    slippage
        Moves the price of orders that take against them; ``slippage_by_instrument`` overrides by name. A mapping of
        its parameters does as well; a number or text is the rate.
    participation
        The most that own orders together get of what one event of the market shows: a fraction, or text such as
        ``"10%"``. None: all of a quote or a trade, and of a candle whatever they want (rule 38).
    limit_fill
        A resting limit fills when a trade or a candle's range goes ``"through"`` its price (conservative), or
        when it reaches it: ``"touch"``. On quotes it fills when the opposite side reaches it, whatever is chosen.
    max_age_ns
        A market order never fills at a quote older than this, in nanoseconds or as text; 0: no limit.

    Examples
    --------
    >>> Venue(fees="0.1%").fees
    Fees(maker=0.001, taker=0.001, per_contract=0.0, per_order=0.0, minimum=0.0, maximum=None, increment=None)
    """

    fees: Fees = _FREE
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
    candle_fill: Literal["next_open", "next_close", "this_close"] = "next_open"
    slippage: Slippage = _NO_SLIPPAGE
    slippage_by_instrument: Mapping[str, Slippage] = field(default_factory=dict)
    participation: float | None = None
    candle_path: Literal["pessimistic", "open_high_low_close", "open_low_high_close", "adaptive"] = "pessimistic"

    def __post_init__(self) -> None:
        allowed = {
            "account": ("cash", "margin"),
            "taker_fills_on": ("auto", "quotes", "trades", "candles"),
            "maker_fills_on": ("auto", "quotes", "trades", "candles"),
            "triggers_on": ("auto", "quotes", "trades", "candles"),
            "limit_fill": ("through", "touch"),
            "candle_fill": ("next_open", "next_close", "this_close"),
            "candle_path": ("pessimistic", "open_high_low_close", "open_low_high_close", "adaptive"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(values)}")
        set_duration(self, "max_age_ns", _LONGEST_AGE_NS)
        if self.participation is not None and not 1e-9 <= set_fraction(self, "participation", "participation") <= 1:
            raise ConfigError(
                f"participation is {self.participation}; allowed: 1e-9 to 1", 'a tenth of what is traded is "10%"'
            )
        for name, made in (("fees", _fees), ("margin", _margin), ("slippage", _slippage)):
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


def _slippage(given: Any, where: str) -> Slippage:
    rate: Any = given
    return Slippage(rate=rate) if isinstance(given, int | float | str | Decimal) else _part(Slippage, given, where)


def _part(kind: type[Part], given: Any, where: str) -> Part:
    """Fees, latency, margin or slippage, or a mapping of their parameters."""
    if isinstance(given, kind):
        return given
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass, as all four are
    example = f"{kind.__name__}({known[0]}={_EXAMPLES.get(known[0], '0.001')})"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} is {given!r:.60}; it must be {kind.__name__}", f"write {example}")
    for name in given:
        if name not in known:
            like = nearest(str(name), known)
            raise ConfigError(
                f"{where} has {name!r}; known: {', '.join(known)}", f"did you mean {like!r}?" if like else None
            )
    return kind(**given)
