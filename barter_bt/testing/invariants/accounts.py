"""What holds of money: double entry, balances that fills explain, nothing spent that is not there."""

from __future__ import annotations

from barter_bt.backtest import Result
from barter_bt.testing.invariants.journal import expect, fail, place, rows, state_of
from barter_bt.testing.invariants.replay import replay, splits_of, terms_of


def assert_ledger_sums_to_zero(result: Result) -> None:
    """What the account, its counterparty and the fees have of an asset is 0 together: no money is made or lost.

    Raises
    ------
    AssertionError
        With the asset and the three amounts, in its units.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_ledger_sums_to_zero(bt.testing.run_prices([100, 101], bt.testing.schedule({"at": 60, "buy": 1})))
    """
    state_of(result)
    for asset, row in enumerate(rows(result.venue.accounts)):
        three = [row[name] for name in ("total", "counterparty", "fees")]
        if sum(three) != 0:
            parts = "account {}, counterparty {} and fees {}".format(*three)
            fail(f"ledger, {result.index.asset_names[asset]}", f"{parts} sum to {sum(three)} units, and must to 0")


def assert_balances_follow_from_fills(result: Result) -> None:
    """Every balance is the starting one and what fills, fees, splits and flows up to its time changed, to the unit.

    Raises
    ------
    AssertionError
        With the row of the balances, or the balance at the end.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_balances_follow_from_fills(bt.testing.run_prices([100, 101], bt.testing.schedule({"at": 60, "buy": 1})))
    """
    state, names = state_of(result), result.index.asset_names
    trades, postings = rows(state.trades), replay(result).postings
    changes: dict[int, list[tuple[int, int]]] = {asset: [] for asset in range(len(names))}
    for trade, made in zip(trades, postings, strict=True):
        for asset, units in made:
            changes[asset].append((trade["time_exchange"], units))
    flows = rows(state.flows)
    for paid in rows(state.payments):
        changes[flows[paid["flow"]]["asset"]].append((paid["time_exchange"], paid["amount"]))
    for split in splits_of(result):
        one = terms_of(result)[split.instrument]
        lots = int(abs(split.total_before) * split.ratio / one.base_units)
        total = lots * one.base_units * (1 if split.total_before > 0 else -1)
        expect(split.total_after, total, f"split of {names[one.base]}", "its total", "units is what whole lots make")
        changes[one.base].append((split.time, split.total_after - split.total_before))
    balances = rows(state.balances)
    for asset in range(len(names)):
        changes[asset].sort(key=lambda each: each[0])
        mine = [(number, row) for number, row in enumerate(balances) if row["asset"] == asset]
        if not mine:
            fail(f"balances, {names[asset]}", "there is no starting balance")
        total, due = mine[0][1]["total"], iter([*changes[asset], (None, 0)])
        coming = next(due)
        for (number, row), after in zip(mine, [*mine[1:], None], strict=True):
            while coming[0] is not None and coming[0] <= row["time_exchange"]:
                total, coming = total + coming[1], next(due)
            if after is None or after[1]["time_exchange"] > row["time_exchange"]:  # the last of its time
                where = place(result, "balances", number, row)
                expect(row["total"], total, where, "total", "units is what the start and the fills make")
        if not result.partial:
            total = mine[0][1]["total"] + sum(units for _, units in changes[asset])
            _expect_known(result, asset, total)


def _expect_known(result: Result, asset: int, total: int) -> None:
    """At the end engine and venue have the same, and it is this."""
    where, known, account = (
        f"balance of {result.index.asset_names[asset]} at the end",
        result.state.assets,
        result.venue,
    )
    expect(known.total[asset], total, where, "what the engine knows", "units is what the start and the fills make")
    expect(account.accounts.total[asset], total, where, "what the venue has", "units is what the start and fills make")
    free = account.accounts.total[asset] - account.accounts.reserved[asset]
    expect(known.free[asset], free, where, "what the engine takes for free", "units is what the venue has not reserved")


def assert_free_is_not_negative(result: Result) -> None:
    """Without margin nothing is spent that is not there; and nowhere is more free than there is.

    Assets in which something is margined (derivatives, margin accounts), or of which cash flows take, may be owed; so
    may what is reserved of a coin of which an instrument was delisted (rule 46).

    Raises
    ------
    AssertionError
        With the row of the balances.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_free_is_not_negative(bt.testing.run_prices([100, 101], bt.testing.schedule({"at": 60, "buy": 999})))
    """
    state = state_of(result)
    owing: set[int] = set()
    for terms in rows(state.terms):
        owing |= {terms["quote"], terms["base"]} if terms["margined"] else set()
        owing |= {terms["base"]} if terms["expiry"] <= state.engine.market_time[0] else set()
    flows = rows(state.flows)
    owing |= {flows[paid["flow"]]["asset"] for paid in rows(state.payments) if paid["amount"] < 0}
    for number, row in enumerate(rows(state.balances)):
        if row["free"] < 0 and row["asset"] not in owing:
            fail(place(result, "balances", number, row), f"free is {row['free']} units, and must not be negative")
        if row["free"] > row["total"]:
            where = place(result, "balances", number, row)
            fail(where, f"free is {row['free']} units, more than the total of {row['total']}")
