"""Risk managers of the user's own, after Barter's: an order is approved, refused for a reason, or made smaller."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.risk.limits import Limits, limits_of

if TYPE_CHECKING:
    from barter_bt.strategy.request import OrderRequest
    from barter_bt.strategy.view import State

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
    if not limits:
        return None, own
    found = limits_of(limits[0], where)
    if found.is_idle:
        raise ConfigError(
            f"{where} is Limits without a limit: it has no effect",
            "name one: Limits(order_quantity=5)",
        )
    return found, own
