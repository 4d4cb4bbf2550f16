"""A digest of a function and of everything that it reaches: the key under which its machine code is kept."""

from __future__ import annotations

import dis
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from types import CodeType, FunctionType, ModuleType
from typing import Any

from barter_bt.columns.block import Block
from barter_bt.columns.table import Table

Function = Callable[..., Any]


def codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of the functions that are defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


@functools.lru_cache(4096)
def _static(code: CodeType) -> tuple[bytes, tuple[str, ...]]:
    """What never changes of a function: a digest of its bytecode and constants, and the names that it uses."""
    state = hashlib.sha256()
    for one in codes(code):
        state.update(one.co_code)
        for constant in one.co_consts:
            if isinstance(constant, frozenset):
                state.update(repr(sorted(map(repr, constant))).encode())
            elif not isinstance(constant, CodeType):
                state.update(f"{type(constant)}{constant!r}".encode())
    loads = {
        instruction.argval
        for one in codes(code)
        for instruction in dis.get_instructions(one)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")  # attributes are names too, but not references
    }
    # Names of attributes are constants of the code like any other.
    state.update(repr([one.co_names for one in codes(code)]).encode())
    return state.digest(), tuple(sorted(loads))


def references(function: FunctionType) -> dict[str, Any]:
    """Global names and closure variables that a function uses, with their present values."""
    known = function.__globals__
    found = {name: known[name] for name in _static(function.__code__)[1] if name in known}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        found[name] = cell.cell_contents
    return found


def is_users(function: FunctionType) -> bool:
    """Whether a function is not of this package: it is compiled so that it can be interrupted."""
    name: str = function.__globals__.get("__name__", "")
    return name.partition(".")[0] != __name__.partition(".")[0]


def digest(function: FunctionType, replace: Mapping[Function, Function] | None = None) -> str:
    """SHA-256 over a function and everything that it reaches.

    Examples
    --------
    >>> rate = 1
    >>> def fee(x):
    ...     return x * rate
    >>> before = digest(fee)
    >>> rate = 2
    >>> digest(fee) == before
    False
    """
    seen: dict[int, int] = {}
    state = hashlib.sha256()
    exchanged = dict(replace or {})

    def add_function(value: FunctionType) -> None:
        state.update(_static(value.__code__)[0] + bytes([is_users(value)]))
        add(value.__defaults__)
        for name, reached in references(value).items():
            state.update(name.encode())
            if isinstance(reached, ModuleType):
                add_module(reached, value.__code__)
            else:
                add(exchanged.get(reached, reached) if isinstance(reached, FunctionType) else reached)

    def add_module(module: ModuleType, code: CodeType) -> None:
        """A module counts by its name and by the plain values in it that the function names."""
        state.update(module.__name__.encode())
        for name in sorted({name for one in codes(code) for name in one.co_names}):
            value = vars(module).get(name)
            if isinstance(value, int | float | str | tuple | FunctionType | type):
                state.update(name.encode())
                add(value)

    def add(value: Any) -> None:
        if isinstance(value, FunctionType):
            if id(value) in seen:
                state.update(b"seen %d" % seen[id(value)])
                return
            seen[id(value)] = len(seen)
            add_function(getattr(value, "native", value))
        elif isinstance(value, type):
            state.update(f"{value.__module__}.{value.__qualname__}".encode())  # what is kept names it by its module
            if issubclass(value, Table):
                add((value.growable, *value.schema.items()))
            elif issubclass(value, Block):
                add(tuple(value.layout.items()))
            elif issubclass(value, Enum):
                add(tuple((name, member.value) for name, member in value.__members__.items()))
        elif isinstance(value, tuple | list):
            state.update(b"%d" % len(value))
            for item in value:
                add(item)
        elif isinstance(value, frozenset):
            add(sorted(map(repr, value)))
        elif hasattr(value, "tobytes"):
            state.update(f"{type(value)}{getattr(value, 'dtype', '')}{getattr(value, 'shape', '')}".encode())
            state.update(value.tobytes())
        else:
            state.update(f"{type(value)}{value!r}".encode())

    add(function)
    return state.hexdigest()
