"""The risk managers of one run: what they know, and how the engine reaches each."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from barter_bt.columns.block import Block
from barter_bt.columns.callback import Callback, register
from barter_bt.columns.entry import compile_address
from barter_bt.engine.fault import NO_FAULT, RISK_RAISED, fail
from barter_bt.engine.manage import apply_verdict
from barter_bt.engine.order import MOST_OWN_REASONS, NO_REASON, OWN_REASON, REASONS, RISK_FAILED
from barter_bt.engine.state.limits import Managers
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.risk.managers import CompiledRisk, RiskManager
from barter_bt.risk.merged import Manage, checked, merged
from barter_bt.risk.verdict import read_verdict, the_order
from barter_bt.strategy.driver import Driver
from barter_bt.strategy.own import own_tables
from barter_bt.strategy.view import State


class Managed:
    """The risk managers of one run.

    Parameters
    ----------
    managers
        In the order in which they are asked; the first that refuses is the last.
    state, index
        What they see.

    Attributes
    ----------
    reasons
        Names of all reasons by code: the engine's, then the managers' own; those in Python as they come.
    error
        What one of them raised.
    """

    def __init__(self, managers: Sequence[Any], state: EngineState, index: IndexedInstruments) -> None:
        self.state, self.index, self.managers = state, index, managers
        self.error: Exception | None = None
        self.tables: dict[str, Block] = {}
        self.reasons = list(REASONS)
        self.view = State(state, index)
        state.replace("managers", Managers(len(managers)))
        self._asked = [self._install(k, one) for k, one in enumerate(managers)]  # which keeps them

    def _install(self, k: int, one: Any) -> Callback:
        """Make a manager known to the engine, with its reasons and its tables."""
        m = self.state.managers
        asked: Callback = _Asked(self, one)
        if isinstance(one, CompiledRisk):
            codes = [self.code(text) for text in one.reasons]
            m.first[k], m.reasons[k] = (codes[0] - OWN_REASON if codes else 0), len(codes)
            own = self.tables[f"risk{k}"] = own_tables(one.parameters, one.variables, one.per_instrument, self.index)
            m.my[k] = own.address
            asked = _Checked(self.state, one, own, k)
        m.known_by[k] = register(asked)
        return asked

    def code(self, text: str) -> int:
        """The code of a reason; a new one gets the next."""
        if text not in self.reasons:
            if len(self.reasons) >= OWN_REASON + MOST_OWN_REASONS:
                raise StrategyError(
                    f"risk managers have given more than {MOST_OWN_REASONS} different reasons, at last {text!r:.60}",
                    "a reason is a kind of refusal, without numbers in it",
                )
            self.reasons.append(text)
        return self.reasons.index(text)

    def link(self) -> None:
        """Compile what is to be compiled, and tell the engine its addresses."""
        for k, one in enumerate(self.managers):
            if isinstance(one, CompiledRisk):
                blocks = EngineState, type(self.tables[f"risk{k}"])
                self.state.managers.code[k] = compile_address(checked(one.check), blocks)

    def merged(self) -> Manage:
        """A kernel with the managers in it, for :func:`barter_bt.engine.manage.manage`."""
        return merged(
            [
                (one.check, type(self.tables[f"risk{k}"])) if isinstance(one, CompiledRisk) else None
                for k, one in enumerate(self.managers)
            ]
        )

    def drive(self, driver: Driver) -> Driver:
        """The driver with these managers."""

        def save() -> bytes:
            return pickle.dumps((driver.save and driver.save(), self.reasons, [self._memory(k) for k in self._plain]))

        def load(memory: bytes) -> None:
            strategy, self.reasons[:], kept = pickle.loads(memory)
            if driver.load and strategy is not None:
                driver.load(strategy)
            for k, one in zip(self._plain, kept, strict=True):
                vars(self.managers[k]).update(one)

        return replace(
            driver,
            manage=self.merged,
            link=self.link,
            managers=self.tables,
            raised=lambda: self.error,
            save=save,
            load=load,
        )

    @property
    def _plain(self) -> list[int]:
        return [k for k, one in enumerate(self.managers) if not isinstance(one, CompiledRisk)]

    def _memory(self, k: int) -> dict[str, Any]:
        return dict(getattr(self.managers[k], "__dict__", {}))


class _Asked(Callback):
    """A manager in Python as the engine calls it: what it raises is kept, and ends the run."""

    def __init__(self, managed: Managed, manager: RiskManager) -> None:
        self._managed, self._manager = managed, manager

    def __call__(self, value: int) -> int:
        managed, state = self._managed, self._managed.state
        if state.fault.code[0] != NO_FAULT:
            return RISK_FAILED
        try:
            order = the_order(state, managed.index, value)
            said = read_verdict(self._manager.check(managed.view, order), order, state, value)
            return managed.code(said) if isinstance(said, str) else NO_REASON
        except Exception as error:
            managed.error = error
            fail(state.fault, RISK_RAISED, state.actions.instrument[value])
            return RISK_FAILED


class _Checked(Callback):
    """A compiled manager as an interpreted engine calls it."""

    def __init__(self, state: EngineState, manager: CompiledRisk, own: Block, k: int) -> None:
        self._state, self._check, self._own, self._k = state, manager.check, own, k

    def __call__(self, value: int) -> int:
        s, m = self._state, self._state.managers
        said = self._check(s.read_only, self._own.checked, value)
        return apply_verdict(s, value, said, m.first[self._k], m.reasons[self._k])
