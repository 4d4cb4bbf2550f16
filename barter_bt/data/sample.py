"""The data sets that come with the project: see ``datasets/README.md`` for origin and licence."""

from __future__ import annotations

from pathlib import Path

from barter_bt.errors import ConfigError, DataError, nearest

_ROOMS = (Path(__file__).parent / "samples", Path(__file__).parents[2] / "datasets")
SAMPLES = ("stocks_daily", "candles_1m", "trades", "quotes")


def sample(name: str) -> Path:
    """Path of a shipped Parquet file, to give to :func:`trades`, :func:`quotes` or :func:`candles`.

    Parameters
    ----------
    name
        ``"stocks_daily"`` (real daily candles of five stocks, 2000 to 2013), or of two generated
        instruments ``"candles_1m"``, ``"trades"``, ``"quotes"``.

    Examples
    --------
    >>> sample("trades").name
    'trades.parquet'
    """
    if name not in SAMPLES:
        guess = nearest(name, SAMPLES)
        raise ConfigError(
            f"there is no data set {name!r}; there are {', '.join(SAMPLES)}",
            f"did you mean {guess!r}?" if guess else None,
        )
    for room in _ROOMS:
        if (room / f"{name}.parquet").is_file():
            return room / f"{name}.parquet"
    raise DataError(f"data set {name!r} is not installed", "it is in the folder datasets/ of the project's repository")
