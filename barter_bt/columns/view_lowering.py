"""What the views of :mod:`barter_bt.columns.view` mean to Numba. Imported only when something is compiled.

A view has the address of what it shows; that it is one stands in its type. A column of it is three words: where it
begins, how many rows it has, and its name, of which the processor sees two: an access costs one comparison, and none
for row 0 of a table of fixed length. What is not allowed does not compile.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.core.imputils import lower_builtin, lower_getattr, lower_getattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import models, register_model

from barter_bt.columns.lowering import _SCALARS, BlockType, TableType, _Address, _load, keep_apart, row_number, stored
from barter_bt.columns.table import _HEADER
from barter_bt.columns.view import BEYOND, NOT_ITS_OWN, OF_COLUMNS, SAYS

_word = ir.IntType(64)


class BlockViewType(types.Type):
    """Address of a directory, as a strategy may use it."""

    def __init__(self, block: BlockType, writable: bool) -> None:
        self.block, self.writable = block, writable
        super().__init__(name=f"{block.name}_{'own' if writable else 'seen'}")


class TableViewType(types.Type):
    """Address of a descriptor, as a strategy may use it."""

    def __init__(self, table: TableType, place: str, writable: bool) -> None:
        self.table, self.place, self.writable = table, place, writable
        super().__init__(name=f"{table.name}_{'own' if writable else 'seen'}_{place}")


class ColumnViewType(types.Type):
    """Address of the first element, number of rows, address of the name."""

    def __init__(self, code: str, fixed: bool, writable: bool) -> None:
        self.code, self.fixed, self.writable = code, fixed, writable
        super().__init__(name=f"ColumnView({code}, {fixed}, {writable})")

    @property
    def element(self) -> Any:
        """What reading gives."""
        return types.float64 if self.code == "f8" else types.int64


register_model(BlockViewType)(_Address)
register_model(TableViewType)(_Address)


@register_model(ColumnViewType)
class _ColumnModel(models.StructModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, [("base", types.int64), ("rows", types.int64), ("name", types.int64)])


def _view_of(part: Any, name: str, writable: bool) -> Any:
    return BlockViewType(part, writable) if isinstance(part, BlockType) else TableViewType(part, name, writable)


@infer_getattr
class _BlockViews(AttributeTemplate):
    key = BlockType

    def resolve_whole(self, block: BlockType) -> Any:
        return block

    def resolve_read_only(self, block: BlockType) -> Any:
        return BlockViewType(block, writable=False)

    def resolve_checked(self, block: BlockType) -> Any:
        return BlockViewType(block, writable=True)


@infer_getattr
class _BlockViewAttributes(AttributeTemplate):
    key = BlockViewType

    def generic_resolve(self, view: BlockViewType, name: str) -> Any:
        if name in ("whole", "read_only", "checked"):
            return view.block if name == "whole" else view
        layout = view.block.layout
        return _view_of(layout[name], name, view.writable) if name in layout else None


def _same_address(context: Any, builder: Any, typ: Any, value: Any) -> Any:
    return value


for _name in ("whole", "read_only", "checked"):
    for _kind in (BlockType, BlockViewType):
        lower_getattr(_kind, _name)(_same_address)


@lower_getattr_generic(BlockViewType)
def _part(context: Any, builder: Any, typ: BlockViewType, value: Any, name: str) -> Any:
    return _load(builder, value, list(typ.block.layout).index(name), True)


@infer_getattr
class _TableViewAttributes(AttributeTemplate):
    key = TableViewType

    def generic_resolve(self, view: TableViewType, name: str) -> Any:
        code = view.table.schema.get(name)
        if code is not None and code[0] == "*":
            raise errors.TypingError(f"{SAYS} reads {view.place}.{name}, which {OF_COLUMNS}")
        return None if code is None else ColumnViewType(code, not view.table.growable, view.writable)


@lower_getattr_generic(TableViewType)
def _column(context: Any, builder: Any, typ: TableViewType, value: Any, name: str) -> Any:
    table = typ.table
    column = cgutils.create_struct_proxy(ColumnViewType(table.schema[name], not table.growable, typ.writable))(
        context, builder
    )
    column.base = _load(builder, value, _HEADER + list(table.schema).index(name), not table.growable)
    column.rows = _load(builder, value, 0, not table.growable, "rows")
    text = context.insert_const_string(builder.module, f"{typ.place}.{name}")
    column.name = builder.ptrtoint(text, _word)
    return column._getvalue()


@infer_global(len)
class _Len(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        seen = len(args) == 1 and isinstance(args[0], TableViewType | ColumnViewType)
        return signature(types.int64, *args) if seen else None


@lower_builtin(len, TableViewType)
def _table_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _load(builder, args[0], 0, not sig.args[0].table.growable, "rows")


@lower_builtin(len, ColumnViewType)
def _column_len(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).rows


@infer_global(operator.getitem)
class _Get(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) == 2 and isinstance(args[0], ColumnViewType):
            return signature(args[0].element, args[0], row_number(args[1]))
        return None


@infer_global(operator.setitem)
class _Set(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) == 3 and isinstance(args[0], ColumnViewType):
            return signature(types.none, args[0], row_number(args[1]), _stored(args[0], args[2]))
        return None


@infer
class _GetFirst(AbstractTemplate):
    key = "static_getitem"

    def generic(self, args: Any, kws: Any) -> Any:
        column, row = args
        is_first = isinstance(column, ColumnViewType) and column.fixed and type(row) is int and row == 0
        return signature(column.element, *args) if is_first else None


@infer
class _SetFirst(AbstractTemplate):
    key = "static_setitem"

    def generic(self, args: Any, kws: Any) -> Any:
        column, row, value = args
        is_first = isinstance(column, ColumnViewType) and column.fixed and type(row) is int and row == 0
        return signature(types.none, column, types.literal(0), _stored(column, value)) if is_first else None


def _stored(column: ColumnViewType, value: Any) -> Any:
    """The type to convert a value to; what cannot be written is told in the user's words."""
    if not column.writable:
        raise errors.TypingError(f"{SAYS} writes into a column that {NOT_ITS_OWN}")
    return stored(column, value)


