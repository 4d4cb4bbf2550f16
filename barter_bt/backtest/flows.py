"""Cash flows as columns of the engine's state: what is due when, in whole units."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from barter_bt.backtest.account import asset_of
from barter_bt.backtest.dividends import NOTHING, paid_later, payout_rows
from barter_bt.backtest.interest import interest_rows
from barter_bt.backtest.splits import refuse_split
from barter_bt.columns.exact import LIMIT
from barter_bt.data.flows import TRADING_FEE, CashFlows
from barter_bt.data.moment import moment
from barter_bt.engine.agenda import CASH_FLOW, NEVER
from barter_bt.engine.flows import (
    AMOUNT,
    ASSIGNED,
    DELISTED,
    DEPOSIT,
    DIVIDEND,
    FEE,
    FUNDING,
    INSURANCE,
    PAYOUT,
    SPLIT,
    TRANSFER,
    VOLUME,
)
from barter_bt.engine.state.tables import CashFlows as Columns
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import ISOLATED, Terms
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.venue.fee_tables import FeeTables
from barter_bt.venue.flows import next_due

KINDS = {"funding": FUNDING, "dividend": DIVIDEND, "cash": AMOUNT, "split": SPLIT, "deposit": DEPOSIT}
KINDS |= {"margin": TRANSFER, "assignment": ASSIGNED}
_RATE = 10**12  # rates of funding count to its inverse
_BARE: dict[str, Any] = dict.fromkeys(Columns.schema, 0) | dict.fromkeys(("time", "since", "until"), NEVER)
_BARE |= {"instrument": -1, "pays": NOTHING, "den": 1, "rounded": 0}


def flows_of(given: object) -> tuple[CashFlows, ...]:
    """One object of :func:`~barter_bt.data.funding` and its like, or several."""
    several = () if given is None else (given,) if isinstance(given, CashFlows) else given
    if not isinstance(several, Sequence) or not all(isinstance(one, CashFlows) for one in several):
        raise ConfigError(
            f"cash_flows is {given!r:.60}; it must be what data.funding, data.dividends, data.interest, "
            "data.splits, data.deposits, data.margin_transfers, data.settlement_prices, "
            "data.assignments or data.cash_flows give, or a list of such"
        )
    return tuple(several)


def install(
    flows: Sequence[CashFlows],
    state: EngineState,
    index: IndexedInstruments,
    scales: Scales,
    fees: FeeTables,
    with_books: Collection[int] = (),
    settled: Sequence[dict[str, Any]] = (),
) -> tuple[list[str], list[str]]:
    """Write them into the state's columns: those due again and again, then the others by time, each then as given.

    Returns the reason of each row, and warnings.
    """
    begins = state.engine.time[0]
    paid = [one for one in flows if one.kind != "settlement"]  # which are part of the instruments by now
    rows = [row for one in paid for row in _rows(one, index, scales, state.terms, begins)]
    rows += [_BARE | row for row in settled]  # futures by day, behind all that is given
    for given, row in enumerate(rows):
        row["given"] = given
        if row["kind"] == SPLIT:
            refuse_split(row["instrument"], index, scales, state.engine.reporting[0], with_books)
    due = sorted((row for row in rows if begins <= row["since"] and row["time"] <= row["until"]), key=_place)
    place = {row["given"]: number for number, row in enumerate(due)}
    for row in due:
        row["pays"] = place[row["given"] + row["pays"]] if row["pays"] > 0 else NOTHING
    again = sum(row["every"] > 0 for row in due)
    due[again:again] = _intervals(fees, len(rows), begins)
    due += [*_insurance(state, index), *_delistings(state, index), *_fees(fees, index), *_margin(state, index)]
    table = Columns(len(due))
    for name in Columns.schema:
        table.array(name)[:] = [row[name] for row in due]
    state.replace("flows", table)
    state.agenda.first[CASH_FLOW] = once = again + len(fees.every_ns)
    state.agenda.due[CASH_FLOW] = next_due(table, once)
    return [row["reason"] for row in due], [*_left_out(rows, begins), *_rounded(due, index, scales)]


def _place(row: Mapping[str, Any]) -> tuple[bool, int]:
    return row["every"] == 0, 0 if row["every"] else row["time"]


def _left_out(rows: Sequence[Mapping[str, Any]], begins: int) -> Iterator[str]:
    early = sum(row["since"] < begins and row["kind"] != PAYOUT for row in rows)
    if early:
        yield f"{early:,} cash flow(s) lie before the start of the run and were left out"
    over = sum(row["time"] > row["until"] for row in rows)
    if over:
        yield f"{over:,} rate(s) of interest end before they are due in this run and were left out"


def _insurance(state: EngineState, index: IndexedInstruments) -> list[dict[str, Any]]:
    """A row, never due, for each asset in which something is margined: what an insurance would pay (rule 43)."""
    terms = state.terms
    assets = np.unique(terms.array("quote")[terms.array("margined") > 0]).tolist()
    return [_never_due(INSURANCE, "insurance", asset, index) for asset in assets]


def _delistings(state: EngineState, index: IndexedInstruments) -> list[dict[str, Any]]:
    """Two rows, never due, for each spot instrument that is delisted: what is paid for its base then (rule 46)."""
    spot = [i for i, one in enumerate(index.instruments) if one.kind == "spot" and one.expiry is not None]
    pairs = [(i, asset) for i in spot for asset in (state.terms.base[i], state.terms.quote[i])]
    return [_never_due(DELISTED, "delisting", asset, index) | {"instrument": i} for i, asset in pairs]


def _fees(fees: FeeTables, index: IndexedInstruments) -> list[dict[str, Any]]:
    """A row, never due, for each asset in which fees are paid beside quote assets (rule 63)."""
    assets = np.unique(fees.fee_terms.array("asset")).tolist()
    return [_never_due(FEE, TRADING_FEE, asset, index) for asset in assets if asset >= 0]


def _margin(state: EngineState, index: IndexedInstruments) -> list[dict[str, Any]]:
    """A row, never due, for each isolated instrument: margin that is moved by a request (rule 104)."""
    isolated = np.flatnonzero(state.terms.array("margined") == ISOLATED).tolist()
    return [_never_due(TRANSFER, "margin", state.terms.quote[i], index) | {"instrument": i} for i in isolated]


def _never_due(kind: int, reason: str, asset: int, index: IndexedInstruments) -> dict[str, Any]:
    """A row for what the venue finds out itself."""
    exchange = index.exchanges.index(index.assets[asset][0])
    return _BARE | {"kind": kind, "reason": reason, "asset": asset, "exchange": exchange}


def _intervals(fees: FeeTables, given: int, begins: int) -> list[dict[str, Any]]:
    """A row for each counter of volume: its interval ends again and again, behind all that is given (rule 62)."""
    return [
        _BARE
        | {"kind": VOLUME, "reason": "volume", "num": counter, "every": every, "given": given + counter}
        | {"time": (begins // every + 1) * every}
        for counter, every in enumerate(fees.every_ns)
    ]


def _rounded(due: Sequence[dict[str, Any]], index: IndexedInstruments, scales: Scales) -> Iterator[str]:
    """Which amounts are not whole in the units of their asset."""
    for asset, name in enumerate(index.asset_names):
        count = sum(row["rounded"] for row in due if row["asset"] == asset)
        if count:
            unit = scales.units[asset]
            yield (
                f"{count:,} cash flow(s) of {name!r} are not whole in its unit, {unit}, and were rounded: "
                f"units={{{name!r}: ...}} makes it finer"
            )


def _rows(
    flows: CashFlows, index: IndexedInstruments, scales: Scales, terms: Terms, begins: int
) -> Iterator[dict[str, Any]]:
    is_interest = flows.kind == "interest"
    found = interest_rows(flows, index, begins) if is_interest else _dated_rows(flows, index, scales, terms)
    for row in found:
        if max(abs(row["num"]), row["den"]) > LIMIT:
            share, name = Fraction(row["num"], row["den"]), index.asset_names[row["asset"]]
            unit = scales.units[row["asset"]]
            raise ConfigError(
                f"the {flows.kind} of {moment(row['time'])} is beyond what can be counted, 2^62: {share}",
                f"it counts in units of {name!r}, {unit} each: units={{{name!r}: ...}} sets others",
            )
        yield row


def _dated_rows(flows: CashFlows, index: IndexedInstruments, scales: Scales, terms: Terms) -> Iterator[dict[str, Any]]:
    times = flows.frame["time"].to_physical().to_list()
    is_amount = flows.kind in ("cash", "deposit", "margin")
    of = _of_asset if flows.kind in ("cash", "deposit") else _of_instrument
    later: list[int | None] = [None] * len(times)
    if "pay_date" in flows.frame.columns:
        later = flows.frame["pay_date"].to_physical().to_list()
    for time, paid, row in zip(times, later, flows.frame.iter_rows(named=True), strict=True):
        i, asset, share, reason = of(flows.kind, row, index, scales, terms)
        exact = share
        if is_amount:
            share = Fraction(round(share))
        found = {
            "time": time,
            "every": 0,
            "since": time,
            "until": time,
            "kind": KINDS[flows.kind],
            "instrument": i,
            "asset": asset,
            "exchange": index.exchanges.index(index.assets[asset][0]),
            "num": share.numerator,
            "den": share.denominator,
            "reason": reason,
            "rounded": share != exact,
            "pays": NOTHING,
        }
        if flows.kind == "dividend" and paid_later(row):
            yield from payout_rows(found, time if paid is None else paid, row.get("withholding", 0.0))
        else:
            yield found


def _of_asset(
    kind: str, row: dict[str, Any], index: IndexedInstruments, scales: Scales, terms: Terms
) -> tuple[int, int, Fraction, str]:
    asset, own = asset_of(index, row["asset"], f"{kind} flow"), "deposit" if row["amount"] >= 0 else "withdrawal"
    reason = own if kind == "deposit" else row["reason"]
    return -1, asset, Fraction(Decimal(repr(row["amount"]))) / Fraction(scales.units[asset]), reason


def _of_instrument(
    kind: str, row: dict[str, Any], index: IndexedInstruments, scales: Scales, terms: Terms
) -> tuple[int, int, Fraction, str]:
    i = index.instrument(row["instrument"])
    one, asset = index.instruments[i], index.settlement_assets[i]
    if kind == "funding":
        if one.kind != "perpetual":
            raise ConfigError(f"funding of {one.key!r}, which is {one.kind}: only perpetuals pay it")
        return i, asset, Fraction(round(Decimal(repr(row["rate"])) * _RATE), _RATE), kind
    if kind == "assignment":
        if one.exercise != "american" or one.kind != "option":
            raise ConfigError(
                f"an assignment of {one.key!r}, which is no American option",
                "European options are assigned at their expiry, by themselves",
            )
        lots = Fraction(Decimal(repr(row["quantity"]))) / Fraction(scales.lots[i])
        if lots.denominator != 1 or lots < 1:
            raise ConfigError(
                f"an assignment of {row['quantity']} of {one.key!r}; it must be a multiple of {scales.lots[i]} above 0"
            )
        return i, asset, lots, kind
    if kind == "margin":
        if terms.margined[i] != ISOLATED:
            raise ConfigError(
                f"margin of {one.key!r} is moved by hand, and it is not isolated",
                "give its exchange, or it alone, Margin(mode='isolated')",
            )
        return i, asset, Fraction(Decimal(repr(row["amount"]))) / Fraction(scales.units[asset]), kind
    if kind == "split":
        new, _, old = row["ratio"].partition(":")
        return i, asset, Fraction(int(new), int(old)), kind
    if one.is_derivative:
        raise ConfigError(f"a dividend of {one.key!r}, which is {one.kind}: only what is held pays one")
    per_unit = Fraction(Decimal(repr(row["amount"]))) * Fraction(scales.units[index.bases[i]])
    return i, asset, per_unit / Fraction(scales.units[asset]), kind
