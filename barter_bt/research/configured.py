"""A sweep of the strategy that a configuration file names, and parameters as a command line writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from barter_bt.backtest import Simulation
from barter_bt.backtest.config import load
from barter_bt.errors import ConfigError

_EXAMPLE = "--set fast=5:60, --set fast=5:60:5, --set share=0.1,0.2 or --set size=units,equity"


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


def values_of(assignments: Sequence[str]) -> dict[str, list[Any]]:
    """Read parameters and their values: ``name=first:end``, with a step behind it, or values with commas between.

    Whole numbers go from the first to before the end, as Python's ranges do.

    Raises
    ------
    ConfigError
        One is none of these, or names a parameter twice.

    Examples
    --------
    >>> values_of(["fast=5:8", "share=0.1,0.2", "size=units"])
    {'fast': [5, 6, 7], 'share': [0.1, 0.2], 'size': ['units']}
    """
    found: dict[str, list[Any]] = {}
    for text in assignments:
        name, equals, values = text.partition("=")
        if not name or not equals or not values or name in found:
            raise ConfigError(f"--set {text!r} does not say the values of a parameter, each parameter once", _EXAMPLE)
        found[name] = _range(text, values) if ":" in values else [_value(one) for one in values.split(",")]
    return found


def _range(text: str, values: str) -> list[Any]:
    try:
        edges = [int(edge) for edge in values.split(":")]
        found = list(range(*edges))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"--set {text!r} is no range of whole numbers: {error}", _EXAMPLE) from error
    if not found:
        raise ConfigError(f"--set {text!r} is a range without numbers", "the end is not a part of it")
    return found


def _value(text: str) -> Any:
    """A value as TOML would have it; anything else is text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
