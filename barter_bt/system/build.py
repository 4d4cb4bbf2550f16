"""The state of an event-by-event engine before its first event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from barter_bt.data.rates import Pair, read_rates
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import FULL
from barter_bt.engine.flows import (
    AMOUNT,
    BORROW_FEE,
    DEBT_INTEREST,
    DELISTED,
    DEPOSIT,
    DIVIDEND,
    ENTITLEMENT,
    FEE,
    FUNDING,
    INSURANCE,
    INTEREST,
    PAYOUT,
    TRANSFER,
    VARIATION,
)
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.connectivity import lose_account
from barter_bt.engine.state.tables import CashFlows, EngineState
from barter_bt.instrument import IndexedInstruments, Instrument, choose_scales
from barter_bt.instrument.number import Number, decimal
from barter_bt.protocol import CashFlowKind
from barter_bt.system.book import Book
from barter_bt.system.units import Units
from barter_bt.venue.build import build_links, build_terms, build_tiers
from barter_bt.venue.by_exchange import venues_of
from barter_bt.venue.terms import Venue

FLOW_KINDS: dict[CashFlowKind, int] = {
    CashFlowKind.FUNDING: FUNDING,
    CashFlowKind.DIVIDEND: DIVIDEND,
    CashFlowKind.AMOUNT: AMOUNT,
    CashFlowKind.INTEREST: INTEREST,
    CashFlowKind.DEBT_INTEREST: DEBT_INTEREST,
    CashFlowKind.BORROW_FEE: BORROW_FEE,
    CashFlowKind.DEPOSIT: DEPOSIT,
    CashFlowKind.ENTITLEMENT: ENTITLEMENT,
    CashFlowKind.PAYOUT: PAYOUT,
    CashFlowKind.INSURANCE: INSURANCE,
    CashFlowKind.FEE: FEE,
    CashFlowKind.DELISTED: DELISTED,
    CashFlowKind.TRANSFER: TRANSFER,
    CashFlowKind.VARIATION: VARIATION,
}


def beginning(
    instruments: Iterable[Instrument],
    balances: Mapping[str, Decimal | int | str],
    units: Mapping[str, Number],
    venues: Venue | Mapping[str, Venue] | None,
    rates: Mapping[str, Any] | tuple[Pair, ...] | None,
    reporting: str | None,
    start: int,
) -> tuple[IndexedInstruments, Units, EngineState, Book]:
    """What an engine has before its first event, of what it is given (:class:`~barter_bt.system.Engine`)."""
    pairs = rates if isinstance(rates, tuple) else read_rates(rates)
    index = IndexedInstruments(instruments, [name for one in pairs for name in (one.base, one.quote)])
    amounts = {index.asset(name): Decimal(amount) for name, amount in balances.items()}
    chosen = {index.asset(name): decimal(unit, f"unit of {name!r}") for name, unit in units.items()}
    counted, book = Units(index, choose_scales(index, {}, amounts, units=chosen)), Book()
    book.balances = {asset: (amount, amount) for asset, amount in amounts.items()}
    terms = venues_of(venues, index)
    worth_in = index.asset(reporting) if reporting else index.settlement_assets[0]
    return index, counted, build(index, counted, amounts, start, worth_in, terms, pairs), book


def build(
    index: IndexedInstruments,
    units: Units,
    amounts: Mapping[int, Decimal],
    start: int,
    reporting: int,
    venues: Mapping[str, Venue],
    pairs: Sequence[Pair],
) -> EngineState:
    """The state before the first event: no link has said anything."""
    scales = units.scales
    balances = {asset: units.balance(asset, amount) for asset, amount in amounts.items()}
    terms, (links, _) = build_terms(index, scales, venues), build_links(index, venues)
    tiers, haircuts = build_tiers(index, scales, venues), {name: one.collateral for name, one in venues.items()}
    state = build_state(index, scales, terms, tiers, links, balances, reporting, start, 16, pairs, haircuts)
    state.flows = _flows(state, index)
    state.engine.sequence[0], state.engine.audit[0] = 0, FULL
    for exchange in range(len(index.exchanges)):
        lose_account(state, exchange)
    state.engine.pending[0] = 0
    for asset in set(range(len(index.assets))) - set(amounts):
        state.assets.time[asset] = -NEVER  # nobody has told of it, so its first balance is news at any time
    for table in (state.audits, state.outputs, state.balances):
        table.truncate(0)
    return state


def _flows(state: EngineState, index: IndexedInstruments) -> CashFlows:
    """What can be told of: each kind of each asset by itself, then of each instrument in what it is paid in."""
    assets, n = len(index.assets), len(index.assets) + 2 * len(index)
    flows = CashFlows(n * len(FLOW_KINDS))
    for number, kind in enumerate(FLOW_KINDS.values()):
        for place in range(n):
            row, i = number * n + place, (place - assets) // 2 if place >= assets else -1
            in_base = i >= 0 and (place - assets) % 2 and state.terms.base[i] >= 0
            asset = place if i < 0 else state.terms.base[i] if in_base else state.terms.quote[i]
            flows.kind[row], flows.instrument[row], flows.asset[row], flows.pays[row] = kind, i, asset, -1
            flows.time[row] = NEVER
            flows.exchange[row] = index.exchanges.index(index.assets[asset][0])
    return flows


def flow_row(s: EngineState, kind: CashFlowKind, i: int, asset: int) -> int:
    """The row of what is told of; -1 if that instrument pays nothing in that asset."""
    assets, n = len(s.assets), len(s.assets) + 2 * len(s.instruments)
    places = (asset,) if i < 0 else (assets + 2 * i, assets + 2 * i + 1)
    first = list(FLOW_KINDS).index(kind) * n
    return next((first + place for place in places if s.flows.asset[first + place] == asset), -1)
