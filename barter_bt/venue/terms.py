"""The terms a simulated venue deals on: costs, latency, account, and which evidence fills an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

from barter_bt.errors import ConfigError, nearest
from barter_bt.instrument.number import fraction
from barter_bt.venue.costs import Fees, Slippage
from barter_bt.venue.delays import LONGEST_NS, Delays, delays_of
from barter_bt.venue.faults import Faults
from barter_bt.venue.given import set_duration, set_fraction
from barter_bt.venue.latency_rows import read_latency_rows
from barter_bt.venue.margins import Margin

Evidence = Literal["auto", "book", "quotes", "trades", "candles"]
Part = TypeVar("Part")
_LONGEST_AGE_NS = 1 << 62
_FREE, _NO_SLIPPAGE, _ALL_OF_IT, _NO_FAULTS = Fees(), Slippage(), Margin(), Faults()
_EXAMPLES = {"request_ns": "'10ms'", "ticks": "1", "seed": "1, reject='1%'"}


@dataclass(frozen=True)
class Latency:
    """Delays in nanoseconds of simulated time, or as text such as ``"10ms"``; or :class:`Delays` (rule 52).

    A mapping does for :class:`Delays` as well: ``{"uniform": ["1ms", "5ms"]}``, ``{"median": "5ms", "sigma": 0.5}``,
    ``{"measured": [...]}`` or ``{"by_time": [[time, delay], ...]}``. Messages of one link never overtake each other.

    Parameters
    ----------
    request_ns
        From the engine's decision to the venue.
    response_ns
        From the venue back to the engine.
    feed_ns
        From the venue to the engine for market data; ignored where the data has ``time_received``.
    seed
        Of what is drawn; a whole number from 0 on.

    Examples
    --------
    >>> Latency(request_ns="10ms").request_ns
    10000000
    >>> Latency(Delays.lognormal("5ms", 0.5), response_ns={"uniform": ["1ms", "5ms"]}, seed=7).response_ns
    Delays(interpolated, 2 from 1,000,000 to 5,000,000 ns)
    """

    request_ns: int | Delays = 0
    response_ns: int | Delays = 0
    feed_ns: int | Delays = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("request_ns", "response_ns", "feed_ns"):
            given: Any = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, delays_of(given, name))
            elif not isinstance(given, Delays):
                set_duration(self, name, LONGEST_NS)
        seed: Any = self.seed
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 62:
            raise ConfigError(f"seed of a latency is {seed!r}; it must be a whole number from 0 to 2^62")

    @classmethod
    def from_hftbacktest(
        cls, *paths: str | Path, feed_ns: int | str | Delays = 0, leave_out_refused: bool = False
    ) -> Latency:
        """Latencies of orders as hftbacktest keeps them: npz files of ``req_ts``, ``exch_ts`` and ``resp_ts``.

        A request takes as long as the last one that was measured before it was sent, a report as the last answer that
        the exchange had sent before it; in hftbacktest what lies between two measurements is interpolated.

        Parameters
        ----------
        paths
            Files, in any order.
        feed_ns
            As above; hftbacktest has it in the times of its events (``local_ts``), which importers read.
        leave_out_refused
            Whether to read a file in which requests have no ``exch_ts``, for the exchange refused them, without these.

        Raises
        ------
        DataError
            A file has another layout, no row, one that was refused, or a message that arrives before it is sent.

        Examples
        --------
        >>> import numpy as np, pathlib, tempfile
        >>> names = [(f"{name}_ts", "i8") for name in ("req", "exch", "resp")]
        >>> rows = np.array([(0, 3_000, 5_000), (10_000, 14_000, 15_000)], names)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(pathlib.Path(folder, "latency.npz"), data=rows)
        ...     latency = Latency.from_hftbacktest(pathlib.Path(folder, "latency.npz"))
        >>> latency.request_ns, latency.response_ns.delays
        (Delays(by_time, 2 from 3,000 to 4,000 ns), (2000, 1000))
        """
        request, response = read_latency_rows(paths, leave_out_refused)
        return cls(request, response, feed_ns)  # type: ignore[arg-type] # text is a length of time


@dataclass(frozen=True)
class Venue:
    """The terms of one exchange.

    Parameters
    ----------
    fees, latency, margin
        For every instrument; ``fees_by_instrument`` and ``margin_by_instrument`` override by name. A mapping of their
        parameters does as well; a number or text is the rate: of fees both the maker's and the taker's. Fees may also
        be the name of one of the ``FEE_PRESETS`` of :mod:`barter_bt.venue`.
    account
        ``"cash"``: spot cannot go short or into debt. ``"margin"``: it can, as far as equity covers
        ``margin``. Derivatives always use margin.
    taker_fills_on, maker_fills_on
        Which market events fill orders that take and orders that rest. ``"auto"`` picks the first that
        the instrument has data for: takers a book, quotes, trades, candles; makers a book, trades, quotes, candles.
        Takers walk the levels of a book (rule 90), orders that rest stand in its queues (rule 91).
    triggers_on
        Which market events trigger stops and orders if touched (rule 28): ``"auto"`` picks the first of trades,
        candles, quotes that the instrument has data for.
    candle_fill
        Which price of a candle fills a market order: the ``"next_open"`` (or close, whichever comes first), the
        ``"next_close"``, or ``"this_close"``: the close that was seen when it was sent, which no trader can have
        (rule 36).
    candle_path
        The order in which a candle goes through its prices: ``"pessimistic"``, whichever is worse for the account;
        ``"optimistic"``, whichever is better (rule 105); ``"open_high_low_close"`` or ``"open_low_high_close"``;
        ``"adaptive"``, the extreme that is nearer to the open first (rule 59).
    mark
        What a book with both sides says that a position is worth: the ``"weighted_mid"``, the ``"mid"``, the ``"last"``
        price, which is also that of trades and candles without a book, or ``"closing"``: the side that takes it,
        ``"closing_with_fee"`` less the plain rate of the taker's fee (rule 73).
    collateral
        Assets that count as collateral beside the one in which positions are margined, each with its haircut:
        ``{"btc": "10%"}`` counts nine tenths of what a btc is worth (rule 75).
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
    locked_quotes
        Whether a quote whose bid equals its ask fills: ``"wait"``, it does not, or ``"fill"`` (rule 14).
    beyond_size
        What becomes of an order that takes more than a quote has: it has to ``"wait"`` for the next, or all of the rest
        fills ``"one_tick_worse"`` at once, however much that is (rule 14).
    queue
        How much of what leaves a price of a book without a trade stood ahead of own orders there: nothing as long as
        that can be (``"conservative"``), as the ``"power"`` or the ``"logarithmic"`` family says, or a power of the
        order's place among the others (``"relative_power"``, rule 92); ``"fifo"``: a book by order tells (rule 94).
    queue_power
        Of ``queue="power"`` and ``"relative_power"`` the exponent, from 1, in proportion, to 9.
    faults
        What goes wrong on purpose, or a mapping of its parameters (rules 96 and 97); nothing unless given.

    Examples
    --------
    >>> Venue(fees="0.1%").fees.taker
    0.001
    """

    fees: Fees = _FREE
    latency: Latency = Latency()
    margin: Margin = _ALL_OF_IT
    account: Literal["cash", "margin"] = "cash"
    taker_fills_on: Evidence = "auto"
    maker_fills_on: Evidence = "auto"
    triggers_on: Literal["auto", "quotes", "trades", "candles"] = "auto"
    limit_fill: Literal["through", "touch"] = "through"
    max_age_ns: int = 0
    fees_by_instrument: Mapping[str, Fees] = field(default_factory=dict)
    margin_by_instrument: Mapping[str, Margin] = field(default_factory=dict)
    candle_fill: Literal["next_open", "next_close", "this_close"] = "next_open"
    slippage: Slippage = _NO_SLIPPAGE
    slippage_by_instrument: Mapping[str, Slippage] = field(default_factory=dict)
    participation: float | None = None
    candle_path: Literal["pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive"] = (
        "pessimistic"
    )
    mark: Literal["weighted_mid", "mid", "last", "closing", "closing_with_fee"] = "weighted_mid"
    collateral: Mapping[str, float] = field(default_factory=dict)
    locked_quotes: Literal["wait", "fill"] = "wait"
    beyond_size: Literal["wait", "one_tick_worse"] = "wait"
    queue: Literal["conservative", "power", "logarithmic", "fifo", "relative_power"] = "conservative"
    queue_power: int | None = None
    faults: Faults = _NO_FAULTS

    def __post_init__(self) -> None:
        allowed = {
            "account": ("cash", "margin"),
            "taker_fills_on": ("auto", "book", "quotes", "trades", "candles"),
            "maker_fills_on": ("auto", "book", "quotes", "trades", "candles"),
            "triggers_on": ("auto", "quotes", "trades", "candles"),
            "limit_fill": ("through", "touch"),
            "candle_fill": ("next_open", "next_close", "this_close"),
            "candle_path": ("pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive"),
            "mark": ("weighted_mid", "mid", "last", "closing", "closing_with_fee"),
            "locked_quotes": ("wait", "fill"),
            "beyond_size": ("wait", "one_tick_worse"),
            "queue": ("conservative", "power", "logarithmic", "fifo", "relative_power"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(values)}")
        set_duration(self, "max_age_ns", _LONGEST_AGE_NS)
        self._check_queue()
        if self.participation is not None and not 1e-9 <= set_fraction(self, "participation", "participation") <= 1:
            raise ConfigError(
                f"participation is {self.participation}; allowed: 1e-9 to 1", 'a tenth of what is traded is "10%"'
            )
        if self.participation is not None and self.beyond_size != "wait":
            raise ConfigError(
                f"participation is {self.participation}, and beyond_size is {self.beyond_size!r}",
                "a bound on what orders get, and all that they want, exclude each other",
            )
        for name, made in (("fees", _fees), ("margin", _margin), ("slippage", _slippage)):
            every = f"{name}_by_instrument"
            if not isinstance(getattr(self, every), Mapping):
                raise ConfigError(f"{every} is {getattr(self, every)!r:.60}; it must be a mapping by instrument")
            own = {one: made(given, f"{every} of {one!r}") for one, given in getattr(self, every).items()}
            object.__setattr__(self, name, made(getattr(self, name), name))
            object.__setattr__(self, every, own)
        object.__setattr__(self, "collateral", _haircuts(self.collateral))
        object.__setattr__(self, "latency", _part(Latency, self.latency, "latency"))
        object.__setattr__(self, "faults", _part(Faults, self.faults, "faults"))

    def _check_queue(self) -> None:
        power: Any = self.queue_power
        has_power = self.queue in ("power", "relative_power")
        if not has_power and power is not None:
            raise ConfigError(
                f"queue_power is {power!r}, and queue is {self.queue!r}", 'write queue="power" or "relative_power", too'
            )
        whole = isinstance(power, int) and not isinstance(power, bool)
        if has_power and not (whole and 1 <= power <= 9):
            raise ConfigError(
                f"queue_power is {power!r}; it must be a whole number from 1 to 9", "1 shares in proportion"
            )


def _haircuts(given: Any) -> dict[str, float]:
    """Haircuts by asset, as floats."""
    if not isinstance(given, Mapping):
        raise ConfigError(f"collateral is {given!r:.60}; it must say the haircut of each asset", '{"btc": "10%"}')
    found = {name: float(fraction(haircut, f"haircut of {name!r}")) for name, haircut in given.items()}
    for name, haircut in found.items():
        if not 0 <= haircut < 1:
            raise ConfigError(f"haircut of {name!r} is {haircut}; allowed: 0 to below 1", "a tenth is 0.1")
    return found


def _fees(given: Any, where: str) -> Fees:
    if isinstance(given, str) and not any(each.isdigit() for each in given[:2]):
        from barter_bt.venue.presets import FEE_PRESETS

        if given in FEE_PRESETS:
            return FEE_PRESETS[given].fees
        like = nearest(given, FEE_PRESETS)
        raise ConfigError(
            f"{where} is {given!r}; known: {', '.join(FEE_PRESETS)}; or a rate",
            f"did you mean {like!r}?" if like else None,
        )
    rate: Any = given
    return Fees(rate, rate) if isinstance(given, int | float | str | Decimal) else _part(Fees, given, where)


def _margin(given: Any, where: str) -> Margin:
    rate: Any = given
    return Margin(rate) if isinstance(given, int | float | str | Decimal) else _part(Margin, given, where)


def _slippage(given: Any, where: str) -> Slippage:
    rate: Any = given
    return Slippage(rate=rate) if isinstance(given, int | float | str | Decimal) else _part(Slippage, given, where)


def _part(kind: type[Part], given: Any, where: str) -> Part:
    """Fees, latency, margin, slippage or faults, or a mapping of their parameters."""
    if isinstance(given, kind):
        return given
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass, as all five are
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
