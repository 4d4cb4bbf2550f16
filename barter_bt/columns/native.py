"""Functions for Numba: helpers that are merged into what calls them, and code that is called by its address.

What is called by its address is called as Numba's functions call each other, not as C does: what it raises, its caller
raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from types import FunctionType
from typing import Any

import llvmlite.binding
from numba import njit, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]
from numba.core.errors import TypingError
from numba.core.funcdesc import PythonFunctionDescriptor
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, make_concrete_template, signature

from barter_bt.columns import view_lowering  # noqa: F401  (makes itself known to Numba)
from barter_bt.columns.cache import CodeCache
from barter_bt.columns.lowering import numba_type
from barter_bt.columns.pipeline import KernelCompiler, PartCompiler, UsersCompiler
from barter_bt.columns.view import SAYS

OPTIONS: Mapping[str, Any] = {"nogil": True, "error_model": "numpy"}


def helper(function: FunctionType, is_hot: bool, users: bool) -> Any:
    """Numba's dispatcher for a function that is only ever merged into others: no machine code of its own."""
    kind = UsersCompiler if users else PartCompiler
    name = function.__name__
    model = "python" if users else OPTIONS["error_model"]  # there a division by zero raises, as interpreted
    options = {**OPTIONS, "error_model": model, "forceinline": is_hot, "boundscheck": users, "pipeline_class": kind}
    dispatcher = njit(**options)(function)
    known: dict[Any, Any] = {}

    def get_call_template(args: Any, kws: Any) -> Any:
        """One version for all constants: merged into its callers it is specialised anyway."""
        call = tuple(map(types.unliteral, args)), tuple((k, types.unliteral(v)) for k, v in kws.items())
        if call not in known:
            python, folded = dispatcher.fold_argument_types(call[0], dict(call[1]))
            if folded not in dispatcher.overloads:
                dispatcher.add_overload(dispatcher._compiler.compile(folded, None))
            version = dispatcher.overloads[folded].signature
            known[call] = make_concrete_template(f"calls of {name}", name, [version]), python, folded, {}
        return known[call]

    def add_overload(result: Any) -> None:
        key = object()  # stands for the address that others would be known by
        result.target_context.insert_user_function(key, result.fndesc, [result.library])
        dispatcher.overloads[tuple(result.signature.args)] = result._replace(entry_point=key)

    dispatcher.get_call_template = get_call_template
    dispatcher._compiler._customize_flags = _bare
    dispatcher.add_overload = add_overload
    return dispatcher


def _bare(flags: Any) -> Any:
    """Neither a wrapper for Python nor one for C."""
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    return flags


class Native:
    """Code of one function and signature, compiled or loaded.

    Parameters
    ----------
    function
        Over compiled callees.
    signature
        What it takes and returns.
    cache
        Where it is kept.
    """

    def __init__(self, function: FunctionType, signature: Any, cache: CodeCache) -> None:
        self._signature = signature
        with global_compiler_lock:
            result = cache.load_overload(signature, cpu_target.target_context)
            if result is None:
                compiler = _FunctionCompiler(function, cpu_target, {**OPTIONS, "nopython": True}, {}, KernelCompiler)
                compiler._customize_flags = _bare
                result = compiler.compile(signature.args, signature.return_type)
                cache.save_overload(signature, result)
        self._library, self._description = result.library, result.fndesc  # the code lives as long as its library
        self.address: int = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)

    def known_as(self, symbol: str) -> object:
        """What stands for it in compiled code, which calls it by a symbol that the linker learns here."""
        description = copy(self._description)
        description.mangled_name = symbol
        return _called_by(symbol, self.address, self._signature, description)


def stand_in(symbol: str, signature: Any) -> object:
    """What stands for code that is called by a symbol and is not there, in a process that runs none of its callers."""
    count = len(signature.args)
    description = PythonFunctionDescriptor(
        *(True, __name__, symbol, symbol, "", {}, signature.return_type, {}, [f"arg{k}" for k in range(count)], ()),
        mangler=lambda *_, **__: symbol,
        argtypes=signature.args,
    )
    return _called_by(symbol, llvmlite.binding.address_of_symbol("barter_bt_grow"), signature, description)


def _called_by(symbol: str, address: int, signature: Any, description: Any) -> object:
    llvmlite.binding.add_symbol(symbol, address)
    called = _Called()
    cpu_target.typing_context.insert_user_function(called, _template(called, signature))
    cpu_target.target_context.insert_user_function(called, description)
    return called


def _template(called: Any, takes: Any) -> type[AbstractTemplate]:
    """What inference is told of it: one signature, and that no float is cut to a whole number."""

    class Called(AbstractTemplate):
        key = called

        def generic(self, args: Any, kws: Any) -> Any:
            for given, taken in zip(args, takes.args, strict=True):
                if isinstance(given, types.Float) and isinstance(taken, types.Integer):
                    raise TypingError(f"{SAYS} gives a {given} for a whole number: write int(...)")
            return takes

    return Called


class _Called:
    """Stands for a function that is called by a symbol."""


def signature_of(hints: Mapping[str, type]) -> Any:
    """Numba's signature of a kernel annotated with blocks, tables, ``int``, ``float``; it gives a number or None."""
    arguments = [numba_type(hint) for name, hint in hints.items() if name != "return"]
    result = {type(None): types.none, float: types.float64}.get(hints["return"], types.int64)
    return signature(result, *arguments)
