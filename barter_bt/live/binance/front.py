"""What to begin with: the instruments, as the exchange describes them, and what a session before has heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from barter_bt.instrument import Instrument
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.rest import Rest
from barter_bt.live.binance.symbols import instrument_of
from barter_bt.live.clock import Clock, WallClock
from barter_bt.live.ledger import account_items
from barter_bt.live.recording import read_session
from barter_bt.protocol import Trade


async def instruments(
    symbols: Sequence[str], endpoints: Endpoints = TEST_NETWORK, clock: Clock | None = None
) -> list[Instrument]:
    """Ask the exchange for instruments, with their ticks, lots and smallest orders.

    Parameters
    ----------
    symbols
        In the exchange's spelling, such as ``"BTCUSDT"``.
    endpoints
        Which exchange and network; by default the test network of the spot exchange.
    clock
        What time it is.

    Returns
    -------
    list of Instrument
        In the order of the symbols.

    Raises
    ------
    ConnectionFailed
        There is no answer, or the exchange does not know one of them.
    """
    rest = Rest(endpoints, None, clock or WallClock())
    try:
        found = {
            one.symbol: instrument_of(one, endpoints.dialect)
            for one in (await rest.exchange_info(list(symbols))).symbols
        }
        return [found[symbol] for symbol in symbols]
    finally:
        await rest.close()


def last_trades(recording: str | Path) -> dict[str, int]:
    """Ids of the last trades that a recorded session was told of, with which the next goes on.

    Parameters
    ----------
    recording
        Directory of the session.

    Returns
    -------
    dict
        By instrument, for :class:`~barter_bt.live.binance.BinanceAccount`.

    Raises
    ------
    ConfigError
        It is no recording.
    DataError
        It is damaged.
    """
    found: dict[str, int] = {}
    for arrival, _ in read_session(recording).arrivals():
        for _, kind in account_items(arrival):
            if isinstance(kind, Trade):
                name = str(kind.instrument)
                found[name] = max(found.get(name, -1), int(kind.id))
    return found


def began(recording: str | Path) -> int | None:
    """When a recorded session heard something first, ns since 1970; None if it never did.

    Parameters
    ----------
    recording
        Directory of the session.

    Returns
    -------
    int or None
        For ``since`` of :class:`~barter_bt.live.binance.BinanceAccount`: a session that was killed before it was
        told of its first trade does not forget it.

    Raises
    ------
    ConfigError
        It is no recording.
    DataError
        It is damaged.
    """
    return next((arrival.time for arrival, _ in read_session(recording).arrivals()), None)
