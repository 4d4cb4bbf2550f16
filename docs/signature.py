"""Calls and constants as they are written in the source."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from textwrap import fill
from typing import Any, get_args, get_origin

from docs.names import class_in_source, is_ours

WIDTH = 72  # of a line of code that most screens show whole
_MARKS: Mapping[Any, str] = {
    inspect.Parameter.POSITIONAL_ONLY: "/",
    inspect.Parameter.KEYWORD_ONLY: "*",
    inspect.Parameter.VAR_POSITIONAL: "*",
}
_STARS: Mapping[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def takes(value: Any) -> list[str] | None:
    """The parameters of a call; None of what is none."""
    value = getattr(value, "__func__", value)
    return list(signature_of(value).parameters) if callable(value) else None


def signature_of(value: Any) -> inspect.Signature:
    """The signature of a function or class; an empty one of a class that has its constructor from a built-in one."""
    try:
        return inspect.signature(value)
    except ValueError:
        return inspect.Signature()


def constant(name: str, shown: str) -> str:
    """A constant or a type: on one line, or with a line for each alternative."""
    if len(shown) <= WIDTH:
        return f"{name} = {shown}"
    return f"{name} = " + "\n    | ".join(shown.split(" | ")) if " | " in shown else fill(f"{name} = {shown}", WIDTH)


def call(name: str, signature: inspect.Signature, value: Any, gives: Any) -> str:
    """A call as it is written in the source: on one line, or with a line for each parameter."""
    shown, mark = [], ""
    for parameter in signature.parameters.values():
        if mark == "/" and parameter.kind is not parameter.POSITIONAL_ONLY:
            shown.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and mark != "*":
            shown.append("*")
        mark = _MARKS.get(parameter.kind, "")
        shown.append(_parameter(parameter, value))
    if mark == "/":
        shown.append("/")
    end = f" -> {gives}" if gives and isinstance(gives, str) else ""
    line = f"{name}({', '.join(shown)}){end}"
    return line if len(line) <= WIDTH else f"{name}(\n" + "".join(f"    {one},\n" for one in shown) + f"){end}"


def _parameter(parameter: inspect.Parameter, value: Any) -> str:
    text, kind = _STARS.get(parameter.kind, "") + parameter.name, _annotation(parameter, value)
    text += f": {kind}" if kind else ""
    if parameter.default is parameter.empty:
        return text
    default = f'"{parameter.default}"' if isinstance(parameter.default, str) else repr(parameter.default)
    if default.startswith("<") or len(default) > WIDTH:  # made anew for each, or too much to read
        default = "..."
    return f"{text} = {default}" if kind else f"{text}={default}"


def _annotation(parameter: inspect.Parameter, value: Any) -> str:
    """An annotation as it is written, with what a class puts for a type; of one that reads its own, from the source."""
    given = parameter.annotation
    if isinstance(given, str):
        return _types_of(value).get(given, given.replace("'", '"'))
    for owner in getattr(value, "__mro__", ()):
        if is_ours(owner) and parameter.name in (fields := class_in_source(owner).members):
            return str(getattr(fields[parameter.name], "annotation", "") or "")
    return ""


def _types_of(value: Any) -> dict[str, str]:
    """The types that a class has for the variables of its bases, as :class:`~barter_bt.system.Strategy` for its engine.

    Examples
    --------
    >>> from barter_bt.system import Strategy
    >>> _types_of(Strategy)
    {'Engine_contra': 'Engine'}
    """
    found: dict[str, str] = {}
    for base in getattr(value, "__orig_bases__", ()):
        variables = getattr(get_origin(base), "__parameters__", ())
        found |= {str(one.__name__): given.__name__ for one, given in zip(variables, get_args(base), strict=False)}
    return found
