"""Both engines on one scenario, row by row.

``assert_agree(scenario)`` runs them and names the first row on which they differ. As a program it goes through seeds::

    python -m tests.reference.compare 0 1000
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from barter_bt.testing import assert_all
from barter_bt.testing.scenario import (
    Scenario,
    Seeded,
    make_margined,
    make_simple,
    make_waiting,
    random_scenario,
    to_backtest,
)

from .engine import run
from .refusal import refusals
from .tables import AMENDS, BALANCES, ORDERS, PAYMENTS, POSITIONS, SCALES, TRADES, Table, Tables, above_zero, row_of

if TYPE_CHECKING:
    from barter_bt.backtest import Result

OURS = {"position": "position_id", "time_in_force": "tif", "maker": "liquidity"}  # by the engine's name
TABLES = ("orders", "trades", "positions", "balances", "payments", "amends", "equity")


def fast(scenario: Scenario, *, interpret: bool = False, pieces: int = 1) -> Result:
    """Run the fast engine, its data in so many chunks."""
    from barter_bt.backtest.backtest import backtest

    return backtest(**to_backtest(scenario, pieces), interpret=interpret)


def tables_of(result: Result) -> Tables:
    """The fast engine's journals in the form of the reference's."""
    from fractions import Fraction

    index, scales, state, terms = result.index, result.scales, result.state, result.venue.terms
    units = tuple(Fraction(unit) for unit in scales.units)
    names = tuple(one.name for one in index.instruments)
    steps = zip(scales.ticks, scales.lots, terms.array("num").tolist(), terms.array("den").tolist(), strict=True)
    rows = tuple(row_of(SCALES, Fraction(tick), Fraction(lot), num, den) for tick, lot, num, den in steps)
    equity = [
        {"time": time, "equity": worth if known else None}
        for time, worth, known in zip(*(state.equity.array(name).tolist() for name in state.equity.schema), strict=True)
    ]
    tables = Tables(
        tuple(index.assets),
        units,
        names,
        rows,
        orders=_rows(state.orders, ORDERS, result.reasons),
        trades=_trades(result),
        positions=_rows(state.positions, POSITIONS),
        balances=_rows(state.balances, BALANCES),
        payments=_payments(result),
        amends=_amends(result),
        equity=equity,
        sequence=state.engine.sequence[0],
    )
    return above_zero(tables, state.terms.array("zero").tolist())


def _rows(table: Any, columns: str, reasons: Sequence[str] = ()) -> Table:
    """The rows of a journal, with codes turned into names."""
    from barter_bt.engine.agenda import NEVER
    from barter_bt.engine.order import CANDLE_FILLS, KINDS, NO_TIME, STATUSES, TIMES_IN_FORCE, TRIGGER_PRICES

    meaning: dict[str, Any] = {
        "kind": KINDS,
        "tif": TIMES_IN_FORCE,
        "post_only": (False, True),
        "reduce_only": (False, True),
        "follows": (False, True),
        "trigger_kind": ("", "stop", "if_touched"),
        "candle_fill": CANDLE_FILLS,
        "trigger_by": TRIGGER_PRICES,
        "liquidity": ("taker", "maker"),
        "status": ("open", "open", "open", *STATUSES[3:]),
        "reason": reasons,
    }
    values: dict[str, list[Any]] = {}
    for name in table.schema:
        ours = OURS.get(name, name)
        codes = table.array(name).tolist()
        values[ours] = [meaning[ours][code] for code in codes] if ours in meaning else codes
        if ours in ("good_till", "good_after", "time_sent", "time_exchange", "time_triggered", "time_closed"):
            values[ours] = [None if code in (NO_TIME, NEVER) else code for code in codes]
    return [row_of(columns, *cells) for cells in zip(*(values[name] for name in columns.split()), strict=True)]


def _trades(result: Result) -> Table:
    """Those that filled on a book say why, which is in the public table alone."""
    rows = _rows(result.state.trades, TRADES.removesuffix(" fill_reason"))
    told = result.trades
    why = told["fill_reason"].cast(pl.String).to_list() if "fill_reason" in told.columns else [None] * len(rows)
    return [row | {"fill_reason": each} for row, each in zip(rows, why, strict=True)]


def _payments(result: Result) -> Table:
    """Cash flows that were paid, each with what it is of, as the public table has it."""
    names = [one.name for one in result.index.instruments]
    told = result.cash_flows.with_columns(pl.col("time_exchange", "time_engine").to_physical())
    amounts = result.state.payments.array("amount").tolist()
    return [
        row_of(
            PAYMENTS,
            row["time_exchange"],
            row["time_engine"],
            None if row["instrument"] is None else names.index(row["instrument"]),
            result.index.assets.index((row["exchange"], row["asset"])),
            amount,
            row["reason"],
        )
        for row, amount in zip(told.to_dicts(), amounts, strict=True)
    ]


def _amends(result: Result) -> Table:
    """What was asked, and what became of it, which the public table has in words."""
    from barter_bt.engine.order import NO_TIME

    state, words = result.state.amends, result.amends.select(pl.col("status", "reason").cast(pl.String))
    values = {name: state.array(name).tolist() for name in state.schema} | words.to_dict(as_series=False)
    for name in ("time_exchange", "time_engine"):
        values[name] = [None if time == NO_TIME else time for time in values[name]]
    values["reason"] = [reason or "" for reason in values["reason"]]
    return [row_of(AMENDS, *cells) for cells in zip(*(values[name] for name in AMENDS.split()), strict=True)]


def difference(reference: Tables, other: Tables) -> str:
    """The first thing on which two runs differ, for people; empty if they agree."""
    for name in ("assets", "units", "instruments", "scales"):
        ours, theirs = getattr(reference, name), getattr(other, name)
        if ours != theirs:
            return f"{name}: reference {ours}, engine {theirs}"
    found = [text for name in TABLES if (text := _first(name, getattr(reference, name), getattr(other, name)))]
    if reference.sequence != other.sequence:
        found.append(f"sequence: reference {reference.sequence}, engine {other.sequence}")
    return "\n".join(found)


def _first(name: str, ours: Table, theirs: Table) -> str:
    for number, (one, two) in enumerate(zip(ours, theirs, strict=False)):
        if one != two:
            columns = [column for column in one if one[column] != two[column]]
            cells = ", ".join(f"{column}: reference {one[column]}, engine {two[column]}" for column in columns)
            return f"{name} row {number} of {len(ours)} and {len(theirs)}: {cells}; the reference's row: {one}"
    if len(ours) == len(theirs):
        return ""
    extra = max(ours, theirs, key=len)[min(len(ours), len(theirs))]
    return f"{name}: reference {len(ours)} rows, engine {len(theirs)}; the next is {extra}"


def broken_invariant(result: Result) -> str:
    """What must hold of any run of the fast engine; empty if it does."""
    try:
        assert_all(result)
    except AssertionError as error:
        return str(error)
    return ""


def disagreement(scenario: Scenario, *, interpret: bool = False) -> str:
    """Run both and say on what they differ; empty if they agree, also where both leave the range (rule 2) or refuse."""
    from barter_bt.errors import ConfigError, EngineError, StrategyError

    refused = refusals(scenario)
    try:
        result = fast(scenario, interpret=interpret)
    except (ConfigError, StrategyError) as error:
        if any(words in str(error) for words in refused):
            return ""
        raise
    except EngineError as error:
        try:
            run(scenario)
        except OverflowError:
            return ""
        return f"the engine alone ends: {error}"
    if refused:
        return f"the reference alone refuses: {refused[0]}"
    try:
        tables = run(scenario)
    except OverflowError as error:
        return f"the reference alone ends: {error}"
    return difference(tables, tables_of(result)) or broken_invariant(result)


def assert_agree(scenario: Scenario, *, interpret: bool = False) -> None:
    """Both engines give the same tables."""
    text = disagreement(scenario, interpret=interpret)
    assert not text, text


def main(first: int, end: int) -> int:
    """Go through seeds; returns how many differ."""
    bad = 0
    for seed in range(first, end):
        try:
            kinds = (make_simple, make_waiting, make_margined)
            drawn = random_scenario(seed), *(make(Seeded(seed)) for make in kinds)
            text = next(filter(None, map(disagreement, drawn)), "")
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
        if text:
            bad += 1
            print(f"seed {seed}: {text}")
    print(f"{end - first} seeds, {bad} differ")
    return bad


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2])), 1))
