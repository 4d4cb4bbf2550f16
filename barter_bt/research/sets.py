"""Parameter sets to try: a frame with a column for each parameter and a row for each set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.errors import ConfigError, MissingPackageError

Condition = str | pl.Expr | None
_MOST = 10_000_000


def grid(*, where: Condition = None, **values: Iterable[Any]) -> pl.DataFrame:
    """Every combination of values, the last parameter fastest.

    Parameters
    ----------
    where
        Which combinations to keep: text such as ``"fast < slow"`` (an expression of SQL over the parameters), or a
        Polars expression.
    **values
        The values of each parameter: numbers, texts or truths, each once.

    Returns
    -------
    polars.DataFrame
        A row for each set.

    Raises
    ------
    ConfigError
        A parameter has no value, or one twice; the condition cannot be computed, or leaves nothing.

    Examples
    --------
    >>> grid(fast=(5, 10), slow=(10, 20), where="fast < slow").rows()
    [(5, 10), (5, 20), (10, 20)]
    """
    columns = {name: _values(name, given) for name, given in values.items()}
    if not columns:
        raise ConfigError("a grid needs a parameter", "grid(fast=range(5, 60), slow=range(20, 200))")
    sets = int(np.prod([column.len() for column in columns.values()], dtype=float))
    if sets > _MOST:
        raise ConfigError(
            f"the grid has {sets:,} combinations; at most {_MOST:,}", "draw(1000, ...) tries some of them"
        )
    frame, *others = (column.to_frame() for column in columns.values())
    for other in others:
        frame = frame.join(other, how="cross", maintain_order="left_right")
    return _kept(frame, where)


def draw(
    count: int,
    *,
    method: Literal["random", "latin_hypercube", "sobol"] = "sobol",
    seed: int = 0,
    where: Condition = None,
    **ranges: Any,
) -> pl.DataFrame:
    """Sets that are spread over ranges of parameters, where a grid would have too many.

    Parameters
    ----------
    count
        How many are drawn; of them those that ``where`` excludes, and repetitions, are left out.
    method
        ``"random"``: each set independently; ``"latin_hypercube"``: each of ``count`` equal parts of every range has
        one; ``"sobol"``: a scrambled Sobol sequence, which fills the space most evenly. The last two need SciPy.
    seed
        Of what is drawn: the same seed gives the same sets.
    where
        As for :func:`grid`.
    **ranges
        For each parameter a pair ``(low, high)``, of whole numbers (both may be drawn) or of floats, or a list or
        ``range`` of values to choose from.

    Raises
    ------
    ConfigError
        As :func:`grid`; or a range is none.
    MissingPackageError
        SciPy is not installed.

    Notes
    -----
    Sobol, I. M. (1967), "On the distribution of points in a cube"; McKay, Beckman, Conover (1979), Technometrics 21(2).

    Examples
    --------
    >>> sets = draw(8, method="random", fast=(5, 60), share=(0.1, 0.9), size=["units"])
    >>> sets.columns, sets["fast"].is_between(5, 60).all()
    (['fast', 'share', 'size'], True)
    """
    if not is_whole(count, 1) or count > _MOST:
        raise ConfigError(f"count is {count!r}; it must be a whole number from 1 to {_MOST:,}")
    if not ranges:
        raise ConfigError("there is nothing to draw: no parameter has a range", "draw(100, fast=(5, 60))")
    points = _points(count, len(ranges), method, seed)
    columns = {name: _drawn(name, given, points[:, k]) for k, (name, given) in enumerate(ranges.items())}
    return _kept(pl.DataFrame(columns).unique(maintain_order=True), where)


def checked(over: Any) -> pl.DataFrame:
    """The sets of a sweep: a frame whose rows differ, or a mapping of values, which is a grid."""
    if isinstance(over, Mapping):
        return grid(**over)
    if not isinstance(over, pl.DataFrame) or not over.width or not over.height:
        raise ConfigError(
            f"over is {over!r:.60}; it must be a frame with a row for each set of parameters",
            "grid(fast=range(5, 60), slow=range(20, 200))",
        )
    for column in over:
        if column.null_count() or column.dtype.is_nested() or (column.dtype.is_float() and column.is_nan().any()):
            raise ConfigError(f"parameter {column.name!r} has nulls, NaN or lists", "each set has a value of each")
    if over.is_duplicated().any():
        raise ConfigError(
            f"{int(over.is_duplicated().sum()):,} sets of parameters are there more than once", "over.unique()"
        )
    return over


class Listed:
    """Sets that are known beforehand, as a search with one batch.

    Parameters
    ----------
    over
        The sets.
    """

    def __init__(self, over: pl.DataFrame) -> None:
        self.sets = over.height
        self._over: pl.DataFrame | None = over
        self.notes: list[str] = []

    def ask(self) -> pl.DataFrame | None:
        """The sets, once."""
        over, self._over = self._over, None
        return over

    def tell(self, values: Sequence[float | None]) -> None:
        """What the sets gave changes nothing."""


def _values(name: str, given: Any) -> pl.Series:
    listed = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    try:
        column = pl.Series(name, listed, strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise ConfigError(f"values of {name!r} are {listed!r:.80}; they must be of one kind: {error}") from error
    if not listed or column.null_count() or column.n_unique() < len(listed):
        raise ConfigError(f"values of {name!r} are {listed!r:.80}; at least one is needed, each once")
    return column


def fulfilling(frame: pl.DataFrame, where: Condition) -> pl.DataFrame:
    """The sets that fulfil a condition.

    Raises
    ------
    ConfigError
        It cannot be computed.
    """
    if where is None:
        return frame
    try:
        return frame.filter(pl.sql_expr(where) if isinstance(where, str) else where)
    except pl.exceptions.PolarsError as error:
        first = str(error).split("\n", 1)[0]
        raise ConfigError(
            f"where is {where!s:.80}, which cannot be computed: {first}", f"over {frame.columns}"
        ) from error


def _kept(frame: pl.DataFrame, where: Condition) -> pl.DataFrame:
    found = fulfilling(frame, where)
    if not found.height:
        raise ConfigError(f"where is {where!s:.80}, which leaves none of {frame.height:,} sets")
    return found


def _points(count: int, width: int, method: str, seed: int) -> npt.NDArray[np.float64]:
    """Shape (count, width), from 0 to below 1."""
    generator = np.random.default_rng(seed)
    if method == "random":
        return generator.random((count, width))
    if method not in ("latin_hypercube", "sobol"):
        raise ConfigError(f"method is {method!r}; allowed: random, latin_hypercube, sobol")
    try:
        from scipy.stats import qmc
    except ImportError as error:
        raise MissingPackageError(f"method {method!r} needs SciPy", 'pip install "barter-bt[research]"') from error
    if method == "latin_hypercube":
        return np.asarray(qmc.LatinHypercube(width, rng=generator).random(count))
    # A power of two is what the sequence is even over; the first of them are still spread well.
    sequence = qmc.Sobol(width, rng=generator)
    return np.asarray(sequence.random_base2((count - 1).bit_length()))[:count]


def _drawn(name: str, given: Any, points: npt.NDArray[np.float64]) -> pl.Series:
    """Values of one parameter at points from 0 to below 1."""
    found = range_of(name, given)
    if isinstance(found, pl.Series):
        return found.gather(np.floor(points * found.len()).astype(np.int64))
    low, high = found
    if isinstance(low, int) and isinstance(high, int):
        return pl.Series(name, low + np.floor(points * (high - low + 1)).astype(np.int64))
    return pl.Series(name, low + points * (high - low))


def range_of(name: str, given: Any) -> pl.Series | tuple[float, float]:
    """The values of a parameter to choose from, or the lowest and the highest, whole numbers or floats.

    Raises
    ------
    ConfigError
        It is neither.
    """
    if isinstance(given, tuple) and len(given) == 2 and all(_is_number(one) for one in given) and given[0] < given[1]:
        return given
    if isinstance(given, Sequence) and not isinstance(given, str | tuple):
        return _values(name, given)
    raise ConfigError(
        f"the range of {name!r} is {given!r:.60}; it must be a pair (low, high) of numbers or a list of values",
        "(5, 60) draws whole numbers, (0.1, 0.9) any between, [1, 2, 4] one of them",
    )


def is_whole(value: Any, least: int) -> bool:
    """Whether this is a whole number of at least so much; a truth is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
