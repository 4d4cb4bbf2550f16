"""What ``min``, ``max`` and ``int`` of numbers are in kernels: instructions; Numba compiles a function for each use.

They give what Numba's own give, for numbers alone.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature


def least(*numbers: Any) -> Any:
    """Stands for ``min`` in compiled code."""


def largest(*numbers: Any) -> Any:
    """Stands for ``max`` in compiled code."""


def whole(number: Any) -> Any:
    """Stands for ``int`` in compiled code."""


@infer_global(least)
@infer_global(largest)
class _Extreme(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(self.context.unify_types(*args), *args)


@infer_global(whole)
class _Whole(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(args[0] if isinstance(args[0], types.Integer) else types.int64, *args)


def _choose(compare: Any, context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """The first number that no later one goes beyond, as Python chooses."""
    kind = sig.return_type
    goes_beyond = context.get_function(compare, signature(types.boolean, kind, kind))
    best, *others = (context.cast(builder, one, given, kind) for one, given in zip(args, sig.args, strict=True))
    for one in others:
        best = builder.select(goes_beyond(builder, (one, best)), one, best)
    return best


@lower_builtin(least, types.VarArg(types.Any))
def _least(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _choose(operator.lt, context, builder, sig, args)


@lower_builtin(largest, types.VarArg(types.Any))
def _largest(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _choose(operator.gt, context, builder, sig, args)


@lower_builtin(whole, types.Any)
def _to_whole(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return context.cast(builder, args[0], sig.args[0], sig.return_type)


BUILTINS: Mapping[str, Any] = {"min": least, "max": largest, "int": whole}
