"""The engine, driven by a plain program: historic data, a simulated exchange, commands on the way, a summary.

Barter: engine_sync_with_historic_market_data_and_mock_execution.
"""

from market import Trend, simulation

from barter_bt.live import paper
from barter_bt.protocol import Instruments


def main() -> None:
    """Run until a position is there, close it by hand, run to the end."""
    with paper(simulation(), Trend()).running() as handle:
        handle.run_until(lambda audit: handle.snapshot().position("aapl_usd") > 0)
        closed = handle.close_positions(Instruments("aapl_usd"))
        (sent,) = closed.outputs[0].opens.sent
        print(f"closing aapl_usd: {sent.state.side} {sent.state.quantity}")
        run = handle.shutdown_after_backtest()
    summary = run.summary()
    print(f"{summary.trades:,} trades, total return {summary.total_return:.1%}")


if __name__ == "__main__":
    main()
