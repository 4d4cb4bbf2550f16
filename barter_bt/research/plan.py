"""What a sweep runs: sets of parameters, in pieces of the time, what is made of each, and what it is known by."""

from __future__ import annotations

import hashlib
import inspect
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.backtest.asked import strategy_of
from barter_bt.backtest.portrait import portrait
from barter_bt.errors import BarterBtError, ConfigError, StrategyError, nearest
from barter_bt.research.pieces import Piece, within
from barter_bt.research.sampled import SUMS, SUMS_TYPE
from barter_bt.statistic import FIGURES
from barter_bt.statistic.figures import find

TYPES: Final = {"count": pl.Int64, "fraction": pl.Float64, "ratio": pl.Float64, "money": pl.Float64}
"""Columns of figures, by their unit."""
ONE_PASS, RUN = "one_pass", "run"


@dataclass
class Plan:
    """What is run; it can be pickled where its simulation and strategy can.

    A run has a number: sets by their rows, those of the first piece of the time, then those of the next.

    Parameters
    ----------
    simulation
        A simulation, or a function of some parameters that makes one.
    strategy
        A function, or class, of some parameters.
    sets
        A row for each set of parameters.
    figures
        Names of what is computed of each run.
    options
        Of the figures, as for :func:`barter_bt.statistic.summarise`.
    seed
        Of what strategies draw.
    one_pass
        Whether signals are run in one pass where that can be.
    pieces
        Spans of folds; without any, all the time is one.
    blocks
        Into how many blocks the returns of a run are cut, of which sums are kept; None keeps none.
    first
        How many sets of the sweep come before these.
    """

    simulation: Simulation | Callable[..., Simulation]
    strategy: Callable[..., Any]
    sets: pl.DataFrame
    figures: Sequence[str]
    options: Mapping[str, Any]
    seed: int
    one_pass: bool
    pieces: Sequence[Piece] = ()
    blocks: int | None = None
    first: int = 0
    _made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not callable(self.strategy):
            raise ConfigError(
                f"strategy is {type(self.strategy).__name__}; a sweep takes a function of parameters that makes one",
                "def strategy(fast, slow): return bt.Signals(...)",
            )
        if not isinstance(self.simulation, Simulation) and not callable(self.simulation):
            raise ConfigError(
                f"simulation is {type(self.simulation).__name__}; allowed: a Simulation, or a function that makes one",
                "bt.Simulation(data, instruments, balances=...)",
            )
        self.figures = [_figure(name) for name in self.figures]
        taken = set(_taken(self.strategy, self.sets.columns)) - {"seed"}
        if not isinstance(self.simulation, Simulation):
            taken |= set(_taken(self.simulation, self.sets.columns))
        idle = [name for name in self.sets.columns if name not in taken]
        if idle:
            functions = [each for each in (self.strategy, self.simulation) if not isinstance(each, Simulation)]
            there = dict.fromkeys(name for each in functions for name in inspect.signature(each).parameters)
            raise ConfigError(
                f"nothing takes parameter {idle[0]!r}: it has no effect", f"parameters there are: {', '.join(there)}"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_made": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    @property
    def schema(self) -> dict[str, Any]:
        """Columns of :meth:`rows`; ``run`` is the number of one."""
        figures = {name: TYPES[FIGURES[name].unit] for name in self.figures}
        told = {"digest": pl.String, "way": pl.Enum([ONE_PASS, RUN]), "warnings": pl.List(pl.String)}
        sums = {} if self.blocks is None else {SUMS: SUMS_TYPE}
        return {"run": pl.Int64, **figures, **told, "error": pl.String, **sums}

    def of(self, sets: pl.DataFrame, first: int = 0) -> Self:
        """The same for other sets of the same parameters; what was made for these is there for those."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), sets=sets, first=first)
        return other

    @property
    def runs(self) -> int:
        """How many there are."""
        return self.sets.height * max(len(self.pieces), 1)

    def piece_of(self, number: int) -> Piece | None:
        """The span of a run; None for all the time."""
        return self.pieces[number // self.sets.height] if self.pieces else None

    def parameters_of(self, number: int) -> dict[str, Any]:
        """The set of a run."""
        return self.sets.row(number % self.sets.height, named=True)

    def whole_of(self, number: int) -> Simulation:
        """The simulation of a run's set, over all the time; sets that give a factory the same share one."""
        if isinstance(self.simulation, Simulation):
            return self.simulation
        given = _given(self.simulation, self.parameters_of(number))
        made: Simulation = self.once(("simulation", *given.values()), lambda: _simulation(self.simulation, given))
        return made

    def simulation_of(self, number: int) -> Simulation:
        """The simulation of a run."""
        whole, piece = self.whole_of(number), self.piece_of(number)
        if piece is None:
            return whole
        key = ("piece", id(whole), piece.start, piece.end)
        made: Simulation = self.once(key, lambda: whole.between(piece.start, piece.end))
        return made

    def signals_of(self, number: int) -> Any:
        """The strategy of a run's set, as it is made."""
        values = self.parameters_of(number)
        names, draws = self.once("parameters", self._parameters)
        if "seed" not in values and draws:
            values["seed"] = int(_sha256([self.seed, portrait(values)])[:12], 16)
        given = {name: value for name, value in values.items() if name in names}
        try:
            return self.strategy(**given)
        except BarterBtError:
            raise
        except Exception as error:
            told = ", ".join(f"{name}={value!r}" for name, value in given.items())
            raise StrategyError(f"the strategy of {told} cannot be made: {type(error).__name__}: {error}") from error

    def _parameters(self) -> tuple[frozenset[str], bool]:
        """Names that the strategy takes, of parameters and ``seed``, and whether it says that it takes that."""
        draws = "seed" in inspect.signature(self.strategy).parameters
        return frozenset(_taken(self.strategy, [*self.sets.columns, "seed"])), draws

    def strategy_of(self, number: int) -> Any:
        """The strategy of a run."""
        piece, strategy = self.piece_of(number), self.signals_of(number)
        return strategy if piece is None else within(strategy_of(strategy), piece.start, piece.end)

    def trial(self, number: int) -> str:
        """SHA-256 of all that decides what a set does: the same set in another piece of the time is no other trial."""
        made = self.once("strategy", lambda: portrait(self.strategy))
        return _sha256([self.whole_of(number).fingerprint, made, portrait(self.parameters_of(number)), self.seed])

    def key(self, number: int) -> str:
        """SHA-256 of all that decides what a run does: whoever computes it has computed the same."""
        piece = self.piece_of(number)
        times = None if piece is None else [piece.start.isoformat(), piece.end.isoformat()]
        return _sha256([self.trial(number), times])

    @property
    def asked(self) -> str:
        """SHA-256 of what is computed of a run."""
        sums = [] if self.blocks is None else [self.blocks]
        return _sha256([list(self.figures), portrait(dict(self.options)), *sums])

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made by the first who asks; others wait."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _taken(function: Callable[..., Any], names: Sequence[str]) -> list[str]:
    """Those of the names that a function takes as parameters."""
    there = inspect.signature(function).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in there.values()):
        return list(names)
    return [name for name in names if name in there]


def _given(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in _taken(function, list(values))}


def _simulation(make: Any, given: Mapping[str, Any]) -> Simulation:
    found = make(**given)
    if not isinstance(found, Simulation):
        raise ConfigError(
            f"simulation is a function that gives {type(found).__name__}; it must give a Simulation",
            "def simulation(fee): return bt.Simulation(..., venues=bt.Venue(fees=fee))",
        )
    return found


def _figure(name: str) -> str:
    figure = find(name)
    if figure is None or figure.unit not in TYPES:
        known = [each.name for each in FIGURES.values() if each.unit in TYPES]
        like = nearest(name, known)
        raise ConfigError(
            f"a sweep has no figure {name!r}; it has those that are numbers",
            f"did you mean {like!r}?" if like else None,
        )
    return figure.name
