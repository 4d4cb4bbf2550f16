"""Risk managers of the user's own, after Barter's: an order is approved, refused for a reason, or made smaller."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from numbers import Real
from types import FunctionType
from typing import Any, Protocol, TypeAlias

from barter_bt.columns.callback import Callback, call, native_call, register
from barter_bt.columns.kernel import Compiler
from barter_bt.columns.table import Block
from barter_bt.engine import manage as engine
from barter_bt.engine.fault import NO_FAULT, RISK_RAISED, fail
from barter_bt.engine.manage import apply_verdict
from barter_bt.engine.order import (
    LIMIT,
    MOST_OWN_REASONS,
    NO_REASON,
    OWN_REASON,
    REASONS,
    RISK_FAILED,
    TIMES_IN_FORCE,
)
from barter_bt.engine.state.limits import Managers
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.instrument import IndexedInstruments
from barter_bt.risk.limits import Limits, limits_of
from barter_bt.strategy.driver import Driver
from barter_bt.strategy.own import own_tables
from barter_bt.strategy.python import OrderRequest, State

Manage: TypeAlias = Callable[[EngineState, int], int]
Check: TypeAlias = Callable[[EngineState, Any, int], int]
Verdict: TypeAlias = str | float | Decimal | None


class RiskManager(Protocol):
    """Holds every order of the strategy against rules of the user's own, after the limits (rule 56).

    Orders of commands, hooks and stops are not held against it. It keeps what it likes in attributes; where a run saves
    checkpoints they are pickled.
    """

    def check(self, state: State, order: OrderRequest) -> Verdict:
        """None approves; text refuses, and is the reason; a number makes the order smaller, to that quantity.

        The number is without a sign, on the instrument's grid, above 0 and at most the order's. ``order.instrument`` is
        the name, ``order.quantity`` signed, as limits left it.
        """
        ...


@dataclass(frozen=True)
class CompiledRisk:
    """A risk manager in the part of Python that Numba compiles: for runs in which every microsecond counts.

    Parameters
    ----------
    check
        ``check(s, my, order) -> int``: ``order`` is the row of the order in ``s.actions``. 0 approves; k refuses with
        the k-th of ``reasons``, from 1; -k makes the order smaller, to k lots.
    reasons
        Texts that stand in ``orders`` as reasons.
    parameters, variables, per_instrument
        Its own numbers, as those of :class:`~barter_bt.strategy.Compiled`: ``my.parameters.name[0]``,
        ``my.variables.name[0]``, ``my.per_instrument.name[i]``.

    Examples
    --------
    >>> def no_shorts(s, my, order):
    ...     a = s.actions
    ...     held = s.instruments.quantity[a.instrument[order]]
    ...     return 1 if a.side[order] < 0 and a.quantity[order] > held else 0
    >>> CompiledRisk(no_shorts, reasons=("short",)).reasons
    ('short',)
    """

    check: Check
    reasons: Sequence[str] = ()
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    variables: Mapping[str, float] = field(default_factory=dict)
    per_instrument: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check: Any = self.check
        if not isinstance(check, FunctionType) or len(inspect.signature(check).parameters) != 3:
            raise ConfigError(
                f"check is {self.check!r:.60}; it must be a plain function of three arguments",
                "define it with def check(s, my, order):",
            )
        reasons: Any = self.reasons
        if isinstance(reasons, str) or not all(isinstance(one, str) and one for one in reasons):
            raise ConfigError(f"reasons is {self.reasons!r}; it must be texts", 'reasons=("too_late",)')


Risk: TypeAlias = Limits | Mapping[str, Any] | RiskManager | CompiledRisk
Given: TypeAlias = Risk | Sequence[Risk] | None


def split(given: Given, where: str = "risk") -> tuple[Limits | None, list[Any]]:
    """Limits, and managers of the user's own, in the order in which they are asked.

    Examples
    --------
    >>> split([Limits(order_quantity=1)])[1]
    []
    """
    every = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    own = [one for one in every if isinstance(one, CompiledRisk) or hasattr(one, "check")]
    limits = [one for one in every if not any(one is each for each in own)]
    for one in own:
        if isinstance(one, type):
            raise ConfigError(f"{where} has {one!r}, a class", "make one of it: Name(...)")
    if len(limits) > 1:
        raise ConfigError(f"{where} has Limits {len(limits)} times", "give all of them as one")
    return limits_of(limits[0], where) if limits else None, own


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
        self._view = State(state, index)
        self._asked: list[Any] = []
        state.replace("managers", Managers(len(managers)))
        for k, one in enumerate(managers):
            if isinstance(one, CompiledRisk):
                for text in one.reasons:
                    self.code(text)
                self.tables[f"risk{k}"] = own_tables(one.parameters, one.variables, one.per_instrument, index)
                state.managers.known_by[k] = self.tables[f"risk{k}"].address
            else:
                asked = _Asked(self, one)
                self._asked.append(asked)  # which keeps it
                state.managers.known_by[k] = register(asked)

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

    def kernel(self, interpret: bool) -> Manage:
        """What stands in for :func:`barter_bt.engine.manage.manage`."""
        kernels = [self._kernel(k, one, interpret) for k, one in enumerate(self.managers)]
        made = kernels[-1]
        for one in reversed(kernels[:-1]):
            made = _then(one, made)
        return made

    def interpreted(self, function: Any) -> Any:
        """A function of the engine that asks these managers."""
        return Compiler({engine.manage: self.kernel(True)}, interpret=True).function(function)

    def _kernel(self, k: int, one: Any, interpret: bool) -> Manage:
        if not isinstance(one, CompiledRisk):
            return _python(k, call if interpret else native_call())
        codes = [self.code(text) for text in one.reasons]
        check, tables = one.check, self.tables[f"risk{k}"]
        if interpret:
            return _compiled(k, check, lambda address: tables, codes)
        from barter_bt.columns.lowering import block_at

        return _compiled(k, check, block_at(type(tables)), codes)

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
            driver, manage=self.kernel, managers=self.tables, raised=lambda: self.error, save=save, load=load
        )

    @property
    def _plain(self) -> list[int]:
        return [k for k, one in enumerate(self.managers) if not isinstance(one, CompiledRisk)]

    def _memory(self, k: int) -> dict[str, Any]:
        return dict(getattr(self.managers[k], "__dict__", {}))

    def ask(self, manager: RiskManager, action: int) -> int:
        """What a manager in Python says, as a reason; the quantity may have been made smaller."""
        order = self._order(action)
        said = manager.check(self._view, order)
        if said is None:
            return NO_REASON
        if isinstance(said, str) and said:
            return self.code(said)
        if isinstance(said, Real | Decimal) and not isinstance(said, bool):
            a, terms = self.state.actions, self.state.terms
            i = a.instrument[action]
            lots = steps(float(said), terms.lots_per_unit[i], terms.lot_noise[i])
            if 0 < lots <= a.quantity[action]:
                a.quantity[action] = lots
                return NO_REASON
            raise StrategyError(
                f"the risk manager makes {order} {said!r}; allowed: above 0 to {abs(order.quantity)}, on the grid",
                "refuse it with a reason, or use state.round_quantity",
            )
        raise StrategyError(
            f"the risk manager says {said!r:.60} of {order}",
            "None approves, text refuses for that reason, a number makes the order smaller",
        )

    def _order(self, action: int) -> OrderRequest:
        a, terms = self.state.actions, self.state.terms
        i, ticks = a.instrument[action], a.price[action]
        return OrderRequest(
            self.index.names[i],
            a.side[action] * a.quantity[action] / terms.lots_per_unit[i],
            ticks / terms.ticks_per_unit[i] if a.kind[action] == LIMIT else None,
            TIMES_IN_FORCE[a.time_in_force[action]],
            bool(a.post_only[action]),
            bool(a.resize[action]),
        )


class _Asked(Callback):
    """A manager in Python as compiled code calls it: what it raises is kept, and ends the run."""

    def __init__(self, managed: Managed, manager: RiskManager) -> None:
        self._managed, self._manager = managed, manager

    def __call__(self, value: int) -> int:
        managed = self._managed
        if managed.state.fault.code[0] != NO_FAULT:
            return RISK_FAILED
        try:
            return managed.ask(self._manager, value)
        except Exception as error:
            managed.error = error
            fail(managed.state.fault, RISK_RAISED, managed.state.actions.instrument[value])
            return RISK_FAILED


def _python(k: int, function: Callable[[int, int], int]) -> Manage:
    def manage(s: EngineState, action: int) -> int:
        return function(s.managers.known_by[k], action)

    return manage


def _compiled(k: int, check: Check, at: Callable[[int], Block], codes: list[int]) -> Manage:
    first, count = (codes[0] - OWN_REASON if codes else 0), len(codes)

    def manage(s: EngineState, action: int) -> int:
        said = check(s.read_only, at(s.managers.known_by[k]).checked, action)
        return apply_verdict(s, action, said, first, count)

    return manage


def _then(one: Manage, other: Manage) -> Manage:
    """The second is asked if the first approves."""

    def manage(s: EngineState, action: int) -> int:
        reason = one(s, action)
        return reason if reason else other(s, action)

    return manage
