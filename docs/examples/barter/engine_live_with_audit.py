"""A live market, a mock exchange that fills on it, and the audit of the engine as it comes.

The market is that of the loopback exchange, which speaks Binance's dialect on a port of this machine, so nothing leaves
it; without ``endpoints`` and ``clock`` the same lines listen to Binance's test network.

Barter: engine_sync_with_live_market_data_and_mock_execution_and_audit.
"""

import asyncio
from collections import Counter
from typing import Any

import barter_bt as bt
from barter_bt.live import Manual, MockExchange, System, binance
from barter_bt.protocol import TradingState
from barter_bt.testing.exchange import LoopbackExchange


class Dips:
    """Buys one at the first price below 100."""

    name = "dips"

    def generate_algo_orders(self, state: bt.strategy.State) -> tuple[list[int], list[bt.OrderRequest]]:
        """One order in all."""
        price = state.price("btc_usdt")
        wanted = 0 < price < 100 and not len(state.raw.orders)
        return [], [bt.OrderRequest("btc_usdt", 1)] if wanted else []


async def run() -> None:
    """Let the market move until the mock exchange has filled the order."""
    clock, events = Manual(1_700_000_000_000_000_000), Counter[str]()
    async with LoopbackExchange(clock) as exchange:
        there: dict[str, Any] = {"endpoints": exchange.endpoints, "clock": clock}
        traded = await binance.instruments(["BTCUSDT"], exchange.endpoints, clock)
        market = binance.BinanceMarket(traded, ["quotes"], **there)
        mock = MockExchange(market, traded, clock=clock, balances={"usdt": 1_000})
        handle = await System(traded, Dips(), sources=[mock], clients=[mock], clock=clock).start()
        await handle.set_trading(TradingState.ENABLED)

        async def listen() -> None:
            async for audit in handle.audits():
                events[type(audit.event).__name__] += 1

        listening, bid = asyncio.create_task(listen()), 102.0
        while not handle.snapshot().position("btc_usdt"):
            bid -= 0.5
            exchange.quote(f"{bid}", f"{bid + 0.5}", "2")
            await exchange.flush()
            await clock.set(clock.now() + 1_000_000)
        done = await handle.shutdown()
        await listening
    print("bought at", done.trades["price"].item())
    print("the audit told of", *(name for name in ("Market", "Account") if events[name]), "events")


def main() -> None:
    """Run it."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
