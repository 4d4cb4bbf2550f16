"""How Numba compiles our functions: with few of its passes, each piece of code once.

- A function that is merged into others is neither optimised nor turned into machine code by itself (:class:`_Part`).
- Functions of this package need few passes: nothing in them is to be rewritten.
- In functions of the user's, loops can be interrupted, and what they set is looked at: compiled code does not see a
  Ctrl-C; Python notes the signal and handles it when it is back. So each loop of theirs counts, and looks every so
  often whether there is something to handle.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir as llvm
from llvmlite.binding import Linkage, parse_assembly
from numba import types
from numba.core import cgutils, ir
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.ir_utils import find_outer_value, guard, mk_unique_var
from numba.core.typed_passes import NativeLowering, NoPythonBackend, PreLowerStripPhis
from numba.core.untyped_passes import FixupArgs, GenericRewrites, ReconstructSSA, TranslateByteCode
from numba.extending import intrinsic

from barter_bt.columns.inference import Inference
from barter_bt.columns.objections import STAND_INS
from barter_bt.columns.view import BY_ROW
from barter_bt.errors import StrategyError

TURNS = 1 << 16  # of a loop, between two looks: less than a millisecond of most loops


@intrinsic
def watch_signals(typingctx: Any) -> Any:
    """Count a turn of a loop; from time to time let Python handle its signals, which may raise."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = llvm.IntType(64)
        left = cgutils.alloca_once(builder, word)
        with builder.goto_entry_block():
            builder.store(word(TURNS), left)
        count = builder.sub(builder.load(left), word(1))
        builder.store(count, left)
        with builder.if_then(builder.icmp_signed("==", count, word(0)), likely=False):
            builder.store(word(TURNS), left)
            raised = builder.call(_look(context, builder.module), [])
            with builder.if_then(builder.icmp_signed("!=", raised, raised.type(0)), likely=False):
                context.call_conv.return_exc(builder)
        return context.get_dummy_value()

    return types.none(), codegen


def _look(context: Any, module: Any) -> Any:
    """One function for each module: PyErr_CheckSignals, with the lock that it needs."""
    name, number = "barter_bt_signals", llvm.IntType(32)
    if name in module.globals:
        return module.globals[name]
    function = llvm.Function(module, llvm.FunctionType(number, []), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = llvm.IRBuilder(function.append_basic_block())
    api = context.get_python_api(builder)
    gil = api.gil_ensure()
    check = cgutils.get_or_insert_function(module, llvm.FunctionType(number, []), "PyErr_CheckSignals")
    raised = builder.call(check, [])
    api.gil_release(gil)
    builder.ret(raised)
    return function


def _let_object(code: Any) -> None:
    """Replace calls that give some number where Python raises."""
    for block in code.blocks.values():
        for one in list(block.find_insts(ir.Assign)):
            call = one.value
            if not (isinstance(call, ir.Expr) and call.op == "call" and not call.kws):
                continue
            called = guard(find_outer_value, code, call.func)
            if called in STAND_INS and not (called is round and len(call.args) > 1):
                name = ir.Var(block.scope, mk_unique_var("$objects"), block.loc)
                value = ir.Global("objects", STAND_INS[called], one.loc)
                block.body.insert(block.body.index(one), ir.Assign(value, name, one.loc))
                code._definitions[name.name] = [value]
                call.func = name


@register_pass(mutates_CFG=False, analysis_only=False)
class _UsersCode(FunctionPass):
    _name = "barter_bt_users_code"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Refuse what is no column's row; object as Python does; look at the signals at the head of each loop."""
        code = state.func_ir
        _let_object(code)
        for block in code.blocks.values():
            for one in block.find_insts(ir.SetAttr):
                where = f"{one.loc.filename}, line {one.loc.line}"
                raise StrategyError(f"the strategy sets an attribute, {one.attr!r} ({where})", BY_ROW)
        for loop in compute_cfg_from_blocks(code.blocks).loops().values():
            block = code.blocks[loop.header]
            look, done = (ir.Var(block.scope, mk_unique_var(name), block.loc) for name in ("$look", "$looked"))
            values = (ir.Global("watch_signals", watch_signals, block.loc), ir.Expr.call(look, (), (), block.loc))
            for place, (variable, value) in enumerate(zip((look, done), values, strict=True)):
                block.body.insert(place, ir.Assign(value, variable, block.loc))
                code._definitions[variable.name] = [value]
        return True


class _Part(JITCodeLibrary):
    """Code that is merged into other code: only there it is optimised and turned into machine code."""

    def finalize(self) -> None:
        """Leave what it calls to the code that it is merged into."""
        self._finalized = True

    def alone(self) -> Any:
        """What is merged, without what it calls."""
        return super()._get_module_for_linking()

    def _get_module_for_linking(self) -> Any:
        """For code of Numba's own kind, which does not ask what a part calls."""
        module = self.alone().clone()
        _link_reached(self, module)
        return module


class _Whole(JITCodeLibrary):
    """Code that is called by its address: nobody else calls what is merged into it, and it is merged into nothing."""

    def serialize_using_object_code(self) -> Any:
        """Machine code, and what it defines; the code that it was made of is not kept."""
        self._ensure_finalized()
        known = llvm.Module()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                llvm.GlobalVariable(known, llvm.IntType(8), function.name).initializer = llvm.IntType(8)(0)
        return self.name, "object", (self._get_compiled_object(), parse_assembly(str(known)).as_bitcode())

    def finalize(self) -> None:
        """Gather all that is reached, each once, before it is optimised."""
        _link_reached(self, self._final_module)
        self._linking_libraries: list[JITCodeLibrary] = []
        super().finalize()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = "internal"
        super()._optimize_final_module()


def _link_reached(library: JITCodeLibrary, module: Any) -> None:
    """Put all that a library calls into a module, behind each what that calls."""
    seen, waiting = {library}, library._linking_libraries[::-1]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        library._reload_init.update(one._reload_init)
        is_part = isinstance(one, _Part)
        module.link_in(one.alone() if is_part else one._get_module_for_linking(), preserve=True)
        waiting += one._linking_libraries[::-1] if is_part else []


class KernelCompiler(CompilerBase):
    """Numba's compiler for functions of this package, which need few of its passes."""

    library: type[JITCodeLibrary] = _Whole

    def define_pipelines(self) -> Any:
        """From bytecode to types to machine code, without rewriting on the way."""
        self.state.library = self.library(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        if self.library is _Whole:
            self.state.library.enable_object_caching()
        passes = PassManager("barter_bt")
        for one in _PASSES:
            passes.add_pass(one, one.__name__)
        passes.finalize()
        return [passes]


class PartCompiler(KernelCompiler):
    """For functions of this package that are merged into others."""

    library = _Part


class UsersCompiler(CompilerBase):
    """Numba's compiler with what is above before its own passes."""

    def define_pipelines(self) -> Any:
        """The usual passes and one more."""
        self.state.library = _part(self.state)
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.add_pass_after(_UsersCode, FixupArgs)
        manager.finalize()
        return [manager]


def _part(state: Any) -> _Part:
    return _Part(state.targetctx.codegen(), state.func_id.func_qualname)


_PASSES = (
    TranslateByteCode,
    FixupArgs,
    GenericRewrites,
    ReconstructSSA,
    Inference,
    PreLowerStripPhis,
    NativeLowering,
    NoPythonBackend,
)
