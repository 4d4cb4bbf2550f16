"""What holds of the equity: it is cash and the value of positions at their marks, in the reporting asset."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from barter_bt.backtest import Result
from barter_bt.data.moment import moment
from barter_bt.engine.flows import PAYOUT
from barter_bt.engine.state.market import market_mark, price_ticks
from barter_bt.testing.invariants.journal import expect, fail, rows, state_of
from barter_bt.testing.invariants.replay import Position, Split, Terms, replay, rhe, splits_of, terms_of

Change = tuple[int, int, int, list[tuple[int, int]]]  # time, instrument, signed lots, units by asset


def assert_equity_is_cash_plus_value(result: Result) -> None:
    """The last equity is cash and positions at their marks (rule 5), converted step by step (rule 24).

    And wherever the account has nothing but the reporting asset, and no position, its equity is that balance. Marks
    that are null, because something held had no price, are passed over.

    Raises
    ------
    AssertionError
        With the row of the equity and both numbers, in units of the reporting asset.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_equity_is_cash_plus_value(bt.testing.run_prices([9, 8], bt.testing.schedule({"at": 60, "buy": 1})))
    """
    state = state_of(result)
    marks = rows(state.equity)
    times = [mark["time"] for mark in marks]
    if any(after <= before for before, after in pairwise(times)):
        fail("equity", "its times do not ascend")
    _assert_flat_marks(result, marks)
    if marks and marks[-1]["known"] and not result.partial:
        where = f"equity, row {len(marks) - 1}, at {moment(times[-1])}"
        expect(marks[-1]["equity"], _worth(result), where, "equity", "units are cash and positions at their marks")


def _assert_flat_marks(result: Result, marks: list[dict[str, int]]) -> None:
    """Before the first fill and wherever everything is sold: the balance of the reporting asset."""
    state, reporting = result.state, result.state.engine.reporting[0]
    amounts = dict.fromkeys(range(len(result.index.assets)), 0)
    for row in reversed(rows(state.balances)):
        amounts[row["asset"]] = row["total"]  # the first is what stays
    held, changes, done = [0] * len(result.index), _changes(result), 0

    def flat_worth() -> int | None:
        others = any(units for asset, units in amounts.items() if asset != reporting)
        return None if others or any(held) else amounts[reporting]

    for number, mark in enumerate(marks):
        seen = []
        while done < len(changes) and changes[done][0] < mark["time"]:
            _post(changes[done], amounts, held)
            done += 1
        seen.append(flat_worth())
        while done < len(changes) and changes[done][0] == mark["time"]:  # before the mark or after it
            _post(changes[done], amounts, held)
            seen.append(flat_worth())
            done += 1
        if mark["known"] and None not in seen and mark["equity"] not in seen:
            where = f"equity, row {number}, at {moment(mark['time'])}"
            fail(where, f"equity is {mark['equity']} units, and nothing is held but {seen[0]} of the reporting asset")


def _changes(result: Result) -> list[Change]:
    """What fills, cash flows and splits change, in the order in which the engine learnt of them."""
    state = result.state
    fills = [
        (trade["time_engine"], trade["instrument"], trade["side"] * trade["quantity"], made)
        for trade, made in zip(rows(state.trades), replay(result).postings, strict=True)
    ]
    flows = [
        (paid["time_engine"], 0, 0, [(state.flows.asset[paid["flow"]], paid["amount"])])
        for paid in rows(state.payments)
        if state.flows.kind[paid["flow"]] != PAYOUT
    ]
    flows += [  # a dividend counts from its ex-date on, and its payment changes nothing more
        (due["time_engine"], 0, 0, [(state.flows.asset[due["flow"]], due["amount"])])
        for due in rows(state.entitlements)
    ]
    splits = [
        (row["time_engine"], split.instrument, split.after - split.before, _delta(result, split))
        for row, split in zip(rows(state.splits), splits_of(result), strict=True)
    ]
    return sorted(fills + flows + splits, key=lambda change: change[0])


def _delta(result: Result, split: Split) -> list[tuple[int, int]]:
    return [(terms_of(result)[split.instrument].base, split.total_after - split.total_before)]


def _post(change: Change, amounts: dict[int, int], held: list[int]) -> None:
    _, instrument, lots, postings = change
    held[instrument] += lots
    for asset, units in postings:
        amounts[asset] += units


def _worth(result: Result) -> int:
    """Cash that no position holds, and positions at their marks, summed for each asset and then converted."""
    state, terms, made = result.state, terms_of(result), replay(result)
    sums = [row["total"] + row["due"] for row in rows(state.assets)]
    for i, position in made.open.items():
        one, quantity = terms[i], position.side * position.quantity
        if one.base >= 0:
            sums[one.base] -= quantity * one.base_units
        sums[one.quote] += _value(result, i, one, position)
    return sum(_converted(result, asset, units) for asset, units in enumerate(sums))


def _value(result: Result, i: int, one: Terms, position: Position) -> int:
    mark = result.state.instruments.own_mark[i]  # a later own fill; below 0: just opened, at what it cost
    ticks = mark if mark > 0 else market_mark(result.state, i)
    notional = position.cost_basis if mark < 0 else one.notional(position.quantity, ticks)
    return one.value(position.side * position.quantity, position.cost_basis, notional) - position.settled


def _converted(result: Result, asset: int, units: int) -> int:
    """An amount in the reporting asset, each step rounded half to even."""
    assets, worth, sign = result.state.assets, abs(units), 1 if units > 0 else -1
    while asset != result.state.engine.reporting[0] and worth:
        ticks = price_ticks(result.state, assets.step[asset]) if assets.step[asset] >= 0 else 1
        rate = Fraction(assets.step_num[asset], assets.step_den[asset])
        worth = rhe(worth * rate / ticks if assets.divides[asset] else worth * rate * ticks)
        asset = assets.next[asset]
    return sign * worth
