"""Compiled kernels that are entered from Python, or from other compiled code by their address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from inspect import signature
from types import FunctionType
from typing import TYPE_CHECKING, Any, get_type_hints
from weakref import WeakKeyDictionary

from barter_bt.columns.block import Block
from barter_bt.columns.cache import CodeCache
from barter_bt.columns.digest import Function, digest, is_users
from barter_bt.columns.kernel import Compiler, compiling, short

if TYPE_CHECKING:
    from barter_bt.columns.native import Native

# By content, so that an edit within one process is seen as well.
_entries: dict[str, Any] = {}
_addressed: dict[str, Native] = {}
_names_of: WeakKeyDictionary[type[Block], str] = WeakKeyDictionary()


def compile_entry(
    root: FunctionType,
    blocks: tuple[type[Block], ...],
    replace: Mapping[Function, Function],
    beside: tuple[FunctionType, ...] = (),
) -> Any:
    """Compile ``root(*blocks)`` into a function of the blocks' addresses.

    Passing integers into compiled code costs 0.15 µs a call; unboxing blocks would cost 10 µs.

    Parameters
    ----------
    root
        A kernel that takes two blocks or four and returns an integer.
    blocks
        The classes of those blocks.
    replace
        Functions to exchange.
    beside
        Functions whose units are compiled with it if it is compiled, because they will be called.
    """
    content = _content(root, blocks, replace)
    with compiling():
        if content not in _entries:
            waiting = () if is_compiled(root, blocks, replace) else beside
            _entries[content] = _compile_entry(Compiler(replace, beside=waiting), root, blocks, content)
        return _entries[content]


def is_compiled(root: FunctionType, blocks: tuple[type[Block], ...], replace: Mapping[Function, Function]) -> bool:
    """Whether :func:`compile_entry` has nothing to compile: this process has done it, or the result is kept."""
    from numba import types

    content = _content(root, blocks, replace)
    return content in _entries or CodeCache(compile_entry, content).is_kept((types.int64,) * len(blocks))


def compile_call(function: FunctionType, block: type[Block]) -> Any:
    """Compile ``function(block, *numbers)`` into a function of the block's address and those ints and floats.

    For calls by the million of a fraction of a microsecond each: it keeps the interpreter's lock, and what a dispatcher
    of Numba checks of each call is not checked. A float is cut where an int is annotated, so the caller must be sure.
    """
    content = f"call {_own_digest(function)}{_names((block,))}"
    with compiling():
        if content not in _entries:
            _entries[content] = _compile_call(function, block, content)
        return _entries[content]


def _content(root: FunctionType, blocks: tuple[type[Block], ...], replace: Mapping[Function, Any]) -> str:
    if is_users(root):
        program = digest(root, replace)
    else:
        program = _own_digest(root) + "".join(f"{one.__qualname__}: {digest(by)}" for one, by in replace.items())
    return program + _names(blocks)


def _names(blocks: tuple[type[Block], ...]) -> str:
    """Names that say all of the blocks' tables and columns, which a class does not change."""
    from barter_bt.columns.lowering import BlockType

    for block in blocks:
        if block not in _names_of:
            _names_of[block] = f"{block.__module__}.{BlockType(block).name}"
    return "".join(_names_of[block] for block in blocks)


@cache
def _own_digest(root: FunctionType) -> str:
    """Of a program of this package alone, which nobody edits while it runs."""
    return digest(root)


def compile_address(function: FunctionType, blocks: tuple[type[Block], type[Block]]) -> int:
    """Compile ``function(*blocks)`` for :func:`~barter_bt.columns.lowering.call_at`, which calls it by this address.

    A function of three parameters is given a number as well.
    """
    content = digest(function) + _names(blocks)
    with compiling():
        if content not in _addressed:
            _addressed[content] = _compile_addressed(function, blocks, content)
        return _addressed[content].address


def _compile_entry(compiler: Compiler, root: FunctionType, blocks: tuple[type[Block], ...], content: str) -> Any:
    from numba import njit, types

    from barter_bt.columns.lowering import block_at
    from barter_bt.columns.native import OPTIONS
    from barter_bt.columns.pipeline import KernelCompiler

    compiler.root, compiler.tag = root, short(content)
    for one in compiler.units():
        compiler.function(one)
    run = compiler.function(root)
    entry = _of_two(run, *map(block_at, blocks)) if len(blocks) == 2 else _of_four(run, *map(block_at, blocks))
    entry.__qualname__ = f"entry_{short(content)}"
    dispatcher = njit(**OPTIONS, pipeline_class=KernelCompiler)(entry)
    dispatcher._cache = CodeCache(compile_entry, content)
    dispatcher.compile((types.int64,) * len(blocks))
    dispatcher.disable_compile()
    return dispatcher


def _compile_call(function: FunctionType, block: type[Block], content: str) -> Any:
    from numba import njit, types

    from barter_bt.columns.lowering import block_at, numba_type
    from barter_bt.columns.native import OPTIONS
    from barter_bt.columns.pipeline import KernelCompiler

    compiler = Compiler()
    compiler.root, compiler.tag = function, short(content)
    names = list(signature(function).parameters)[1:]
    hints, numbers = get_type_hints(function), ", ".join(names)
    known = {"__name__": __name__, "run": compiler.function(function), "block": block_at(block)}
    call = eval(f"lambda address, {numbers}: run(block(address), {numbers})", known)
    call.__name__ = call.__qualname__ = f"call_{short(content)}"
    dispatcher = njit(**{**OPTIONS, "nogil": False}, pipeline_class=KernelCompiler)(call)
    dispatcher._cache = CodeCache(compile_call, content)
    dispatcher.compile((types.int64, *(numba_type(hints[name]) for name in names)))
    (compiled,) = dispatcher.overloads.values()
    return compiled.entry_point


def _of_two(run: Any, first: Any, second: Any) -> Any:
    def entry(a, b):  # type: ignore[no-untyped-def]
        return run(first(a), second(b))

    return entry


def _of_four(run: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
    def entry(a, b, c, d):  # type: ignore[no-untyped-def]
        return run(first(a), second(b), third(c), fourth(d))

    return entry


def _compile_addressed(function: FunctionType, blocks: tuple[type[Block], type[Block]], content: str) -> Native:
    from numba import types

    from barter_bt.columns.lowering import block_at
    from barter_bt.columns.native import Native

    compiler = Compiler()
    compiler.root, compiler.tag = function, short(content)
    run = compiler.function(function)
    first, second = (block_at(block) for block in blocks)

    def alone(a, b, number):  # type: ignore[no-untyped-def]
        return run(first(a), second(b))

    def with_number(a, b, number):  # type: ignore[no-untyped-def]
        return run(first(a), second(b), number)

    addressed: Any = alone if function.__code__.co_argcount == len(blocks) else with_number
    addressed.__qualname__ = f"addressed_{short(content)}"
    return Native(addressed, types.int64(*(types.int64,) * 3), CodeCache(compile_address, content))
