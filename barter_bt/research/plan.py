"""What a sweep runs: sets of parameters, what is made of each, and how a set becomes a row of figures."""

from __future__ import annotations

import hashlib
import inspect
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.backtest.asked import strategy_of
from barter_bt.backtest.portrait import portrait
from barter_bt.errors import BarterBtError, ConfigError, EngineError, nearest
from barter_bt.research.one_pass.conditions import why_not_setup, why_not_signals
from barter_bt.research.one_pass.figures import ALL
from barter_bt.research.one_pass.runner import OnePass, columns_of
from barter_bt.research.pieces import Piece, begun
from barter_bt.statistic import FIGURES
from barter_bt.statistic.figure import find

TYPES: Final = {"count": pl.Int64, "fraction": pl.Float64, "ratio": pl.Float64, "money": pl.Float64}
"""Columns of figures, by their unit."""
ONE_PASS, RUN = "one_pass", "run"
_AT_ONCE, _ROOM = 64, 32_000_000  # sets that are run together, and bytes of targets
Row = dict[str, Any]


@dataclass
class Plan:
    """All that a worker needs; it can be pickled where its simulation and strategy can.

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
    """

    simulation: Simulation | Callable[..., Simulation]
    strategy: Callable[..., Any]
    sets: pl.DataFrame
    figures: Sequence[str]
    options: Mapping[str, Any]
    seed: int
    one_pass: bool
    pieces: Sequence[Piece] = ()
    _made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.figures = [_figure(name) for name in self.figures]
        taken = set(_taken(self.strategy, self.sets.columns)) - {"seed"}
        if not isinstance(self.simulation, Simulation):
            taken |= set(_taken(self.simulation, self.sets.columns))
        idle = [name for name in self.sets.columns if name not in taken]
        if idle:
            raise ConfigError(f"nothing takes parameter {idle[0]!r}: it has no effect", f"parameters: {sorted(taken)}")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_made": {}, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    @property
    def schema(self) -> dict[str, Any]:
        """Columns of :meth:`rows`; ``run`` is the number of one."""
        figures = {name: TYPES[FIGURES[name].unit] for name in self.figures}
        told = {"digest": pl.String, "way": pl.Enum([ONE_PASS, RUN]), "warnings": pl.List(pl.String)}
        return {"run": pl.Int64, **figures, **told, "error": pl.String}

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
        made: Simulation = self._once(("simulation", *given.values()), lambda: _simulation(self.simulation, given))
        return made

    def simulation_of(self, number: int) -> Simulation:
        """The simulation of a run."""
        whole, piece = self.whole_of(number), self.piece_of(number)
        if piece is None:
            return whole
        key = ("piece", id(whole), piece.start, piece.end)
        made: Simulation = self._once(key, lambda: whole.between(piece.start, piece.end))
        return made

    def signals_of(self, number: int) -> Any:
        """The strategy of a run's set, as it is made."""
        values = self.parameters_of(number)
        if "seed" not in values and "seed" in inspect.signature(self.strategy).parameters:
            values["seed"] = int(_sha256([self.seed, portrait(values)])[:12], 16)
        return self.strategy(**_given(self.strategy, values))

    def strategy_of(self, number: int) -> Any:
        """The strategy of a run."""
        piece, strategy = self.piece_of(number), self.signals_of(number)
        return strategy if piece is None else begun(strategy_of(strategy), piece.start)

    def trial(self, number: int) -> str:
        """SHA-256 of all that decides what a set does: the same set in another piece of the time is no other trial."""
        made = self._once("strategy", lambda: portrait(self.strategy))
        return _sha256([self.whole_of(number).fingerprint, made, portrait(self.parameters_of(number)), self.seed])

    def key(self, number: int) -> str:
        """SHA-256 of all that decides what a run does: whoever computes it has computed the same."""
        piece = self.piece_of(number)
        times = None if piece is None else [piece.start.isoformat(), piece.end.isoformat()]
        return _sha256([self.trial(number), times])

    @property
    def asked(self) -> str:
        """SHA-256 of what is computed of a run."""
        return _sha256([list(self.figures), portrait(dict(self.options))])

    @property
    def at_once(self) -> int:
        """How many sets are best run together."""
        if self._for_one_pass(0) is None:
            return 1
        rows = self.whole_of(0)._setup.streams[0].rows
        return max(min(_AT_ONCE, _ROOM // (8 * rows)), 1)

    def rows(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Figures of some sets, by their numbers."""
        found: dict[int, Row] = {}
        together: dict[int, dict[int, Any]] = {}
        for number in numbers:
            strategy = self._for_one_pass(number)
            if strategy is not None:
                together.setdefault(id(self._simulated(number)), {})[number] = strategy
        gave_up: dict[int, str] = {}
        for those in together.values():
            found |= self._in_one_pass(those, gave_up)
        for number in numbers:
            if number not in found:
                found[number] = self._run(number)
                if number in gave_up and "warnings" in found[number]:
                    found[number]["warnings"] = [f"not in one pass: {gave_up[number]}", *found[number]["warnings"]]
            elif number == 0:
                found[0] |= self._compared(found[0])
        return pl.DataFrame([found[number] for number in numbers], schema=self.schema, orient="row")

    def why_not_one_pass(self, number: int = 0) -> str | None:
        """What keeps a set from one pass; None if nothing does."""
        why = self._why_not(self.whole_of(number)) if self.one_pass else "one_pass is False"
        return why or why_not_signals(self.signals_of(number))

    def _why_not(self, whole: Simulation) -> str | None:
        more = [name for name in self.figures if name not in ALL]
        if more:
            return f"figure {more[0]!r} needs the tables of a run"
        why: str | None = self._once(("why", id(whole)), lambda: why_not_setup(whole._setup))
        return why

    def _for_one_pass(self, number: int) -> Any:
        """The strategy of a set that one pass can run."""
        try:
            if not self.one_pass or self._why_not(self.whole_of(number)):
                return None
            strategy = self.signals_of(number)
        except BarterBtError:
            return None
        return strategy if why_not_signals(strategy) is None else None

    def passes(self, number: int) -> OnePass | str:
        """One pass over the simulation of a run; or what is wrong with its candles, which a full run will tell as well.

        A simulation that cannot be made is left to a full run in the same way.
        """

        def make() -> OnePass | str:
            simulation, whole = self.simulation_of(number), self.whole_of(number)
            try:
                columns = self._once(("columns", id(whole)), lambda: columns_of(whole._setup))
                return OnePass(simulation._setup, self.options, interpret=simulation._interpret, columns=columns)
            except (ValueError, BarterBtError) as error:
                return str(error)

        if self._simulated(number) is None:
            return "it cannot be made"
        found: OnePass | str = self._once(("pass", id(self._simulated(number))), make)
        return found

    def _simulated(self, number: int) -> Simulation | None:
        """The simulation of a run; None where it cannot be made."""
        try:
            return self.simulation_of(number)
        except BarterBtError:
            return None

    def _in_one_pass(self, strategies: Mapping[int, Any], gave_up: dict[int, str]) -> dict[int, Row]:
        """Rows of those that one pass can run; of the others it is noted why not."""
        passes, found = self.passes(next(iter(strategies))), dict[int, Row]()
        try:
            if isinstance(passes, str):
                raise ValueError(passes)
            for number, run in zip(strategies, passes.run(list(strategies.values())), strict=True):
                if run is None:
                    gave_up[number] = "a target or an amount is too large for it"
                    continue
                row = {name: run.value(name) for name in self.figures}
                found[number] = {"run": number, **row, "digest": None, "way": ONE_PASS, "warnings": None}
        except Exception as error:  # targets that cannot be computed: a full run says which and why
            gave_up |= {number: str(error).split("\n", 1)[0] for number in strategies if number not in found}
        return found

    def _run(self, number: int) -> Row:
        """A full run; what it raises on purpose is its row."""
        row: Row = {"run": number, "way": RUN}
        try:
            result = self.simulation_of(number).run(self.strategy_of(number))
            if result.partial:
                raise KeyboardInterrupt
            summary = result.summary(**self.options)
        except BarterBtError as error:
            return row | {"error": str(error)}
        row |= {name: summary[name] for name in self.figures}
        return row | {"digest": result.digest, "warnings": result.warnings}

    def _compared(self, row: Row) -> Row:
        """The first set is run in full as well: it must give the same figures, and it has warnings."""
        whole = self._run(0)
        for name in self.figures:
            if "error" not in whole and whole[name] != row[name]:
                raise EngineError(
                    f"one pass gives {name} = {row[name]!r} where a run gives {whole[name]!r}, for "
                    f"{self.parameters_of(0)}: this is a fault of barter_bt, please report it",
                    "one_pass=False runs each set as a whole",
                )
        return {name: whole[name] for name in ("digest", "warnings", "error") if name in whole}

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
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
