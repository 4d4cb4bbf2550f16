"""Compile a plain Python function and all that it calls.

A kernel is ordinary Python over :mod:`tables <barter_bt.columns.table>`, and runs as such. ``compiled``
rebuilds it for Numba: every plain function that it reaches, by a global name or a closure, is rebuilt
with its callees replaced by their compiled forms. Parts can be exchanged on the way (``replace``),
which is how a user's strategy is compiled *into* the engine's loop instead of being called by it.

The result is kept under a digest of everything reachable (:mod:`barter_bt.columns.digest`), so an edit anywhere is
seen, and an unchanged program compiles nothing (see ``docs/decisions/0002-cache.md``).
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CellType, FunctionType, ModuleType
from typing import Any, get_type_hints

from barter_bt.columns import workers
from barter_bt.columns.cache import CodeCache
from barter_bt.columns.digest import Function, codes, digest, is_users, references
from barter_bt.columns.marks import copied
from barter_bt.errors import StrategyError


class Compiler:
    """Compiles functions with some of their callees exchanged.

    Parameters
    ----------
    replace
        Function to the one that shall stand in its place, wherever it is reached.
    interpret
        Exchange the callees and leave everything plain Python.
    beside
        Functions whose units are compiled as well.

    Attributes
    ----------
    tag
        Digest of what is being compiled, a part of every symbol. Numba numbers symbols within a process; where code of
        several processes meets in one, equal symbols are one to the linker, and a strategy would run another's code.
    is_apart
        Nothing of it runs in this process: units are compiled one by one, those that they call are left to others.
    """

    def __init__(
        self,
        replace: Mapping[Function, Function] | None = None,
        interpret: bool = False,
        beside: tuple[FunctionType, ...] = (),
    ) -> None:
        self.replace, self.beside = dict(replace or {}), beside
        self.tag = ""
        self.root: FunctionType | None = None
        self.interpret = interpret
        self.is_apart = False
        self._done: dict[FunctionType, Any] = {}
        self._building: list[FunctionType] = []
        self._copies: dict[FunctionType, FunctionType] = {}

    def reached(self) -> list[FunctionType]:
        """What the first function that was asked for reaches, and those beside it, callees first."""
        found: dict[FunctionType, None] = {}

        def visit(function: FunctionType) -> None:
            for value in references(function).values():
                if isinstance(chosen := self._chosen(value), FunctionType) and chosen not in found:
                    visit(chosen)
            found[function] = None

        for one in (self.root, *self.beside):
            if one is not None and one not in found:
                visit(one)
        return list(found)

    def units(self) -> list[FunctionType]:
        """The units among them, by room: those of one room call the same helpers, and those of others do not."""
        return sorted((one for one in self.reached() if hasattr(one, "is_unit")), key=lambda one: one.__module__)

    def function(self, function: FunctionType) -> Any:
        """Numba's dispatcher for ``function``, its callees compiled likewise."""
        if self.root is None:
            self.root, self.tag = function, "" if self.interpret else short(digest(function, self.replace))
        if function not in self._done:
            if function in self._building:
                raise StrategyError(f"{function.__qualname__} calls itself, which a compiled kernel cannot")
            self._building.append(function)
            self._done[function] = self._build(function)
            self._building.pop()
        return self._done[function]

    def unit(self, function: FunctionType) -> None:
        """Compile one unit into the cache."""
        self._building.append(function)
        _load_unit(self, function)
        self._building.pop()

    @property
    def leaves_units(self) -> bool:
        """Whether the unit that is reached is for others to compile."""
        return self.is_apart and len(self._building) > 1

    def _build(self, function: FunctionType) -> Any:
        if self.interpret:
            return self.rebuild(function)
        if make := getattr(function, "native", None):
            return self.function(made) if isinstance(made := make(), FunctionType) else made
        if getattr(function, "is_unit", False):
            return _load_unit(self, function)
        from barter_bt.columns.native import helper

        return helper(self.rebuild(function), getattr(function, "is_hot", False), is_users(function))

    def rebuild(self, function: FunctionType) -> FunctionType:
        """The function over compiled callees."""
        swapped = {
            name: self.function(self._for(function, chosen))
            for name, value in references(function).items()
            if isinstance(chosen := self._chosen(value), FunctionType)
        }
        names = {name for one in codes(function.__code__) for name in one.co_names}
        swapped |= {
            name: self._module(value, names)
            for name, value in references(function).items()
            if isinstance(value, ModuleType) and not _is_native(value)
        }
        if not self.interpret and not is_users(function):
            swapped |= _builtins(names - function.__globals__.keys())
        cells = tuple(
            CellType(swapped.get(name, cell.cell_contents))
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        )
        rebuilt = FunctionType(
            function.__code__, {**function.__globals__, **swapped}, function.__name__, function.__defaults__, cells
        )
        rebuilt.__qualname__ = f"{function.__qualname__}_{self.tag}" if self.tag else function.__qualname__
        return rebuilt

    def _module(self, module: ModuleType, names: set[str]) -> ModuleType:
        """A copy of a module in which the functions that ``names`` may mean are rebuilt."""
        copy, here = ModuleType(module.__name__), {name: getattr(module, name, None) for name in names}
        for name, value in here.items():
            if isinstance(value, ModuleType) and not _is_native(value):
                setattr(copy, name, self._module(value, names - {name}))
            elif isinstance(chosen := self._chosen(value), FunctionType):
                setattr(copy, name, self.function(chosen))
            elif value is not None:
                setattr(copy, name, value)
        return copy

    def _for(self, caller: FunctionType, callee: FunctionType) -> FunctionType:
        """What a copy calls of the user's is a copy, too."""
        if not hasattr(caller, "is_copy") or hasattr(callee, "is_copy") or not is_users(callee):
            return callee
        return self._copies.setdefault(callee, copied(callee, callee.__closure__))

    def _chosen(self, value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return value
        return self.replace.get(value, value)


def _is_native(module: ModuleType) -> bool:
    """Whether the compiler knows the module's functions itself."""
    return module.__name__.partition(".")[0] in ("math", "numpy", "numba")


def _builtins(names: set[str]) -> Mapping[str, Any]:
    """What stands for builtins of these names, in a kernel over numbers."""
    from barter_bt.columns.scalars import BUILTINS

    return {name: BUILTINS[name] for name in names & BUILTINS.keys()}


def _load_unit(compiler: Compiler, function: FunctionType) -> Any:
    """Compile or load a unit; give what stands for it in compiled code, under a symbol of its content."""
    from barter_bt.columns.native import Native, signature_of, stand_in

    hints = get_type_hints(function)
    signature = signature_of(hints)
    modules = ",".join(hint.__module__ for hint in hints.values())  # what is kept names its types by their modules
    content = digest(function, compiler.replace) + str(signature) + modules
    symbol = f"barter_bt_{function.__name__}_{short(content)}"
    if content not in _units and compiler.leaves_units:
        return stand_in(symbol, signature)
    if content not in _units:
        cache = CodeCache(function, content)
        if not cache.is_kept(signature):
            workers.start(compiler.units())
        native = Native(compiler.rebuild(function), signature, cache)
        _units[content] = native, native.known_as(symbol)
    return _units[content][1]


def short(content: str) -> str:
    """A digest that fits into a symbol."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


# Numba compiles for one thread at a time; what is compiled is linked by its address, so there must be one of each.
_lock = threading.RLock()
# By content, so that an edit within one process is seen as well.
_units: dict[str, tuple[Any, Any]] = {}
_array_kernels: dict[str, Any] = {}


@contextmanager
def compiling() -> Iterator[None]:
    """Alone, and without collecting garbage: to look for it among all that Numba makes is a tenth of the time."""
    with _lock:
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()


def compiled_function(function: FunctionType) -> Any:
    """A kernel over plain arrays and numbers, compiled and cached for use from Python; as it is when interpreting."""
    if interprets():
        return function
    content = digest(function)
    with compiling():
        if content not in _array_kernels:
            from numba import njit

            from barter_bt.columns.native import OPTIONS

            compiler = Compiler()
            compiler.tag = short(content)
            dispatcher = njit(**OPTIONS)(compiler.rebuild(function))
            dispatcher._cache = CodeCache(function, content)
            _array_kernels[content] = dispatcher
        return _array_kernels[content]


def interprets() -> bool:
    """Whether plain Python is asked for throughout, by BARTER_BT_INTERPRET, or because Numba is switched off."""
    return os.environ.get("BARTER_BT_INTERPRET", "0") not in ("", "0") or is_numba_off()


def is_numba_off() -> bool:
    """Whether Numba does not compile: NUMBA_DISABLE_JIT, which people set to debug, counts when Numba is loaded."""
    if "numba" not in sys.modules:
        return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    import numba  # waits for another thread that is importing it

    return bool(numba.config.DISABLE_JIT)
