"""Several strategies in one engine and one account; figures and positions say whose they are.

Barter: engine_sync_with_multiple_strategies.
"""

from market import Trend, simulation


def main() -> None:
    """A fast and a slow one on the same stocks."""
    result = simulation().run([Trend(20, 50, "fast"), Trend(100, 50, "slow")])
    for name, trades, positions in result.figures_by("strategy").select("strategy", "trades", "positions").rows():
        print(f"{name}: {trades:,} trades, {positions:,} positions")


if __name__ == "__main__":
    main()
