"""Compile a plain Python function and all that it calls; cache the result by its content.

A kernel is ordinary Python over :mod:`tables <barter_bt.columns.table>`, and runs as such. ``compiled``
rebuilds it for Numba: every plain function that it reaches, by a global name or a closure, is rebuilt
with its callees replaced by their compiled forms. Parts can be exchanged on the way (``replace``),
which is how a user's strategy is compiled *into* the engine's loop instead of being called by it.

The cache key is a digest of everything reachable: bytecode, constants, defaults, closures, global values
and helpers, recursively, plus this room's own sources. So an edit anywhere is seen, and an unchanged
program compiles nothing (see ``docs/decisions/0002-cache.md``).
"""

from __future__ import annotations

import dis
import functools
import hashlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, TypeVar, get_type_hints

from barter_bt.columns import workers
from barter_bt.columns.exact import NATIVE
from barter_bt.columns.table import Block, Table
from barter_bt.errors import StrategyError

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)


def unit(function: F) -> F:
    """Mark a kernel that is compiled by itself and called by address, instead of merged into its callers.

    For what the hot loop calls rarely: it is compiled once, whatever strategies come and go. Parameters must be
    annotated, as blocks, tables, ``int`` or ``float``; the result is an ``int`` or None.
    """
    function.is_unit = True  # type: ignore[attr-defined]
    return function


def hot(function: F) -> F:
    """Mark a kernel of the hot path: it is merged into its callers whatever the compiler thinks of its size."""
    function.is_hot = True  # type: ignore[attr-defined]
    return function


