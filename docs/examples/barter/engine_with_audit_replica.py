"""A copy of the engine's state that is kept by the audit alone, and equals it column by column.

Barter: engine_sync_with_audit_replica_engine_state.
"""

from market import Trend, simulation

from barter_bt.engine.replica import differences


def main() -> None:
    """Run with a full audit, and build the state anew from it."""
    result = simulation(audit="full").run(Trend())
    replica = result.replica()
    print(f"{result.audit.height:,} entries of the audit")
    print("columns that differ:", differences(result.state, replica.state))


if __name__ == "__main__":
    main()
