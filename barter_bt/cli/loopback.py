"""An exchange on a port of this machine, at which the command line trades as at any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from barter_bt.cli.places import FUTURES, SPOT
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.data import Stream
    from barter_bt.instrument import Instrument
    from barter_bt.live import Clock
    from barter_bt.live.binance import BinanceAccount, BinanceMarket
    from barter_bt.live.raw import RawRecorder
    from barter_bt.testing.exchange import Listing

_MARGIN = "usdt"
_BOUNDS = ("price_max", "quantity_max", "market_quantity_max", "notional_max", "multiplier_up")
_NO_MOST = Decimal(10**12)  # an instrument says none
_KEYS = "key-of-loopback", "secret-of-loopback"
PACE, FASTEST_NS = "30s", 60 * 10**9


@dataclass(frozen=True)
class Loopback:
    """What there is to trade with.

    Parameters
    ----------
    clock
        What time it is there.
    market, account
        Adapters of the exchange; no account where it takes no orders.
    heard
        Its streams that are listened to.
    replay
        Lets the market begin; returns when the data has ended, and a second later.
    """

    clock: Clock
    market: BinanceMarket
    account: BinanceAccount | None
    heard: Sequence[str]
    replay: Callable[[], Awaitable[None]]


@asynccontextmanager
async def loopback(
    built: Mapping[str, Any],
    pace: str | None,
    streams: list[str] | None,
    *,
    takes_orders: bool,
    raw: RawRecorder | None = None,
    pace_key: str = "--pace",
) -> AsyncIterator[Loopback]:
    """An exchange that says the data of a configuration, with its balances and fees.

    Parameters
    ----------
    built
        The configuration.
    pace
        Time of the data in a second; by default 30 s.
    streams
        What of the market is listened to; by default all that the data has.
    takes_orders
        Whether there is an account.
    raw
        Keeps what it says.
    pace_key
        What the pace is called where it was given, for messages.

    Raises
    ------
    ConfigError
        The pace, what is listened to, or something of the configuration, is not for a loopback exchange; an instrument
        has no data.
    InstrumentError
        Data is of an instrument that the configuration has not.
    """
    from barter_bt.backtest.asked import nanoseconds
    from barter_bt.data.duration import duration_ns
    from barter_bt.engine.agenda import NEVER
    from barter_bt.live import Paced
    from barter_bt.live.binance import BinanceAccount, BinanceMarket, FuturesAccount, Keys
    from barter_bt.live.clock import SECOND_NS
    from barter_bt.testing.exchange import LoopbackExchange, LoopbackFutures
    from barter_bt.testing.exchange.replay import channels, replay_market

    pace = PACE if pace is None else pace
    traded, data, pace_ns = built["instruments"], built["data"], duration_ns(pace, pace_key)
    place = _place(traded)
    if not 0 < pace_ns <= FASTEST_NS:
        raise ConfigError(f"{pace_key} is {pace}; requests are good for 5 s of the exchange's clock", "write 1s to 1m")
    heard, listings = _heard(streams, channels(data)), {one.name: _listing(one) for one in traded}
    symbols = _symbols(traded, data, listings)
    start = nanoseconds(built.get("start"), min(stream.time_range()[0] for stream in data), "run.start")
    end = nanoseconds(built.get("end"), NEVER, "run.end")
    clock = Paced(start - pace_ns, pace_ns / SECOND_NS)  # a second to connect
    balances = {asset.upper(): Decimal(str(amount)) for asset, amount in built["balances"].items()}
    given: dict[str, Any] = {"key": _KEYS[0], "secret": _KEYS[1]}
    if takes_orders:
        given |= _fees(built["venues"][place].fees)
    served = LoopbackExchange if place == SPOT else LoopbackFutures
    async with served(clock, [*listings.values()], balances, **given) as exchange:
        there: dict[str, Any] = {"endpoints": exchange.endpoints, "clock": clock, "raw": raw}
        market, account = BinanceMarket(traded, heard, **there), None
        if takes_orders:
            kind = BinanceAccount if place == SPOT else FuturesAccount
            account = kind(traded, Keys(*_KEYS), dry_run=False, **there)
        groups = exchange.endpoints.dialect.groups
        sockets = len({groups.get(one, "") for one in heard}) + takes_orders

        async def replay() -> None:
            while len(exchange.sockets.open) < sockets:
                await clock.sleep_until(clock.now() + pace_ns // 100)
            await replay_market(exchange, data, symbols, clock, start, end)
            await clock.sleep_until(clock.now() + pace_ns)

        yield Loopback(clock, market, account, heard, replay)


def _heard(streams: list[str] | None, said: Sequence[str]) -> Sequence[str]:
    """What is listened to: all that the data says, or some of it; what moves a quote moves a book."""
    allowed = dict.fromkeys((*said, "book"))
    for one in streams or ():
        if one not in allowed:
            raise ConfigError(
                f"the data says no {one!r}, so that nothing would be heard", f"allowed: {', '.join(allowed)}"
            )
    return streams or said


def _place(traded: Sequence[Instrument]) -> str:
    """Which of Binance's exchanges the instruments are of."""
    places = dict.fromkeys(one.exchange for one in traded)
    if len(places) > 1:
        raise ConfigError(
            f"instruments are of {' and '.join(places)}; a loopback is one exchange", "leave the others out"
        )
    for one in traded:
        is_there = (one.exchange, one.kind) in ((SPOT, "spot"), (FUTURES, "perpetual"))
        if not is_there or one.price_increment is None or one.quantity_increment is None:
            raise ConfigError(
                f"{one.name!r} of {one.exchange!r} is no spot instrument of {SPOT!r} with increments, and no perpetual "
                f"of {FUTURES!r}",
                "as docs/examples/paper.toml has them; barter-bt paper --exchange file trades all others on paper",
            )
        if one.kind != "spot" and (one.settlement or one.quote) != _MARGIN:
            raise ConfigError(f"{one.name!r} is not settled in {_MARGIN}, as futures of a loopback exchange are")
    return next(iter(places))


