"""What an object of a user's is made of, as plain values: the same in every process, others after any change.

A strategy in Python is an object: what it holds when a run starts are its parameters, what its class reaches is its
code (:mod:`barter_bt.backtest.user_code`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import pickle
import re
import sys
from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from types import FunctionType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.backtest.user_code import members, read_by, sha256_of, underlying

_AS_TEXT = (Enum, pl.Expr, pl.LazyFrame, pl.DataType, Fraction, date, time, timedelta, PurePath)
_AS_LIST = (list, tuple, deque, array)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_FEW = 8


def portrait(value: Any, above: tuple[int, ...] = (), *, deep: bool = True) -> Any:
    """A value as numbers, texts, lists and mappings.

    Parameters
    ----------
    value
        Anything.
    above
        The objects that it is a part of.
    deep
        Whether functions, classes and other objects show what they are made of, or only their names.

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
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, np.ndarray | np.generic):
        return column(np.asarray(value))
    if id(value) in above:
        return "(itself)"

    def part(one: Any) -> Any:
        return portrait(one, (*above, id(value)), deep=deep)

    if isinstance(value, Mapping):
        return {str(part(key)): part(each) for key, each in value.items()}
    if isinstance(value, _AS_LIST):
        return [part(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(part(each)) for each in value)
    if isinstance(value, pl.DataFrame | pl.Series):
        frame = value.to_frame() if isinstance(value, pl.Series) else value
        return {name: column(frame[name].to_numpy()) for name in frame.columns}
    if isinstance(value, functools.partial):
        return [part(each) for each in (value.func, value.args, value.keywords)]
    if isinstance(underlying(value), FunctionType | type):
        return _code([underlying(value)]) if deep else value.__qualname__
    return {"type": _name(type(value))} | (_made_of(value, part) if deep else {})


def column(values: npt.NDArray[Any]) -> Any:
    """Values of a column; of more than a few, a checksum."""
    if values.dtype.hasobject:
        values = np.array([_ADDRESS.sub("", repr(each)) for each in values.ravel()], str)
    if values.size <= _FEW and values.dtype.kind in "biuf":
        return [portrait(each) for each in values.ravel().tolist()]
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return f"{hashlib.sha256(little.tobytes()).hexdigest()} of {values.size:,} values"


def _made_of(value: Any, part: Any) -> dict[str, Any]:
    """Code and attributes of an object; of one that shows none what pickling tells, if it does."""
    cls = type(value)
    if cls.__module__.partition(".")[0] in sys.stdlib_module_names or not hasattr(value, "__dict__"):
        try:
            return {"pickled": hashlib.sha256(pickle.dumps(value, 4)).hexdigest()}
        except Exception:  # locks, files: what is not saved is no parameter
            return {}
    own = dict(members(cls))
    held = {name.rpartition(".")[2]: each for name, each in own.items() if not isinstance(each, FunctionType)}
    held |= getattr(value, "__dict__", {})
    if is_dataclass(value):
        held |= {one.name: getattr(value, one.name) for one in fields(value)}
    functions = [each for each in own.values() if isinstance(each, FunctionType)]
    return ({"code": _code(functions)} if functions else {}) | {name: part(each) for name, each in held.items()}


def _code(values: list[Any]) -> Any:
    """Checksum of functions and classes, and the data of the user's modules that they read."""
    data = {name: portrait(each, deep=False) for name, each in read_by(values).items()}
    return {"sha256": sha256_of(values), "reads": data} if data else sha256_of(values)


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
