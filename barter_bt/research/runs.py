"""How the runs of a sweep become rows of figures: many in one pass, or each as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.errors import BarterBtError, EngineError
from barter_bt.research.one_pass.candles import columns_of
from barter_bt.research.one_pass.conditions import why_not_setup, why_not_signals
from barter_bt.research.one_pass.figures import ALL, Run
from barter_bt.research.one_pass.runner import OnePass
from barter_bt.research.one_pass.sharing import order_of_sharing
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.research.plan import ONE_PASS, RUN, Plan
from barter_bt.research.sampled import SUMS, Sampled
from barter_bt.statistic.curve import curve_of_run

_AT_ONCE, _ROOM = 64, 32_000_000  # sets that are run together, and bytes of targets
Row = dict[str, Any]


class Runs(Plan):
    """A plan that runs: what workers are given."""

    @property
    def at_once(self) -> int:
        """How many sets are best run together."""
        if self._for_one_pass(0) is None:
            return 1
        rows = self.whole_of(0)._setup.streams[0].rows
        return max(min(_AT_ONCE, _ROOM // (8 * rows)), 1)

    def ordered(self, numbers: Sequence[int]) -> Sequence[int]:
        """Runs in the order in which what sets have in common is computed as seldom as memory allows."""
        try:
            columns = None if self._for_one_pass(0) is None else self._columns_of(self.whole_of(0))
        except (ValueError, BarterBtError):  # of the candles, which a run will tell
            return numbers
        if columns is None or sum(column.n_unique() for column in self.sets) <= columns.most:
            return numbers
        known: dict[int, Sequence[bytes]] = {}
        for number in numbers:
            if (own := number % self.sets.height) not in known:
                strategy = self._for_one_pass(own)
                known[own] = () if strategy is None else columns.parts_of(strategy.target)
        parts = [known[number % self.sets.height] for number in numbers]
        return [numbers[place] for place in order_of_sharing(parts, columns.most)]

    def rows(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Figures of some sets, by their numbers."""
        found: dict[int, Row] = {}
        gave_up: dict[int, str] = {}
        for number, run in self._passed(numbers, gave_up):
            row = {name: run.value(name) for name in self.figures}
            found[number] = {"run": number, **row, "digest": None, "way": ONE_PASS, "warnings": None}
            if self.blocks is not None:
                found[number][SUMS] = run.sampled.sums(self.blocks)
        for number in numbers:
            if number not in found:
                found[number] = self._run(number)
                if number in gave_up and "warnings" in found[number]:
                    found[number]["warnings"] = [f"not in one pass: {gave_up[number]}", *found[number]["warnings"]]
            elif number + self.first == 0:
                found[0] |= self._compared(found[0])
        return pl.DataFrame([found[number] for number in numbers], schema=self.schema, orient="row")

    def sampled(self, numbers: Sequence[int]) -> dict[int, Sampled]:
        """Returns of some runs; those of a run without an equity are left out.

        Raises
        ------
        BarterBtError
            A run has failed.
        """
        found = {number: run.sampled for number, run in self._passed(numbers, {})}
        for number in numbers:
            if number not in found:
                curve = curve_of_run(self.simulation_of(number).run(self.strategy_of(number)), **self.options)
                if curve is not None:
                    found[number] = Sampled(curve.times[curve.rows], curve.changes)
        return {number: found[number] for number in numbers if number in found}

    def why_not_one_pass(self, number: int = 0) -> str | None:
        """What keeps a set from one pass; None if nothing does."""
        why = self._why_not(self.whole_of(number)) if self.one_pass else "one_pass is False"
        return why or why_not_signals(self.signals_of(number), self.whole_of(number)._setup)

    def _why_not(self, whole: Simulation) -> str | None:
        more = [name for name in self.figures if name not in ALL]
        if more:
            return f"figure {more[0]!r} needs the tables of a run"
        why: str | None = self.once(("why", id(whole)), lambda: why_not_setup(whole._setup))
        return why

    def _for_one_pass(self, number: int) -> Any:
        """The strategy of a set that one pass can run."""
        try:
            if not self.one_pass or self._why_not(self.whole_of(number)):
                return None
            strategy = self.signals_of(number)
        except BarterBtError:
            return None
        return strategy if why_not_signals(strategy, self.whole_of(number)._setup) is None else None

    def passes(self, number: int) -> OnePass | str:
        """One pass over the simulation of a run; or what is wrong with its candles, which a full run will tell as well.

        A simulation that cannot be made is left to a full run in the same way.
        """

        def make() -> OnePass | str:
            simulation = self.simulation_of(number)
            try:
                columns = self._columns_of(self.whole_of(number))
                early = self.piece_of(number) is None
                return OnePass(
                    simulation._setup, self.options, interpret=simulation._interpret, columns=columns, early=early
                )
            except (ValueError, BarterBtError) as error:
                return str(error)

        if self._simulated(number) is None:
            return "it cannot be made"
        found: OnePass | str = self.once(("pass", id(self._simulated(number))), make)
        return found

    def _columns_of(self, whole: Simulation) -> SharedColumns:
        """What simulations over the same candles share, whatever else they differ in."""
        setup = whole._setup
        key = ("columns", id(setup.streams[0]), *setup.index.codes)
        made: SharedColumns = self.once(key, lambda: columns_of(setup))
        return made

    def _simulated(self, number: int) -> Simulation | None:
        """The simulation of a run; None where it cannot be made."""
        try:
            return self.simulation_of(number)
        except BarterBtError:
            return None

    def _passed(self, numbers: Sequence[int], gave_up: dict[int, str]) -> Iterator[tuple[int, Run]]:
        """Runs of those that one pass can run, each until the next is asked for; of others it is noted why not."""
        together: dict[int, dict[int, Any]] = {}
        for number in numbers:
            strategy = self._for_one_pass(number)
            if strategy is not None:
                together.setdefault(id(self._simulated(number)), {})[number] = strategy
        for those in together.values():
            yield from self._in_one_pass(those, gave_up)

    def _in_one_pass(self, strategies: Mapping[int, Any], gave_up: dict[int, str]) -> Iterator[tuple[int, Run]]:
        """Runs of the strategies of one simulation."""
        passes, left = self.passes(next(iter(strategies))), dict(strategies)
        try:
            if isinstance(passes, str):
                raise ValueError(passes)
            for number, run in zip(strategies, passes.run(list(strategies.values())), strict=True):
                del left[number]
                if run is None:
                    gave_up[number] = "a target or an amount is too large for it, or an order at the start"
                else:
                    yield number, run
        except Exception as error:  # targets that cannot be computed: a full run says which and why
            gave_up |= dict.fromkeys(left, str(error).split("\n", 1)[0])

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
        if self.blocks is not None and (curve := curve_of_run(result, **self.options)) is not None:
            row[SUMS] = Sampled(curve.times[curve.rows], curve.changes).sums(self.blocks)
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
