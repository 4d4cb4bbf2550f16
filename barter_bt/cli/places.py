"""Where the command line trades: Binance's exchanges by adapters of their own, any other through ccxt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.instrument import Instrument
    from barter_bt.live import Recorder
    from barter_bt.live.binance import Endpoints
    from barter_bt.protocol import AccountSnapshot, EngineError, Order, OrderKey

SPOT, FUTURES, CCXT = "binance_spot", "binance_futures_usd", "ccxt:"
FILE, LOOPBACK = "file", "loopback"
_KEYS = {"test": "BINANCE_TEST", "main": "BINANCE"}


def place_of(exchange: str | None, instruments: Sequence[Instrument], also: Sequence[str] = ()) -> str:
    """Which exchange is meant: the one that is named, or that of the instruments; ``also`` may stand there as well."""
    if exchange is not None:
        known = exchange in (SPOT, FUTURES) or exchange.startswith(CCXT)
        named = exchange
    else:
        (named, *others) = dict.fromkeys(one.exchange for one in instruments)
        known = named in (SPOT, FUTURES) and not others
    if not known:
        raise ConfigError(
            f"there is no adapter of {named!r}",
            f"allowed: {', '.join((*also, SPOT, FUTURES))}, and --exchange ccxt:NAME, as ccxt:okx",
        )
    return named


def recorder_of(record: Path | None, place: str, *, raw: bool, resume: bool = False) -> Recorder | None:
    """What keeps a session, if anything is to.

    Raises
    ------
    ConfigError
        Raw messages are asked for where there are none, or to go on where nothing is kept.
    """
    from barter_bt.live import Recorder

    if resume and record is None:
        raise ConfigError("--resume is without --record, the session that is to go on", "--record DIRECTORY")
    if resume and place == LOOPBACK:
        raise ConfigError("--resume needs an exchange that is still there; a loopback ends with its program")
    if raw and record is None:
        raise ConfigError("--raw is without --record, where the messages would be kept", "--record DIRECTORY")
    if raw and (place == FILE or place.startswith(CCXT)):
        what = "a file has no messages" if place == FILE else "ccxt does not tell messages as they were"
        raise ConfigError(f"--raw has no effect on exchange {place!r}: {what}", "leave it out")
    return Recorder(record, resume=resume, raw=raw) if record else None


async def instruments(place: str, network: str, symbols: Sequence[str]) -> list[Instrument]:
    """Ask what can be traded."""
    if not place.startswith(CCXT):
        from barter_bt.live import binance

        return await binance.instruments(symbols, _endpoints(place, network))
    from barter_bt.live import ccxt

    connection = _connect(place, network)
    try:
        return await ccxt.instruments(symbols, connection)
    finally:
        await connection.close()


def market(
    place: str, network: str, traded: Sequence[Instrument], streams: Sequence[str], recorder: Recorder | None
) -> Any:
    """A source of the market."""
    if not place.startswith(CCXT):
        from barter_bt.live import binance

        raw = recorder.raw if recorder else None
        return binance.BinanceMarket(traded, streams, endpoints=_endpoints(place, network), raw=raw)
    from barter_bt.live import ccxt

    return ccxt.CcxtMarket(_connect(place, network), traded, streams)


def account(
    place: str,
    network: str,
    traded: Sequence[Instrument],
    recorder: Recorder | None,
    *,
    confirm: bool,
    keyring: str | None = None,
) -> Any:
    """An account, with keys from the environment or a service of the keyring.

    It goes on with the session of a recorder that resumes.
    """
    known = recorder.directory if recorder and recorder.resumes else None
    if not place.startswith(CCXT):
        from barter_bt.live import binance

        kind = binance.BinanceAccount if place == SPOT else binance.FuturesAccount
        before: dict[str, Any] = {"raw": recorder.raw if recorder else None}
        if known:
            before |= {"last_trades": binance.last_trades(known), "since": binance.began(known)}
        make = binance.Keys
        keys = make.from_keyring(keyring) if keyring else make.from_environment(_KEYS[network])
        return kind(traded, keys, endpoints=_endpoints(place, network), dry_run=not confirm, **before)
    from barter_bt.live import ccxt

    prefix = place.removeprefix(CCXT).upper() + ("_TEST" if network == "test" else "")
    secrets = ccxt.Secrets.from_keyring(keyring) if keyring else ccxt.Secrets.from_environment(prefix)
    connection = _connect(place, network, secrets)
    return ccxt.CcxtAccount(connection, traded, dry_run=not confirm, since=_last_time(known) if known else None)


def _last_time(recording: Path) -> int:
    from barter_bt.live import read_session

    return max((arrival.time for arrival, _ in read_session(recording).arrivals()), default=0)


def _connect(place: str, network: str, secrets: Any = None) -> Any:
    from barter_bt.live import ccxt

    return ccxt.connect(place.removeprefix(CCXT), secrets, sandbox=network == "test")


def _endpoints(place: str, network: str) -> Endpoints:
    from barter_bt.live import binance

    if place == SPOT:
        return binance.TEST_NETWORK if network == "test" else binance.MAIN_NETWORK
    return binance.FUTURES_TEST_NETWORK if network == "test" else binance.FUTURES_MAIN_NETWORK


class Listener:
    """A client that sends nothing.

    Parameters
    ----------
    exchanges
        For which it stands.
    """

    def __init__(self, exchanges: tuple[str, ...]) -> None:
        self.exchanges = exchanges

    def open(self, request: Any) -> EngineError | None:
        """Refuse."""
        from barter_bt.protocol import ExecutionChannelUnhealthy

        return ExecutionChannelUnhealthy("this session only listens")

    cancel = amend = open

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        """Nothing."""
        from barter_bt.protocol import AccountSnapshot

        return AccountSnapshot(exchange, (), ())

    async def order_status(self, key: OrderKey) -> Order | None:
        """None."""
        return None

    async def close(self) -> None:
        """Do nothing."""
        return None
