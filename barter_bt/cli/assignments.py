"""Parameters as a command line writes them: ``--set name=value``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from barter_bt.errors import ConfigError

Assignments = Annotated[list[str], Parameter(name="--set", negative=(), consume_multiple=False)]
_EXAMPLE = "--set fast=5:60, --set fast=5:60:5, --set share=0.1,0.2 or --set size=units,equity"


def values_of(assignments: Sequence[str]) -> dict[str, list[Any]]:
    """Read parameters and their values: ``name=first:end``, with a step behind it, or values with commas between.

    Whole numbers go from the first to before the end, as Python's ranges do.

    Raises
    ------
    ConfigError
        One is none of these, names a parameter twice, or another key of the file.

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
        if "." in name:
            raise ConfigError(
                f"--set {text!r} names {name}; what it sets are parameters of the strategy",
                f"--set {name.rpartition('.')[2]}=... for a parameter; other keys are changed in the file",
            )
        found[name] = _range(text, values) if ":" in values else [_value(one) for one in values.split(",")]
    return found


def parameters_of(assignments: Sequence[str]) -> dict[str, Any]:
    """Read parameters of one run: ``name=value``.

    Raises
    ------
    ConfigError
        One has several values, or as :func:`values_of`.

    Examples
    --------
    >>> parameters_of(["fast=5", "size=units"])
    {'fast': 5, 'size': 'units'}
    """
    found = values_of(assignments)
    for name, values in found.items():
        if len(values) != 1:
            raise ConfigError(
                f"--set gives {name} {len(values)} values; a run has one", "barter-bt sweep tries several"
            )
    return {name: value for name, (value,) in found.items()}


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
