"""Refusal of unknown keys, missing keys and values of a wrong type, with the whole path of the key."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

import msgspec
from msgspec import Meta, UnsetType

from barter_bt.backtest.config.sections import Section
from barter_bt.errors import ConfigError, nearest


def check(value: Any, kind: Any, path: str, file: object) -> None:
    """Check what a file has at ``path``, all the way down.

    Parameters
    ----------
    value
        What the file has there.
    kind
        The section, or the type of a section's field.
    path
        Keys from the top of the file, joined by dots; empty at the top.
    file
        Name of the file, for the message.

    Raises
    ------
    ConfigError
        For the first key that is unknown or missing (with the nearest known one), or value of a wrong type.

    Examples
    --------
    >>> from barter_bt.backtest.config.sections import RunSection
    >>> check({"sed": 1}, RunSection, "run", "demo.toml")
    Traceback (most recent call last):
    barter_bt.errors.ConfigError: demo.toml: unknown key 'run.sed'; known here: seed, reporting, mark_every, ...
    Hint: did you mean 'run.seed'?
    """
    parts = _parts(kind)
    for part in parts:
        origin = get_origin(part)
        if origin is list and isinstance(value, list):
            for number, each in enumerate(value):
                check(each, get_args(part)[0], f"{path}[{number}]", file)
            return
        if origin is dict and isinstance(value, dict):
            for key, each in value.items():
                check(each, get_args(part)[1], _join(path, key), file)
            return
        if inspect.isclass(part) and issubclass(part, Section) and isinstance(value, dict):
            _check_section(value, part, path, file)
            return
    if all(get_origin(part) is Literal for part in parts) and isinstance(value, str):
        return _check_choice(value, [each for part in parts for each in get_args(part)], path, file)
    try:
        msgspec.convert(value, Union[tuple(parts)])  # noqa: UP007 # made of a list
    except msgspec.ValidationError as error:
        names = [str(name) for part in parts if get_origin(part) is Literal for name in get_args(part)]
        refuse(error, path, file, names)


def refuse(error: msgspec.ValidationError, path: str, file: object, names: Sequence[str] = ()) -> NoReturn:
    """Raise a ConfigError for a value of a wrong type at ``path``, or for none of these names."""
    text = str(error).partition(" - at ")[0].replace("`", "").replace("object", "table")
    hint = "rates are fractions: 0.1 % is 0.001" if ".fees" in path else None
    if names:
        hint = f"allowed: {', '.join(names)}"
    raise ConfigError(f"{file}: {path or 'the file'}: {text}", hint) from error


def _check_choice(value: str, allowed: list[str], path: str, file: object) -> None:
    if value not in allowed:
        guess = nearest(value, allowed)
        raise ConfigError(
            f"{file}: {path}: {value!r} is not known; known: {', '.join(map(str, allowed))}",
            f"did you mean {guess!r}?" if guess else None,
        )


def _check_section(values: dict[str, Any], kind: type[Section], path: str, file: object) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            guess = nearest(key, fields)
            raise ConfigError(
                f"{file}: unknown key {_join(path, key)!r}; known here: {', '.join(fields)}",
                f"did you mean {_join(path, guess)!r}?" if guess else None,
            )
        check(value, fields[key].type, _join(path, key), file)
    for key, field in fields.items():
        if field.required and key not in values:
            notes = [each.description for each in get_args(field.type) if isinstance(each, Meta)]
            raise ConfigError(f"{file}: key {_join(path, key)!r} is missing", notes[0] if notes else None)


def _parts(kind: Any) -> list[Any]:
    """List the plain types of an annotated type or a union."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _parts(arguments[0])
    if origin in (Union, UnionType):
        return [part for each in arguments if each is not UnsetType for part in _parts(each)]
    return [kind]


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
