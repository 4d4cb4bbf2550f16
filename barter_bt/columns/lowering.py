"""What tables, blocks and columns mean to Numba. Imported only when something is compiled.

``block.table.column[i]`` becomes: load the descriptor's address from the block's directory, load the
column's address from the descriptor, load element i. Nothing is reference counted; nothing is bounds
checked, but for strategies (see :mod:`barter_bt.columns.view_lowering`) and in interpreted runs. Addresses
of fixed tables never change, which the compiler is told.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.core.imputils import lower_builtin, lower_getattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    bound_function,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import intrinsic, models, register_model

from barter_bt.columns.block import Block
from barter_bt.columns.column import layout_of
from barter_bt.columns.memory import LINE
from barter_bt.columns.table import _HEADER, Table, grow
from barter_bt.columns.view import SAYS

_SCALARS = {"i8": types.int64, "i4": types.int32, "i1": types.int8, "f8": types.float64}

# The interpreter is entered only when a table is full: log2(rows) times in its life.
_callback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(grow)
llvmlite.binding.add_symbol("barter_bt_grow", ctypes.cast(_callback, ctypes.c_void_p).value)


class ColumnType(types.Type):
    """Address of the first element."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(name=f"Column({code})")

    @property
    def element(self) -> Any:
        """What reading gives: integers are widened to int64, so that nothing is computed narrowly."""
        if self.code[0] == "*":
            return ColumnType(self.code[1:])
        return types.float64 if self.code == "f8" else types.int64


def _name(cls: str, content: object) -> str:
    """Short, because every symbol of the compiled engine repeats it; different for each schema."""
    return f"{cls}_{hashlib.sha256(repr(content).encode()).hexdigest()[:12]}"


class _ByName(types.Type):
    """What is kept of compiled code says such a type by its name: whoever asks for the code has made the type."""

    known: ClassVar[dict[str, types.Type]] = {}

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.known.setdefault(name, self)  # later ones are copies, of which Numba takes the first

    def __reduce__(self) -> Any:
        return _by_name, (self.name,)


def _by_name(name: str) -> types.Type:
    return _ByName.known[name]


class TableType(_ByName):
    """Address of a descriptor; the schema is part of the type and of its name."""

    def __init__(self, cls: type[Table]) -> None:
        self.schema, self.growable, self.rows = cls.schema, cls.growable, cls._rows
        self.places = layout_of(cls).places(cls._rows)[0] if cls._rows else []
        super().__init__(name=_name(cls.__name__, (*cls.schema.items(), cls.growable, cls._rows)))


class BlockType(_ByName):
    """Address of a directory of descriptors, or of other blocks' directories."""

    def __init__(self, cls: type[Block]) -> None:
        self.layout = {name: numba_type(part) for name, part in cls.layout.items()}
        super().__init__(name=_name(cls.__name__, [(k, v.name) for k, v in self.layout.items()]))


@register_model(ColumnType)
@register_model(TableType)
@register_model(BlockType)
class _Address(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, ir.IntType(64))


def keep_apart(builder: Any, access: Any, what: str) -> Any:
    """Tell the compiler that a load or store meets no other memory than that of its kind (LLVM's ``tbaa``).

    Kinds are the numbers of rows, addresses in descriptors and directories, and columns by the type of their elements:
    what is written into a column moves neither, so addresses are loaded once for many rows.
    """
    module, zero = builder.module, ir.IntType(64)(0)
    kind = module.add_metadata([what, module.add_metadata(["barter_bt"]), zero])
    access.set_metadata("tbaa", module.add_metadata([kind, kind, zero]))
    return access


def _slot(builder: Any, base: Any, slot: int) -> Any:
    word = ir.IntType(64)
    return builder.gep(builder.inttoptr(base, word.as_pointer()), [word(slot)])


def _load(builder: Any, base: Any, slot: int, fixed: bool, what: str = "address") -> Any:
    value = keep_apart(builder, builder.load(_slot(builder, base, slot)), what)
    if fixed:
        value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@infer_getattr
class _BlockAttributes(AttributeTemplate):
    key = BlockType

    def generic_resolve(self, typ: BlockType, name: str) -> Any:
        return typ.layout.get(name)


