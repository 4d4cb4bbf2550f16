"""What a live session has done, with the tables, figures and pictures of a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import polars as pl

from barter_bt.backtest.analysis import Analysis
from barter_bt.backtest.describe import describe
from barter_bt.backtest.digest import digests
from barter_bt.backtest.journal import Frames
from barter_bt.engine.order import REASONS
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.system import Engine


@dataclass(frozen=True)
class LiveRun(Analysis):
    """A session until now; what happens afterwards does not change it.

    What can be asked of it stands in :class:`~barter_bt.backtest.analysis.Analysis`. Figures come from the equity marks
    that the session has made, tables are as those of a :class:`~barter_bt.Result`, as far as an exchange's messages
    tell: whether a fill made or took liquidity they do not.

    Attributes
    ----------
    state
        The engine's columns, integers.
    index, scales
        The instruments and the units of those integers.
    strategies
        By their number in the state.
    reasons
        Names of the reasons of orders by code: the engine's, then those of the user's risk managers.
    """

    state: EngineState
    index: IndexedInstruments
    scales: Scales
    strategies: Sequence[str]
    reasons: Sequence[str] = REASONS

    @classmethod
    def of(cls, engine: Engine) -> Self:
        """That of an engine, now."""
        state, scales = engine.state.copy(), engine.units.scales
        return cls(state, engine.index, scales, strategies_of(engine), engine.reasons)

    @cached_property
    def _frames(self) -> Frames:
        return Frames(self.state, self.index, self.scales, self.strategies, self.reasons)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Every order, by number."""
        return self._frames.orders()

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Own fills, one row each."""
        return self._frames.trades()

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Closed positions."""
        return self._frames.positions()

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Every change of a balance."""
        return self._frames.balances()

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Marks of the account in the reporting asset."""
        return self._frames.equity(self.state.engine.reporting[0])

    @property
    def reporting(self) -> str:
        """The asset that equity is measured in."""
        return self.index.asset_names[self.state.engine.reporting[0]]

    @cached_property
    def config(self) -> dict[str, Any]:
        """Instruments and scales; terms of the exchanges the engine does not know."""
        described = describe(self.index, self.scales, {}, {}, None, 0)
        return {name: described[name] for name in ("instruments", "units")}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over orders, trades, positions and balances."""
        return digest_of(self.state, self.index, self.strategies)


def strategies_of(engine: Engine) -> list[str]:
    """Names of those that have sent orders; of the engine's where none has."""
    return engine.strategies or [engine.strategy.id]


def digest_of(state: EngineState, index: IndexedInstruments, strategies: Sequence[str]) -> str:
    """Digest of orders, trades, positions and balances (rule 25)."""
    return digests(state, (tuple(index.names), tuple(index.asset_names), tuple(strategies)))["digest"]
