"""A sweep of the strategy that a configuration file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from barter_bt.backtest import Simulation
from barter_bt.backtest.config import load


class ConfiguredStrategy:
    """Makes the strategy of a configuration file, with parameters in place of the file's; also in another process.

    Parameters
    ----------
    path
        The configuration file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._make = load(self.path).strategies()

    def __call__(self, **parameters: Any) -> Any:
        """The strategy."""
        return self._make(parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled is the path: what a file defines has no module to be imported from."""
        return ConfiguredStrategy, (self.path,)


def configured_simulation(path: str | Path, *, interpret: bool = False) -> Simulation:
    """Everything of a configuration file but the strategy."""
    arguments = load(path).build_market()
    if interpret:
        arguments["interpret"] = True
    return Simulation(**arguments)