@lower_getattr_generic(BlockType)
def _block_attribute(context: Any, builder: Any, typ: BlockType, value: Any, name: str) -> Any:
    return _load(builder, value, list(typ.layout).index(name), True)


@infer_getattr
class _TableAttributes(AttributeTemplate):
    key = TableType

    @bound_function("table.append")
    def resolve_append(self, table: TableType, args: Any, kws: Any) -> Any:
        return signature(types.int64, recvr=table) if not args else None

    @bound_function("table.spare")
    def resolve_spare(self, table: TableType, args: Any, kws: Any) -> Any:
        return signature(types.int64, recvr=table) if not args else None

    @bound_function("table.truncate")
    def resolve_truncate(self, table: TableType, args: Any, kws: Any) -> Any:
        return signature(types.none, types.int64, recvr=table) if len(args) == 1 else None

    def generic_resolve(self, typ: TableType, name: str) -> Any:
        return ColumnType(typ.schema[name]) if name in typ.schema else None


@lower_getattr_generic(TableType)
def _table_attribute(context: Any, builder: Any, typ: TableType, value: Any, name: str) -> Any:
    k = list(typ.schema).index(name)
    if typ.rows:  # every column lies as far behind the first in all tables of the class
        return builder.add(_load(builder, value, _HEADER, True), ir.IntType(64)(typ.places[k]))
    return _load(builder, value, _HEADER + k, not typ.growable)


def row_number(given: Any) -> Any:
    """The type of a row's number; a float would be cut without a word."""
    if isinstance(given, types.Float):
        raise errors.TypingError(f"{SAYS} gives a {given} as the number of a row, instrument or order: write int(...)")
    return types.int64 if isinstance(given, types.Integer) else given


def stored(column: Any, value: Any) -> Any:
    """The type in which a value is stored; like Python's, a column of integers takes no float."""
    if isinstance(value, types.Float) and column.element is not types.float64:
        raise errors.TypingError(
            f"{SAYS} gives a {value} for a whole number: write int(...); a value of its own may start as a float"
        )
    return column.element


@infer_global(operator.getitem)
class _ColumnGet(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) == 2 and isinstance(args[0], ColumnType):
            return signature(args[0].element, args[0], row_number(args[1]))
        return None


@infer_global(operator.setitem)
class _ColumnSet(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) == 3 and isinstance(args[0], ColumnType):
            return signature(types.none, args[0], row_number(args[1]), stored(args[0], args[2]))
        return None


def _element(context: Any, builder: Any, column: ColumnType, base: Any, row: Any) -> tuple[Any, Any]:
    stored = types.int64 if column.code[0] == "*" else _SCALARS[column.code]
    pointer = builder.inttoptr(base, context.get_value_type(stored).as_pointer())
    return builder.gep(pointer, [row]), stored


@lower_builtin(operator.getitem, ColumnType, types.int64)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer, stored = _element(context, builder, sig.args[0], *args)
    value = keep_apart(builder, builder.load(pointer), sig.args[0].code)
    if sig.args[0].code[0] == "*":
        return value
    return context.cast(builder, value, stored, sig.return_type)


@lower_builtin(operator.setitem, ColumnType, types.int64, types.Any)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    pointer, stored = _element(context, builder, sig.args[0], *args[:2])
    keep_apart(builder, builder.store(context.cast(builder, args[2], sig.args[2], stored), pointer), sig.args[0].code)
    return context.get_dummy_value()


