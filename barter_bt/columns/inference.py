"""How the types of a kernel's expressions are found: what an operation gives for types is looked up once.

Numba asks some dozens of templates what ``a + b`` gives, at each place where it stands and in each round of inference.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NopythonTypeInference

_found: dict[Any, Any] = {}


def _plain(kind: Any) -> Any:
    """Constants are numbers like any other, to what numbers are given to; text counts, as in ``float("nan")``."""
    return kind if isinstance(kind, types.StringLiteral) else types.unliteral(kind)


class _Remembering:
    """Numba's typing context, with a memory of what operators and functions of Numba's own give."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        """The signature of a call."""
        if not isinstance(function, types.Function) or kws:
            return self._context.resolve_function_type(function, args, kws)
        plain = tuple(map(_plain, args))
        call = (function, *plain)
        if call not in _found:
            _found[call] = self._context.resolve_function_type(function, plain, kws)
        return _found[call]


@register_pass(mutates_CFG=True, analysis_only=False)
class Inference(NopythonTypeInference):
    """Numba's inference of types, with a memory."""

    _name = "barter_bt_inference"

    def run_pass(self, state: Any) -> bool:
        """Infer, in a context that remembers."""
        context = state.typingctx
        state.typingctx = _Remembering(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context
