"""What sweeps have found, kept in a directory: a sweep goes on where it was ended, and counts the trials of all.

Rows are kept by the key of their set, which is the hash of all that decides what a run does; so any number of sweeps
may share a directory, and what one of them has computed is not computed again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.files import replacing, write_parquet

_EVERY_SECONDS = 2.0
_PART = "part-*.parquet"


class KeptRows:
    """Rows in a directory, in files of some seconds' work.

    Parameters
    ----------
    directory
        Made if it is not there.

    Raises
    ------
    ConfigError
        It cannot be made, or a file of it cannot be read.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"directory {self.directory} cannot be made: {error.strerror}", "name another in which rows are kept"
            ) from error
        self._waiting: list[pl.DataFrame] = []
        self._written = time.monotonic()
        self._rows = [_read(file) for file in sorted(self.directory.glob(_PART))]

    def known(self, keys: Sequence[str], asked: str) -> pl.DataFrame | None:
        """Rows of these keys for which the same was asked, with their number among the keys as ``run``."""
        wanted = pl.DataFrame({"key": keys, "run": range(len(keys))}, schema={"key": pl.String, "run": pl.Int64})
        those = [rows.filter(pl.col("asked") == asked) for rows in self._rows]
        found = [rows.drop("run", "asked", "trial").join(wanted, on="key") for rows in those if rows.height]
        return pl.concat(found).unique("run", keep="last") if found else None

    def trials(self, trials: Sequence[str]) -> int:
        """How many different sets were tried in the directory, with these."""
        return len({trial for rows in self._rows for trial in rows["trial"]} | set(trials))

    def add(self, rows: pl.DataFrame, keys: Sequence[str], trials: Sequence[str], asked: str) -> None:
        """Keep rows; they are written every few seconds."""
        about = pl.DataFrame({"key": keys, "trial": trials}, schema={"key": pl.String, "trial": pl.String})
        about = about.with_row_index("run").with_columns(pl.col("run").cast(pl.Int64), asked=pl.lit(asked))
        self._waiting.append(rows.join(about, on="run", maintain_order="left"))
        if time.monotonic() - self._written > _EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        self._written = time.monotonic()
        if self._waiting:
            rows = pl.concat(self._waiting)
            self._waiting.clear()
            self._rows.append(rows)
            with replacing(self.directory / _PART.replace("*", uuid4().hex)) as file:
                write_parquet(rows, file)


def _read(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "delete it, and what it had is computed again") from error