@lower_builtin("table.append", TableType)
def _append(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    word = ir.IntType(64)
    rows, row = _slot(builder, args[0], 0), _load(builder, args[0], 0, False, "rows")
    capacity = _load(builder, args[0], 1, False)
    with builder.if_then(builder.icmp_signed("==", row, capacity), likely=False):
        callee = ir.FunctionType(word, [word])
        function = builder.module.globals.get("barter_bt_grow") or ir.Function(builder.module, callee, "barter_bt_grow")
        builder.call(function, [args[0]])
    # Where memory ran out the last row is written again; the run then ends with an error.
    last = builder.sub(_load(builder, args[0], 1, False), word(1))
    row = builder.select(builder.icmp_signed(">", row, last), last, row)
    keep_apart(builder, builder.store(builder.add(row, word(1)), rows), "rows")
    if len(sig.args[0].schema) >= _WIDE:
        with builder.if_then(builder.icmp_signed("==", builder.and_(row, word(LINE - 1)), word(0)), likely=False):
            builder.call(_asking(builder.module, sig.args[0]), [args[0], builder.add(row, word(LINE))])
    return row


def _asking(module: Any, table: TableType) -> Any:
    """One function for each table: ask for the memory of a row of all columns.

    A journal gets a row now and then, in columns that all lie elsewhere; each would be waited for.
    """
    name, word = f"barter_bt_ask_{table.name}", ir.IntType(64)
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [word, word]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    for k, code in enumerate(table.schema.values()):
        base = builder.load(_slot(builder, function.args[0], _HEADER + k))
        offset = builder.mul(function.args[1], word(np.dtype(code).itemsize))
        _prefetch(builder, builder.inttoptr(builder.add(base, offset), word.as_pointer()))
    builder.ret_void()
    return function


_WIDE = 3  # columns of a table of which rows are asked for


def _prefetch(builder: Any, place: Any) -> None:
    """Ask for memory that will be needed soon; of memory that is none nothing comes."""
    flag, memory = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [memory, flag, flag, flag])
    ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(ask, [builder.bitcast(place, memory), flag(0), flag(3), flag(1)])  # to read, to keep, data


@lower_builtin("table.spare", TableType)
def _spare(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.sub(_load(builder, args[0], 1, False), _load(builder, args[0], 0, False, "rows"))


@lower_builtin("table.truncate", TableType, types.int64)
def _truncate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    keep_apart(builder, builder.store(args[1], _slot(builder, args[0], 0)), "rows")
    return context.get_dummy_value()


@infer_global(len)
class _TableLen(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(types.int64, *args) if len(args) == 1 and isinstance(args[0], TableType) else None


@lower_builtin(len, TableType)
def _len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _load(builder, args[0], 0, False, "rows")


def numba_type(annotation: type) -> Any:
    """Numba's type for a kernel's parameter annotated as a block, a table, ``int`` or ``float``."""
    if issubclass(annotation, Block):
        return BlockType(annotation)
    if issubclass(annotation, Table):
        return TableType(annotation)
    return {int: types.int64, float: types.float64}[annotation]


def block_at(cls: type[Block]) -> Any:
    """Compiled function ``address -> block``: how a kernel entered from Python finds its state."""
    block = BlockType(cls)

    def view(typingctx: Any, address: Any) -> Any:
        return block(types.int64), lambda context, builder, sig, args: args[0]

    view.__name__ = f"view_{block.name}"  # what is kept of compiled code knows it by that
    return intrinsic(view)


@intrinsic
def prefetch(typingctx: Any, given: Any, row: Any) -> Any:
    """Ask for the memory of a row of a column, or of all columns of a table, to read it soon."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if isinstance(given, TableType):
            builder.call(_asking(builder.module, given), args)
        else:
            _prefetch(builder, _element(context, builder, given, *args)[0])
        return context.get_dummy_value()

    return types.none(given, types.int64), codegen


@intrinsic
def call_at(typingctx: Any, code: Any, block: Any, address: Any, number: Any) -> Any:
    """Call the compiled function ``(address, address, number) -> int`` that lies at ``code``.

    It is given a block, an address and a number. What it raises, this raises: it is called as Numba's functions call
    each other, not as C does.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        convention = context.call_conv
        kind = convention.get_function_type(types.int64, (types.int64,) * 3)
        function = builder.inttoptr(args[0], kind.as_pointer())
        returned, raised = (cgutils.alloca_once(builder, argument.pointee) for argument in kind.args[:2])
        code = builder.call(function, [returned, raised, *args[1:]])
        status = convention._get_return_status(builder, code, builder.load(raised))
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return builder.load(returned)

    return types.int64(types.int64, block, types.int64, types.int64), codegen


@functools.cache
def called_back(function: Callable[[int, int], int], symbol: str) -> Any:
    """What a function of Python's, ``(int, int) -> int``, is in compiled code. It must raise nothing."""
    pointer = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(function)
    _kept.append(pointer)
    llvmlite.binding.add_symbol(symbol, ctypes.cast(pointer, ctypes.c_void_p).value)
    return types.ExternalFunction(symbol, types.int64(types.int64, types.int64))


_kept: list[Any] = []
