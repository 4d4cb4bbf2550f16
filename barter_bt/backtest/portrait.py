"""What an object of a user's is made of, as plain values: the same in every process, others after any change.

A strategy in Python is an object: what it holds when a run starts are its parameters, what its class reaches is its
code. Code counts by its bytecode, so comments and line numbers do not; code of Python, of this package and of installed
libraries does not either.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
import sys
import sysconfig
from array import array
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.columns.digest import codes, references

_AS_TEXT = (Enum, pl.Expr, pl.LazyFrame, pl.DataType, Decimal, Fraction, date, time, timedelta, PurePath)
_AS_LIST = (list, tuple, deque, array)
_PLAIN = (bool, int, float, str, bytes, set, frozenset, dict, np.ndarray, np.generic, *_AS_LIST, *_AS_TEXT)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_FEW = 8


def portrait(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A value as numbers, texts, lists and mappings; ``above`` are the objects that it is a part of.

    Examples
    --------
    >>> class Cross:
    ...     def __init__(self, fast):
    ...         self.fast = fast
    >>> portrait(Cross(20))["fast"]
    20
    """
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")  # 1.0 is 1
    if isinstance(value, _AS_TEXT):
        return _ADDRESS.sub("", str(value))
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if id(value) in above:
        return "(itself)"
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {str(portrait(key)): portrait(each, above) for key, each in value.items()}
    if isinstance(value, _AS_LIST):
        return [portrait(each, above) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(portrait(each, above)) for each in value)
    if isinstance(value, np.ndarray | np.generic):
        return column(np.asarray(value))
    if isinstance(value, pl.DataFrame | pl.Series):
        frame = value.to_frame() if isinstance(value, pl.Series) else value
        return {name: column(frame[name].to_numpy()) for name in frame.columns}
    if isinstance(value, functools.partial):
        return [portrait(each, above) for each in (value.func, value.args, value.keywords)]
    if isinstance(value, FunctionType | MethodType | type | ModuleType) or hasattr(value, "py_func"):
        return code(value)
    return _object(value, above)


def column(values: npt.NDArray[Any]) -> Any:
    """Values of a column; of more than a few, a checksum."""
    if values.dtype.hasobject:
        values = np.array([_ADDRESS.sub("", repr(each)) for each in values.ravel()], str)
    if values.size <= _FEW and values.dtype.kind in "biuf":
        return [portrait(each) for each in values.ravel().tolist()]
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return f"{hashlib.sha256(little.tobytes()).hexdigest()} of {values.size:,} values"


def code(*values: Any) -> str:
    """SHA-256 of functions, classes or modules, and of what they reach of the user's own."""
    state, seen = hashlib.sha256(), set[int]()

    def add(name: str, value: Any) -> None:
        state.update(name.encode())
        value = getattr(value, "py_func", getattr(value, "__func__", value))  # compiled by Numba, or bound
        if isinstance(value, FunctionType | type | ModuleType):
            if id(value) in seen or not (_is_own(value) or value in values):
                return
            seen.add(id(value))
            if isinstance(value, FunctionType):
                state.update(_bytecode(value.__code__))
                add("defaults", [value.__defaults__, value.__kwdefaults__])
            for part, reached in sorted(_reached(value)):
                add(part, reached)
        else:
            state.update(json.dumps(portrait(value)).encode())

    for value in values:
        add("", value)
    return state.hexdigest()


def _object(value: Any, above: tuple[int, ...]) -> Any:
    """Class, code and attributes of any other object; of one of Python's own library only the class."""
    cls = type(value)
    found: dict[str, Any] = {"type": f"{cls.__module__}.{cls.__qualname__}"}
    if cls.__module__.partition(".")[0] in sys.stdlib_module_names:
        return found
    parts = dict(_members(cls)) if cls.__module__.partition(".")[0] != "barter_bt" else {}
    functions = [part for part in parts.values() if isinstance(part, FunctionType)]
    held = {name.rpartition(".")[2]: part for name, part in parts.items() if not isinstance(part, FunctionType)}
    held |= getattr(value, "__dict__", {})
    if is_dataclass(value):
        held |= {one.name: getattr(value, one.name) for one in fields(value)}
    if functions:
        found["code"] = code(*functions)
    return found | {name: portrait(each, above) for name, each in held.items()}


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    """Functions and values of a class and of those that it is made from, but for Python's and this package's."""
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] in sys.stdlib_module_names | {"barter_bt"}:
            continue
        for name, part in vars(base).items():
            inner = getattr(part, "__func__", getattr(part, "fget", getattr(part, "func", part)))
            if isinstance(inner, FunctionType) or not (name.startswith("__") or hasattr(part, "__get__")):
                yield f"{base.__qualname__}.{name}", inner


def _reached(value: Any) -> list[tuple[str, Any]]:
    """What a function names, a class consists of; of modules only what is named of them."""
    if isinstance(value, ModuleType):
        return []
    if isinstance(value, type):
        return list(_members(value))
    found: list[tuple[str, Any]] = []
    try:
        named = references(value)
    except ValueError:  # a closure that is not filled yet
        named = {}
    attributes = {name for one in codes(value.__code__) for name in one.co_names}
    for name, reached in named.items():
        if isinstance(reached, ModuleType) and _is_own(reached):
            found += [(f"{name}.{each}", vars(reached)[each]) for each in attributes & vars(reached).keys()]
        elif isinstance(reached, (FunctionType, type, functools.partial, *_PLAIN)) or hasattr(reached, "py_func"):
            found.append((name, reached))
    return found


def _bytecode(function: CodeType) -> bytes:
    state = hashlib.sha256()
    for one in codes(function):
        constants = [each for each in one.co_consts if not isinstance(each, CodeType)]
        texts = [repr(sorted(map(repr, each)) if isinstance(each, frozenset) else each) for each in constants]
        state.update(one.co_code + repr((texts, one.co_names)).encode())
    return state.digest()


def _is_own(value: Any) -> bool:
    """Whether a function, class or module is the user's own."""
    return _is_own_module(value.__name__ if isinstance(value, ModuleType) else value.__module__ or "")


@functools.cache
def _is_own_module(name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names | {"barter_bt"}:
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    libraries = [Path(sysconfig.get_path(each)).resolve() for each in ("purelib", "platlib")]
    return file is None or not any(Path(file).resolve().is_relative_to(one) for one in libraries)
