"""Many backtests at the same time over the same data.

Barter: backtests_concurrent.
"""

from market import Trend, simulation

from barter_bt.research import BacktestArguments, run_backtests


def main() -> None:
    """Three windows; the constant arguments are the simulation."""
    arguments = [BacktestArguments(f"{window} days", Trend(window), risk_free=0.02) for window in (20, 50, 100)]
    done = run_backtests(simulation(), arguments)
    print(f"{len(done)} backtests")
    for name, trades, total_return in done.frame.select("id", "trades", "total_return").rows():
        print(f"{name}: {trades:,} trades, {total_return:.1%}")


if __name__ == "__main__":
    main()
