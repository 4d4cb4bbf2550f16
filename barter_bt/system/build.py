"""The state of an event-by-event engine before its first event."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import FULL
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.connectivity import lose_account
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.tiers import MarginTiers
from barter_bt.instrument import IndexedInstruments
from barter_bt.system.units import Units
from barter_bt.venue.build import build_links, build_terms
from barter_bt.venue.terms import Venue


def build(
    index: IndexedInstruments, units: Units, amounts: Mapping[int, Decimal], start: int, reporting: int
) -> EngineState:
    """The state before the first event: no link has said anything."""
    scales, venues = units.scales, dict.fromkeys(index.exchanges, Venue())
    balances = {asset: units.balance(asset, amount) for asset, amount in amounts.items()}
    terms, (links, _) = build_terms(index, scales, venues), build_links(index, venues)
    state = build_state(index, scales, terms, MarginTiers(0), links, balances, reporting, start, 16)
    state.engine.sequence[0], state.engine.audit[0] = 0, FULL
    for exchange in range(len(index.exchanges)):
        lose_account(state, exchange)
    state.engine.pending[0] = 0
    for asset in set(range(len(index.assets))) - set(amounts):
        state.assets.time[asset] = -NEVER  # nobody has told of it, so its first balance is news at any time
    for table in (state.audits, state.outputs, state.balances):
        table.truncate(0)
    return state