def cache_directory() -> Path:
    """Where compiled code is kept: ``BARTER_BT_CACHE``, else the user's cache directory."""
    if chosen := os.environ.get("BARTER_BT_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "barter_bt"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "barter_bt"


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@functools.lru_cache(4096)
def _static(code: CodeType) -> tuple[bytes, tuple[str, ...]]:
    """What never changes of a function: a digest of its bytecode and constants, and the names that it uses."""
    state = hashlib.sha256()
    for one in _codes(code):
        state.update(one.co_code)
        for constant in one.co_consts:
            if isinstance(constant, frozenset):
                state.update(repr(sorted(map(repr, constant))).encode())
            elif not isinstance(constant, CodeType):
                state.update(f"{type(constant)}{constant!r}".encode())
    loads = {
        instruction.argval
        for one in _codes(code)
        for instruction in dis.get_instructions(one)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")  # attributes are names too, but not references
    }
    # Names of attributes are constants of the code like any other.
    state.update(repr([one.co_names for one in _codes(code)]).encode())
    return state.digest(), tuple(sorted(loads))


def references(function: FunctionType) -> dict[str, Any]:
    """Global names and closure variables that a function uses, with their present values."""
    known = function.__globals__
    found = {name: known[name] for name in _static(function.__code__)[1] if name in known}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        found[name] = cell.cell_contents
    return found


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
        state.update(_static(value.__code__)[0])
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
        for name in sorted({name for one in _codes(code) for name in one.co_names}):
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
            if value in NATIVE:
                add(NATIVE[value])
            add_function(value)
        elif isinstance(value, type):
            state.update(value.__qualname__.encode())
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


# Read when this room is loaded: a file that is edited later is not what this process runs.
_SOURCES = b"".join(
    (Path(__file__).parent / name).read_bytes() for name in ("table.py", "lowering.py", "kernel.py", "exact.py")
)


@functools.cache
def _foundation() -> str:
    """What every cached function depends on besides its own code: the lowering and the compiler."""
    versions = [importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    return hashlib.sha256(_SOURCES + repr((versions, sys.version)).encode()).hexdigest()


@functools.cache
def _cache_class() -> Any:
    from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator

    class Locator(_CacheLocator):
        def __init__(self, function: FunctionType) -> None:
            self.function = function

        @classmethod
        def from_function(cls, py_func: FunctionType, py_file: str) -> Locator:
            return cls(py_func)

        def get_cache_path(self) -> str:
            return str(cache_directory())

        def get_source_stamp(self) -> str:
            return _foundation()

        def get_disambiguator(self) -> str:
            where = f"{self.function.__code__.co_filename}:{self.function.__qualname__}"
            return hashlib.sha256(where.encode()).hexdigest()[:12]

    class Impl(CompileResultCacheImpl):
        _locator_classes = (Locator,)

    class ContentCache(FunctionCache):
        _impl_class = Impl

        def __init__(self, function: FunctionType, content: str) -> None:
            self._content = content
            super().__init__(function)
            # One index for each content: Numba numbers the files of a shared index, and two processes that save at
            # the same time take the same number, which would hand one strategy the machine code of the other.
            name = f"{function.__name__}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"
            self._cache_file = IndexDataCacheFile(self._cache_path, name, self._impl.locator.get_source_stamp())
            self.is_new = not Path(self._cache_path, f"{name}.nbi").exists()

        def _index_key(self, sig: Any, codegen: Any) -> Any:
            return (sig, codegen.magic_tuple(), self._content)

    return ContentCache


class Compiler:
    """Compiles functions with some of their callees exchanged.

    Parameters
    ----------
    replace
        Function to the one that shall stand in its place, wherever it is reached.
    interpret
        Exchange the callees and leave everything plain Python.

    Attributes
    ----------
    tag
        Digest of what is being compiled, a part of every symbol. Numba numbers symbols within a process; where code of
        several processes meets in one, equal symbols are one to the linker, and a strategy would run another's code.
    """

    def __init__(self, replace: Mapping[Function, Function] | None = None, interpret: bool = False) -> None:
        self.replace = dict(replace or {})
        self.tag = ""
        self.root: FunctionType | None = None
        self.interpret = interpret
        self._done: dict[FunctionType, Any] = {}
        self._building: list[FunctionType] = []

    def reached(self) -> list[FunctionType]:
        """What the first function that was asked for reaches, callees first."""
        found: dict[FunctionType, None] = {}

        def visit(function: FunctionType) -> None:
            for value in references(function).values():
                if isinstance(chosen := self._chosen(value), FunctionType) and chosen not in found:
                    visit(chosen)
            found[function] = None

        if self.root:
            visit(self.root)
        return list(found)

    def function(self, function: FunctionType) -> Any:
        """Numba's dispatcher for ``function``, its callees compiled likewise."""
        if self.root is None:
            self.root, self.tag = function, "" if self.interpret else _short(digest(function, self.replace))
        if function not in self._done:
            if function in self._building:
                raise StrategyError(f"{function.__qualname__} calls itself, which a compiled kernel cannot")
            self._building.append(function)
            self._done[function] = self._build(function)
            self._building.pop()
        return self._done[function]

    def _build(self, function: FunctionType) -> Any:
        if self.interpret:
            return self.rebuild(function)
        if getattr(function, "is_unit", False):
            return _load_unit(self, function)
        return _helper(self.rebuild(function), getattr(function, "is_hot", False))

    def rebuild(self, function: FunctionType) -> FunctionType:
        """The function over compiled callees."""
        swapped = {
            name: self.function(chosen)
            for name, value in references(function).items()
            if isinstance(chosen := self._chosen(value), FunctionType)
        }
        names = {name for one in _codes(function.__code__) for name in one.co_names}
        swapped |= {
            name: self._module(value, names)
            for name, value in references(function).items()
            if isinstance(value, ModuleType) and not _is_native(value)
        }
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

    def _chosen(self, value: Any) -> Any:
        if not isinstance(value, FunctionType):
            return value
        chosen = self.replace.get(value, value)
        return chosen if self.interpret else NATIVE.get(chosen, chosen)


def _is_native(module: ModuleType) -> bool:
    """Whether the compiler knows the module's functions itself."""
    return module.__name__.partition(".")[0] in ("math", "numpy", "numba")


def _helper(function: FunctionType, is_hot: bool) -> Any:
    """Numba's dispatcher for a function that is only ever merged into others: no machine code of its own."""
    from numba import njit, types

    dispatcher = njit(**_OPTIONS, forceinline=is_hot)(function)
    template = dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        """One version for all constants: merged into its callers it is specialised anyway."""
        return template(tuple(map(types.unliteral, args)), {k: types.unliteral(v) for k, v in kws.items()})

    def customize(flags: Any) -> Any:
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        return flags

    def add_overload(result: Any) -> None:
        key = object()  # stands for the address that others would be known by
        result.target_context.insert_user_function(key, result.fndesc, [result.library])
        dispatcher.overloads[tuple(result.signature.args)] = result._replace(entry_point=key)

    dispatcher.get_call_template = get_call_template
    dispatcher._compiler._customize_flags = customize
    dispatcher.add_overload = add_overload
    return dispatcher


def _load_unit(compiler: Compiler, function: FunctionType) -> Any:
    """Compile or load a unit and make it known to the linker under a name of its content."""
    import llvmlite.binding
    from numba import types
    from numba.core.ccallback import CFunc
    from numba.core.typing import signature

    from barter_bt.columns.lowering import numba_type

    hints = get_type_hints(function)
    result = hints.pop("return")
    arguments = tuple(map(numba_type, hints.values()))
    returned = types.void if result is type(None) else types.int64
    sig = signature(returned, *arguments)
    content = digest(function, compiler.replace) + str(sig)
    if content in _units:
        return _units[content][1]
    compiled: Any = CFunc(compiler.rebuild(function), (arguments, returned), {}, dict(_OPTIONS))
    compiled._cache = _cache_class()(function, content)
    if compiled._cache.is_new:
        workers.start([one for one in compiler.reached() if hasattr(one, "is_unit")])
    compiled.compile()
    symbol = f"barter_bt_{function.__name__}_{_short(content)}"
    llvmlite.binding.add_symbol(symbol, compiled.address)
    _units[content] = compiled, types.ExternalFunction(symbol, sig)
    return _units[content][1]


def _short(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]


_OPTIONS: Mapping[str, Any] = {"nogil": True, "error_model": "numpy"}
# By content, so that an edit within one process is seen as well.
_units: dict[str, tuple[Any, Any]] = {}
_entries: dict[str, Any] = {}
_array_kernels: dict[str, Any] = {}


def compiled_function(function: FunctionType) -> Any:
    """A kernel over plain arrays and numbers, compiled and cached for use from Python; as it is when interpreting."""
    if interprets():
        return function
    content = digest(function)
    if content not in _array_kernels:
        from numba import njit

        compiler = Compiler()
        compiler.tag = _short(content)
        dispatcher = njit(**_OPTIONS)(compiler.rebuild(function))
        dispatcher._cache = _cache_class()(function, content)
        _array_kernels[content] = dispatcher
    return _array_kernels[content]


def interprets() -> bool:
    """Whether the environment variable BARTER_BT_INTERPRET asks for plain Python throughout."""
    return os.environ.get("BARTER_BT_INTERPRET", "0") not in ("", "0")


def compile_entry(root: FunctionType, blocks: tuple[type[Block], ...], replace: Mapping[Function, Function]) -> Any:
    """Compile ``root(*blocks)`` into a function of the blocks' addresses.

    Passing integers into compiled code costs 0.15 µs a call; unboxing blocks would cost 10 µs.

    Parameters
    ----------
    root
        A kernel that takes four blocks and returns an integer.
    blocks
        The classes of those blocks.
    replace
        Functions to exchange.
    """
    from barter_bt.columns.lowering import BlockType

    compiler = Compiler(replace)
    content = digest(root, compiler.replace) + "".join(BlockType(block).name for block in blocks)
    if content not in _entries:
        _entries[content] = _compile_entry(compiler, root, blocks, content)
    return _entries[content]


def _compile_entry(compiler: Compiler, root: FunctionType, blocks: tuple[type[Block], ...], content: str) -> Any:
    from numba import njit, types

    from barter_bt.columns.lowering import block_at

    compiler.root, compiler.tag = root, _short(content)
    run = compiler.function(root)
    first, second, third, fourth = (block_at(block) for block in blocks)

    def entry(a, b, c, d):  # type: ignore[no-untyped-def]
        return run(first(a), second(b), third(c), fourth(d))

    entry.__qualname__ = f"entry_{_short(content)}"
    dispatcher = njit(**_OPTIONS)(entry)
    dispatcher._cache = _cache_class()(entry, content)
    dispatcher.compile((types.int64,) * len(blocks))
    dispatcher.disable_compile()
    return dispatcher