def _element(context: Any, builder: Any, column: Any, kind: ColumnViewType, row: Any) -> tuple[Any, Any]:
    stored = _SCALARS[kind.code]
    pointer = builder.inttoptr(column.base, context.get_value_type(stored).as_pointer())
    return builder.gep(pointer, [row]), stored


def _checked(context: Any, builder: Any, kind: ColumnViewType, value: Any, row: Any) -> tuple[Any, Any]:
    column = cgutils.create_struct_proxy(kind)(context, builder, value)
    with builder.if_then(builder.icmp_unsigned(">=", row, column.rows), likely=False):
        builder.call(_refusal(context, builder.module), [row, column.name, column.rows])
        context.call_conv.return_exc(builder)
    return _element(context, builder, column, kind, row)


def _refusal(context: Any, module: Any) -> Any:
    """One function for each module, out of the way of what is hot: raises IndexError."""
    name = "barter_bt_beyond"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_word, _word, _word]), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    function.attributes.add("cold")
    builder = ir.IRBuilder(function.append_basic_block())
    api = context.get_python_api(builder)
    gil = api.gil_ensure()
    row, text, rows = function.args
    api.err_format("PyExc_IndexError", BEYOND, row, builder.inttoptr(text, api.cstring), rows)
    api.gil_release(gil)
    builder.ret_void()
    return function


def _read(context: Any, builder: Any, sig: Any, place: tuple[Any, Any]) -> Any:
    pointer, stored = place
    value = keep_apart(builder, builder.load(pointer), sig.args[0].code)
    return context.cast(builder, value, stored, sig.return_type)


def _write(context: Any, builder: Any, sig: Any, place: tuple[Any, Any], value: Any) -> Any:
    pointer, stored = place
    keep_apart(builder, builder.store(context.cast(builder, value, sig.args[2], stored), pointer), sig.args[0].code)
    return context.get_dummy_value()


@lower_builtin(operator.getitem, ColumnViewType, types.int64)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _read(context, builder, sig, _checked(context, builder, sig.args[0], *args))


@lower_builtin(operator.setitem, ColumnViewType, types.int64, types.Any)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _write(context, builder, sig, _checked(context, builder, sig.args[0], *args[:2]), args[2])


def _first(context: Any, builder: Any, kind: Any, args: Any) -> tuple[Any, Any]:
    """Row 0 of a fixed table is there, whatever its length: :class:`Table` has at least one row of memory."""
    if not (isinstance(kind, ColumnViewType) and kind.fixed and args[1] == 0):
        raise NotImplementedError
    column = cgutils.create_struct_proxy(kind)(context, builder, args[0])
    return _element(context, builder, column, kind, _word(0))


@lower_builtin("static_getitem", ColumnViewType, types.IntegerLiteral)
def _get_first(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _read(context, builder, sig, _first(context, builder, sig.args[0], args))


@lower_builtin("static_setitem", ColumnViewType, types.IntegerLiteral, types.Any)
def _set_first(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _write(context, builder, sig, _first(context, builder, sig.args[0], args), args[2])
