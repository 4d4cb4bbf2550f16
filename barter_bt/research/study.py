"""A study: how many configurations of one idea were tried, in all sessions, and how their Sharpe ratios vary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from barter_bt import files
from barter_bt.errors import ConfigError, DataError
from barter_bt.research.overfitting.matrix import Returns
from barter_bt.research.overfitting.sharpe import SharpeEstimate, deflated_sharpe, expected_maximum_sharpe
from barter_bt.statistic.figures import FIGURES

_SCHEMA = {"key": pl.String, "label": pl.String, "parameters": pl.String, "sharpe": pl.Float64}
_NO_PARAMETERS = frozenset(("set", "fold", "part", "path", "digest", "way", "warnings", "error", "distance"))
"""Columns of a sweep that say which row it is, or how it went."""


class Tried(Protocol):
    """What knows which of its columns are parameters, as a sweep does."""

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each set of parameters."""

    @property
    def parameters(self) -> list[str]:
        """Names of the columns that say which set it is."""


class Study:
    """The trials of one idea, kept in a file, so that the best of them can be judged by how many there were.

    A trial is one set of parameters under one label; the same set again is no other trial. Several processes may add
    to one study: they wait for each other (where the drive has locks), and the file is written whole.

    Parameters
    ----------
    path
        The file, Parquet; it is made by the first :meth:`add`.

    Raises
    ------
    DataError
        The file is no study.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> tried = pl.DataFrame({"fast": [5, 10, 20], "slow": [50, 50, 50], "sharpe": [0.4, 0.9, 0.1]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = Study(Path(folder, "crosses.study"))
    ...     new = study.add(tried, periods=365), study.add(tried.head(2), periods=365)
    ...     again = Study(study.path)
    >>> new, again.trials
    ((3, 0), 3)
    >>> best = np.random.default_rng(1).normal(0.05, 1.0, 1_000)
    >>> round(again.deflated_sharpe(best), 3)
    0.24
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._table = self._read()

    @property
    def trials(self) -> int:
        """How many sets of parameters were tried."""
        return self._table.height

    @property
    def table(self) -> pl.DataFrame:
        """Every trial: ``key``, ``label``, ``parameters`` (JSON), ``sharpe`` (per return, null where undefined)."""
        return self._table

    @property
    def sharpe_deviation(self) -> float | None:
        """Standard deviation of the trials' Sharpe ratios per return; None of fewer than two."""
        found = self._table["sharpe"].std()
        return None if found is None else float(found)  # type: ignore[arg-type] # of a Float64 column

    def add(
        self,
        tried: pl.DataFrame | Tried,
        *,
        parameters: Sequence[str] | None = None,
        sharpe: str = "sharpe",
        periods: float | None = None,
        label: str = "",
    ) -> int:
        """Add what a sweep tried.

        Parameters
        ----------
        tried
            A sweep, or a frame with a row for each trial, or several (folds), whose Sharpe ratios are averaged.
        parameters
            Columns that say which trial it is. By default those of the sweep; of a frame all that are no figure of a
            run and none of ``set``, ``fold``, ``part``, ``path``, ``digest``, ``way``, ``warnings``, ``error``,
            ``distance``.
        sharpe
            Column of the Sharpe ratio; null where it is undefined, which is a trial all the same.
        periods
            Returns in the interval that it is stated for: 365 for yearly figures of daily returns of crypto, 1 if it
            is stated per return. By default the frame's column ``periods``, which the figures of a run have.
        label
            What else was varied and is no column: the data, the universe, the rule.

        Returns
        -------
        int
            How many of them are new. Of those known before, the Sharpe ratios are replaced.

        Raises
        ------
        ConfigError
            A column is missing, or nothing says what the Sharpe ratio is stated for.
        """
        frame = tried if isinstance(tried, pl.DataFrame) else tried.frame
        if parameters is None and not isinstance(tried, pl.DataFrame):
            parameters = tried.parameters
        names = self._parameters(frame, parameters, sharpe)
        ratio = pl.col(sharpe).cast(pl.Float64) / _periods(frame, periods).sqrt()
        rows = frame.select(*names, pl.when(ratio.is_finite()).then(ratio).alias("of the trial"))
        found = rows.group_by(names, maintain_order=True).agg(pl.col("of the trial").mean())
        texts = [_text(row) for row in found.select(names).iter_rows(named=True)]
        keys = [hashlib.sha256(f"{label}\n{text}".encode()).hexdigest()[:32] for text in texts]
        new = pl.DataFrame(
            {"key": keys, "label": [label] * len(keys), "parameters": texts, "sharpe": found["of the trial"]},
            schema=_SCHEMA,
        )
        return self._write(new)

    def expected_maximum_sharpe(self, trials: float | None = None) -> float | None:
        """Sharpe ratio per return that the best of the trials would have without any skill; None if undefined.

        Parameters
        ----------
        trials
            Number of independent trials, if it is known to be less than all, for example from
            :func:`~barter_bt.research.effective_trials`.
        """
        count = self.trials if trials is None else trials
        if count == 1:
            return 0.0
        deviation = self.sharpe_deviation
        return None if deviation is None or count < 1 else expected_maximum_sharpe(count, deviation)

    def deflated_sharpe(self, returns: Returns | SharpeEstimate, trials: float | None = None) -> float | None:
        """Probability that the chosen one's true Sharpe ratio is above what the best of all trials shows without skill.

        Parameters
        ----------
        returns
            Returns of the chosen one, sampled as those of the trials; see
            :func:`~barter_bt.research.deflated_sharpe`.
        trials
            As for :meth:`expected_maximum_sharpe`.

        Returns
        -------
        float or None
            None where the returns have no Sharpe ratio, or fewer than two trials have one.
        """
        count = self.trials if trials is None else trials
        if count == 1:
            return deflated_sharpe(returns, 1, 0.0)
        deviation = self.sharpe_deviation
        return None if deviation is None or count < 1 else deflated_sharpe(returns, count, deviation)

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r}: {self.trials:,} trials)"

    def _parameters(self, frame: pl.DataFrame, given: Sequence[str] | None, sharpe: str) -> list[str]:
        taken = {sharpe, *FIGURES, *_NO_PARAMETERS}
        names = [name for name in frame.columns if name not in taken] if given is None else list(given)
        missing = [name for name in (*names, sharpe) if name not in frame.columns]
        if missing:
            raise ConfigError(f"the frame has no column {missing[0]!r}; it has {', '.join(frame.columns)}")
        if not names:
            raise ConfigError(
                f"none of the columns {', '.join(frame.columns)} is a parameter", "name them: parameters=[...]"
            )
        return names

    def _read(self) -> pl.DataFrame:
        if not self.path.exists():
            return pl.DataFrame(schema=_SCHEMA)
        try:
            table = pl.read_parquet(self.path.read_bytes())
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataError(f"{self.path} could not be read as a study: {error}") from error
        if dict(table.schema) != _SCHEMA:
            raise DataError(
                f"{self.path} is no study: its columns are {', '.join(table.columns)}", "choose another file"
            )
        return table

    def _write(self, new: pl.DataFrame) -> int:
        folder = self.path.resolve().parent
        if not folder.is_dir():
            raise ConfigError(f"{self.path} cannot be written: directory {folder} does not exist")
        with files.one_at_a_time(folder):
            before = self._read()
            table = pl.concat([before, new]).unique("key", keep="last", maintain_order=True)
            with files.replacing(self.path) as written:
                files.write_parquet(table, written)
        self._table = table
        return table.height - before.height


def _periods(frame: pl.DataFrame, given: float | None) -> pl.Expr:
    if given is None:
        if "periods" not in frame.columns:
            raise ConfigError(
                "nothing says what the Sharpe ratio is stated for: the frame has no column 'periods'",
                "give periods: 252 or 365 for yearly figures of daily returns, 1 if it is per return",
            )
        return pl.col("periods").cast(pl.Float64)
    if not 0 < given < float("inf"):
        raise ConfigError(f"periods is {given}; it must be above 0")
    return pl.lit(float(given))


def _text(row: dict[str, Any]) -> str:
    """A set of parameters as text that is the same for the same values: 10.0 is 10, names are in order."""
    plain = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in row.items()
    }
    return json.dumps(plain, sort_keys=True, default=str)