def _symbols(traded: Sequence[Instrument], data: Sequence[Stream], listings: Mapping[str, Listing]) -> dict[str, str]:
    """What the exchange calls each instrument of the data; a misspelt one would be a market that says nothing."""
    from barter_bt.instrument import IndexedInstruments

    index = IndexedInstruments(traded)
    told = {name: traded[index.instrument(name)].name for stream in data for name in stream.instruments}
    silent = [one.name for one in traded if one.name not in told.values()]
    if silent:
        raise ConfigError(f"there is no data of {', '.join(silent)}: nothing would be heard of it", "leave it out")
    return {name: listings[its].symbol for name, its in told.items()}


def _listing(one: Instrument) -> Listing:
    from barter_bt.testing.exchange import Listing

    base, quote = (one.base_name_exchange or one.base).upper(), (one.quote_name_exchange or one.quote).upper()
    symbol = (one.name_exchange or one.name.replace("_", "")).upper()
    filters: dict[str, Any] = dict.fromkeys(_BOUNDS, _NO_MOST) | {
        "tick": Decimal(str(one.price_increment)),
        "step": Decimal(str(one.quantity_increment)),
        "min_notional": Decimal(str(one.notional_min or 0)),
        "multiplier_down": Decimal(0),
        "most_orders": int(_NO_MOST),
    }
    return Listing(symbol, base, quote, **filters)


def _fees(fees: Any) -> dict[str, str]:
    if fees.maker != fees.taker:
        raise ConfigError(f"fees are {fees.maker} and {fees.taker}; a loopback exchange has one", "maker = taker")
    paid_in = fees.paid_in
    fee_in = paid_in if paid_in in ("quote", "received") else paid_in.upper()
    return {"fee": str(Decimal(str(fees.taker))), "fee_in": fee_in}
