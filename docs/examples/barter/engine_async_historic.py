"""The same with asyncio: the engine is a task beside others, and its handle takes commands at any time.

Barter: engine_async_with_historic_market_data_and_mock_execution.
"""

import asyncio

from market import Trend, simulation

from barter_bt.live import paper


async def run() -> None:
    """Start the system, wait for its end, and hold it against a backtest."""
    system = paper(simulation(), Trend())
    handle = await system.start()
    done = await handle.shutdown_after_backtest()
    alone = simulation().run(Trend())
    print(f"{done.trades.height:,} trades; the exchange's books are those of a backtest:", end=" ")
    print(system.session.clients["xnas"].digest == alone.digest)


def main() -> None:
    """Run it."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
