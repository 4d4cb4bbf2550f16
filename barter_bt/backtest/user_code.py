"""What functions and classes of a user's reach: code that is the user's own, and the data that it reads.

Code counts by its bytecode, so comments and line numbers do not; code of Python, of this package and of installed
libraries does not either. (:mod:`barter_bt.columns.digest` is for compiled code, into which everything is merged.)
"""

from __future__ import annotations

import functools
import hashlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from barter_bt.columns.digest import codes, references

_NEVER = sys.stdlib_module_names | {"barter_bt"}


def sha256_of(values: Sequence[Any]) -> str:
    """Checksum of functions and classes, and of those of the user's own that they reach."""
    state = hashlib.sha256()
    for name, value in _reached(values):
        if isinstance(value, FunctionType):
            state.update(name.encode() + _bytecode(value.__code__))
        elif isinstance(value, type):
            state.update(name.encode() + value.__qualname__.encode())
    return state.hexdigest()


def read_by(values: Sequence[Any]) -> dict[str, Any]:
    """Data that they read by a name: globals, closures, defaults, values of classes."""
    return {name: value for name, value in _reached(values) if not isinstance(value, FunctionType | type)}


def underlying(value: Any) -> Any:
    """The function behind one that is bound, or compiled by Numba; anything else as it is."""
    inner = getattr(value, "py_func", getattr(value, "__func__", None))
    return inner if isinstance(inner, FunctionType) else value


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """Functions and values of a class and of those that it is made from, but for Python's and this package's."""
    for base in reversed(cls.__mro__):
        if _root(base) in _NEVER:
            continue
        for name, part in vars(base).items():
            inner = getattr(part, "__func__", getattr(part, "fget", getattr(part, "func", part)))
            if isinstance(inner, FunctionType) or not (name.startswith("__") or hasattr(part, "__get__")):
                yield f"{base.__qualname__}.{name}", inner


def _reached(values: Sequence[Any]) -> list[tuple[str, Any]]:
    """Every function, class and value once, in an order that is the same in every process."""
    found: dict[int, tuple[str, Any]] = {}
    packages = {_root(one) for one in values} - _NEVER  # of an installed strategy its package is the user's own

    def visit(name: str, value: Any) -> None:
        value = underlying(value)
        if id(value) in found and found[id(value)][1] is value and isinstance(value, FunctionType | type):
            return
        if isinstance(value, FunctionType | type):
            if not (_is_own(value) or _root(value) in packages or any(value is one for one in values)):
                return
            found[id(value)] = name, value
            for part, reached in sorted(_named(value), key=lambda pair: pair[0]):
                visit(f"{value.__module__}.{part}", reached)
        elif not isinstance(value, ModuleType):  # of a module only what is named counts
            data[name] = value

    data: dict[str, Any] = {}
    for value in values:
        visit(value.__qualname__, value)
    return [*found.values(), *data.items()]


def _named(value: Any) -> list[tuple[str, Any]]:
    """What a function names, with its defaults; what a class consists of."""
    if isinstance(value, type):
        return list(members(value))
    found: list[tuple[str, Any]] = []
    if value.__defaults__ or value.__kwdefaults__:
        found.append((f"{value.__qualname__}()", [value.__defaults__, value.__kwdefaults__]))
    try:
        named = references(value)
    except ValueError:  # a closure that is not filled yet
        return found
    attributes = {name for one in codes(value.__code__) for name in one.co_names}
    for name, reached in named.items():
        if not name.startswith("__"):
            found.append((name, reached))
        if isinstance(reached, ModuleType) and _is_own(reached):
            found += [(f"{name}.{each}", vars(reached)[each]) for each in attributes & vars(reached).keys()]
    return found


def _bytecode(function: CodeType) -> bytes:
    state = hashlib.sha256()
    for one in codes(function):
        constants = [each for each in one.co_consts if not isinstance(each, CodeType)]
        texts = [repr(sorted(map(repr, each)) if isinstance(each, frozenset) else each) for each in constants]
        state.update(one.co_code + repr((texts, one.co_names)).encode())
    return state.digest()


def _root(value: Any) -> str:
    return (value.__module__ or "").partition(".")[0]


def _is_own(value: Any) -> bool:
    """Whether a function, class or module is the user's own."""
    return _is_own_module((value.__name__ if isinstance(value, ModuleType) else value.__module__) or "")


@functools.cache
def _is_own_module(name: str) -> bool:
    if name.partition(".")[0] in _NEVER:
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    libraries = [Path(sysconfig.get_path(each)).resolve() for each in ("purelib", "platlib")]
    return file is None or not any(Path(file).resolve().is_relative_to(one) for one in libraries)
