"""What to begin with: the instruments, as the exchange describes them."""

from __future__ import annotations

from collections.abc import Sequence

from barter_bt.instrument import Instrument
from barter_bt.live.binance.endpoints import TEST_NETWORK, Endpoints
from barter_bt.live.binance.rest import Rest
from barter_bt.live.binance.symbols import instrument_of
from barter_bt.live.clock import Clock, WallClock


async def instruments(
    symbols: Sequence[str], endpoints: Endpoints = TEST_NETWORK, clock: Clock | None = None
) -> list[Instrument]:
    """Ask the exchange for instruments, with their ticks, lots and smallest orders.

    Parameters
    ----------
    symbols
        In the exchange's spelling, such as ``"BTCUSDT"``.
    endpoints
        Which network; by default the test network.
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
        found = {one.symbol: instrument_of(one) for one in (await rest.exchange_info(list(symbols))).symbols}
        return [found[symbol] for symbol in symbols]
    finally:
        await rest.close()
