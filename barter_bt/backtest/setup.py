"""All of a run that does not depend on its strategy: checked, indexed and prepared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.kept import KeptChunks
from barter_bt.backtest.spill import Spill
from barter_bt.columns.template import Template
from barter_bt.data import Stream
from barter_bt.data.flows import CashFlows
from barter_bt.data.rates import Pair
from barter_bt.data.sessions import Sessions
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.strategy.columns import own_columns
from barter_bt.strategy.driver import Market
from barter_bt.venue.fee_tables import FeeTables
from barter_bt.venue.state import Endings, FillTerms, MarginTerms, VenueState
from barter_bt.venue.terms import Venue

if TYPE_CHECKING:
    from barter_bt.backtest.commands import Commands
    from barter_bt.backtest.record import Record
    from barter_bt.risk import Limits


@dataclass(eq=False, repr=False)
class Setup:
    """What every run of a simulation begins from; nothing in it changes while a run goes on.

    Parameters
    ----------
    index, scales, market
        The instruments, their units, and what a strategy may know of them and of the data.
    streams, feed_ns
        All market data, also what only venues see, and the feed latency of each.
    venues, balances, fill_terms, margin_terms, endings, fees
        Terms of every exchange; starting balances by asset index; what fills the orders of every instrument, what its
        positions need, how it ends, and what its fees go by.
    state, venue
        Engine and venue before their first event. Runs take copies of them, unless there is one only.
    rates
        At which assets are converted beside the market's.
    first, last, marks
        Venue times that take part, and the interval of the equity marks, in ns.
    risk, managers, commands, cash_flows, record, trading, audit, seed, spill
        As they were asked for.
    flow_reasons
        Why money moves, for each row of the cash flows in the state.
    sessions
        When instruments can be traded, by index, of those of which it is known.
    chunks
        The data of each stream as the engine reads it.
    warnings
        What is odd about data and balances.
    """

    index: IndexedInstruments
    scales: Scales
    market: Market
    streams: tuple[Stream, ...]
    feed_ns: tuple[int, ...]
    venues: Mapping[str, Venue]
    balances: Mapping[int, Decimal]
    fill_terms: FillTerms
    margin_terms: MarginTerms
    endings: Endings
    fees: FeeTables
    state: EngineState
    venue: VenueState
    rates: Sequence[Pair]
    first: int
    last: int
    marks: int
    risk: Limits | None
    managers: Sequence[Any]
    commands: Commands | None
    cash_flows: Sequence[CashFlows]
    flow_reasons: Sequence[str]
    sessions: Mapping[int, Sessions]
    record: Record | None
    trading: str
    audit: str
    seed: int
    spill: Spill | None
    chunks: list[KeptChunks]
    warnings: list[str]
    spare: list[Feeder] = field(default_factory=list)  # one that has read its first chunks, for the next run

    @property
    def asked_risk(self) -> Any:
        """Limits, or a list of them and of the user's own risk managers."""
        return [*filter(None, [self.risk]), *self.managers] if self.managers else self.risk

    @property
    def reporting(self) -> str:
        """Name of the asset that equity is measured in."""
        return self.index.asset_names[self.market.reporting]

    @property
    def begins(self) -> int:
        """Time of event 0."""
        return self.state.engine.time[0]

    def feeder(self, columns: Sequence[str] = ()) -> Feeder:
        """Hand the data over from its first row on, with columns of the user's own."""
        if not columns:
            with suppress(IndexError):
                return self.spare.pop()
        chunks, own = self._with_columns(tuple(sorted(columns))) if columns else (self.chunks, ())
        expiry = self.state.terms.array("expiry")
        return Feeder(self.streams, chunks, expiry, self.feed_ns, self.first, self.last, own)

    def _with_columns(self, names: tuple[str, ...]) -> tuple[list[KeptChunks], list[npt.NDArray[np.int64]]]:
        """The data of each stream with those of the columns that it has, and their numbers."""
        known, codes = own_columns(self.market.streams), self.index.codes
        of_stream = [[name for name in names if name in stream.extra] for stream in self.streams]
        numbers = [np.array([known.index(name) for name in each], np.int64) for each in of_stream]

        def make() -> list[KeptChunks]:
            pairs = zip(self.streams, of_stream, strict=True)
            return [KeptChunks(stream, codes, own) for stream, own in pairs]

        return self.market.once(("chunks", names), make), numbers

    def begin(self, *, alone: bool = False) -> tuple[EngineState, VenueState]:
        """Give engine and venue before the first event, for one run; ``alone``: for the only one, without copies."""
        state, venue = (self.state, self.venue) if alone else self._template.copies()
        # Where tables point to columns: those of this state, and rings of the orders of this run.
        if self.record:
            self.record.watch(state)
        if self.risk:
            self.risk.apply(state, self.index, self.scales)
        return state, venue

    @cached_property
    def _template(self) -> Template:
        return Template(self.state, self.venue)

    def made_from(self) -> dict[str, Any]:
        """By name, all that a checkpoint is held against, but for data and strategy."""
        names = self.index.asset_names
        return {
            "instruments": dict(zip(self.index.names, self.index.instruments, strict=True)),
            "units": dict(zip(names, self.scales.units, strict=True)),
            "balances": {names[asset]: amount for asset, amount in self.balances.items()},
            "venues": self.venues,
            "risk": self.asked_risk,
            "commands": self.commands and self.commands.frame,
            "cash_flows": {f"{number} {one.kind}": one.frame for number, one in enumerate(self.cash_flows)},
            "sessions": {self.index.names[i]: one.frame for i, one in self.sessions.items()},
            "trading": self.trading,
            "reporting": self.reporting,
            "rates": {f"{one.base}/{one.quote}": one for one in self.rates},
            "mark_every_ns": self.marks,
            "record": self.record,
            "audit": self.audit,
            "start_ns": self.first,
            "end_ns": self.last,
            "seed": self.seed,
        }
