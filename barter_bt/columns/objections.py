"""What Python objects to in a user's function, compiled code objects to as well.

Numba's ``int``, ``floor`` and their like give some number for what is no whole number of 64 bits, and roots and
logarithms NaN or infinity where Python raises. In functions of users these calls are replaced by those below. A
division by zero raises by itself: see ``helper`` in :mod:`barter_bt.columns.native`.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature

_WITH_POLES = ("log", "log2", "log10", "log1p", "atanh")  # infinite where they are not defined
_OF_ONE = (*_WITH_POLES, "sqrt", "exp", "expm1", "sin", "cos", "tan", "asin", "acos", "sinh", "cosh", "acosh")
_WHOLE: Mapping[Any, str] = {
    builtins.int: "trunc",
    math.trunc: "trunc",
    math.floor: "floor",
    math.ceil: "ceil",
    builtins.round: "rint",
}
_BEYOND = 2.0**63


def _objects_to(function: Callable[..., Any], template: type[AbstractTemplate], lower: Any) -> Callable[..., Any]:
    """What stands for a function of numbers."""

    def stand_in(*numbers: Any) -> Any: ...

    key = f"{function.__name__} that objects"
    infer_global(stand_in, typing_key=key)(type("_Of", (template,), {"name": function.__name__}))
    lower_builtin(key, types.VarArg(types.Any))(lower)
    return stand_in


class _Whole(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], types.Float):
            return signature(types.int64, types.float64)
        if len(args) == 1 and isinstance(args[0], types.Integer):
            return signature(args[0], args[0])
        return signature(types.int64, args[0]) if len(args) == 1 and isinstance(args[0], types.Boolean) else None


def _whole(rounding: str) -> Any:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if not isinstance(sig.args[0], types.Float):
            return context.cast(builder, args[0], sig.args[0], sig.return_type)
        number, raises = args[0], context.call_conv.return_user_exc
        with builder.if_then(builder.fcmp_unordered("uno", number, number), likely=False):
            raises(builder, ValueError, ("cannot convert float NaN to integer",))
        rounded = builder.call(builder.module.declare_intrinsic(f"llvm.{rounding}", [number.type]), [number])
        low, beyond = number.type(-_BEYOND), number.type(_BEYOND)
        fits = builder.and_(builder.fcmp_ordered(">=", rounded, low), builder.fcmp_ordered("<", rounded, beyond))
        with builder.if_then(builder.not_(fits), likely=False):
            raises(builder, OverflowError, ("a float is too large for a whole number of 64 bits",))
        return builder.fptosi(rounded, context.get_value_type(types.int64))

    return lower


class _OfFloats(AbstractTemplate):
    name: str

    def generic(self, args: Any, kws: Any) -> Any:
        numbers = types.Number | types.Boolean
        if kws or len(args) != (2 if self.name == "pow" else 1):
            return None
        return signature(*[types.float64] * (len(args) + 1)) if all(isinstance(one, numbers) for one in args) else None


def _of_floats(function: Callable[..., Any]) -> Any:
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        result, raises = context.get_function(function, sig)(builder, args), context.call_conv.return_user_exc
        known = finite = cgutils.true_bit
        for one in args:
            known = builder.and_(known, builder.fcmp_ordered("ord", one, one))
            finite = builder.and_(finite, _is_finite(builder, one))
        no_number = builder.fcmp_unordered("uno", result, result)
        with builder.if_then(builder.and_(known, no_number), likely=False):
            raises(builder, ValueError, ("math domain error",))
        infinite = builder.and_(finite, builder.not_(builder.or_(no_number, _is_finite(builder, result))))
        with builder.if_then(builder.and_(infinite, _is_at_pole(builder, function.__name__, args)), likely=False):
            raises(builder, ValueError, ("math domain error",))
        with builder.if_then(infinite, likely=False):
            raises(builder, OverflowError, ("math range error",))
        return result

    return lower


def _is_at_pole(builder: Any, name: str, args: Any) -> Any:
    if name == "pow":
        return builder.fcmp_ordered("==", args[0], args[0].type(0.0))
    return cgutils.true_bit if name in _WITH_POLES else cgutils.false_bit


def _is_finite(builder: Any, number: Any) -> Any:
    nothing = builder.fsub(number, number)  # NaN of infinity and of NaN
    return builder.fcmp_ordered("ord", nothing, nothing)


STAND_INS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    **{function: _objects_to(function, _Whole, _whole(rounding)) for function, rounding in _WHOLE.items()},
    **{one: _objects_to(one, _OfFloats, _of_floats(one)) for name in (*_OF_ONE, "pow") if (one := getattr(math, name))},
}
"""By what Python calls with numbers."""
