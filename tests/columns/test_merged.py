"""Copies of functions that are merged into their callers."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from barter_bt.columns.kernel import Compiler
from barter_bt.columns.marks import merged, unit
from barter_bt.engine.wake import in_place_of_wake, wake, wake_here
from barter_bt.strategy.hooks import Hooks


@unit
def apart(number: int) -> int:
    """A kernel of its own."""
    return number


def strategy(s: Any, my: Any) -> None:
    """Wants nothing."""


def helped(number: int) -> int:
    """Calls another function of the user's."""
    return helper(number)


def helper(number: int) -> int:
    """One more."""
    return number + 1


def _closed_over(function: Callable[..., Any]) -> dict[str, Any]:
    assert isinstance(function, FunctionType)
    cells = function.__closure__ or ()
    return {name: cell.cell_contents for name, cell in zip(function.__code__.co_freevars, cells, strict=True)}


def _is_hot(function: Any) -> bool:
    return getattr(function, "is_hot", False)


def test_a_strategy_is_merged_with_all_that_is_around_it_and_stays_as_it_was() -> None:
    kernel = Hooks().wake(strategy)
    replaced = in_place_of_wake(kernel)
    assert replaced[wake] is kernel
    assert not _is_hot(kernel)
    called = _closed_over(replaced[wake_here])["otherwise"]
    copy = _closed_over(called)["hook"]
    assert _is_hot(replaced[wake_here])
    assert _is_hot(called)
    assert _is_hot(copy)
    assert copy.__code__ is strategy.__code__
    assert not _is_hot(strategy)


def test_what_a_copy_calls_is_a_copy_so_that_each_has_one_caller() -> None:
    compiler, copy = Compiler(interpret=True), merged(helped)
    called = compiler.function(copy).__globals__["helper"]
    assert called is not compiler.function(helped).__globals__["helper"]
    assert called(1) == 2


def test_what_only_calls_is_merged_nowhere() -> None:
    kernel = Hooks().wake(strategy)
    assert in_place_of_wake(kernel, merges=False) == {wake: kernel, wake_here: kernel}
    assert in_place_of_wake(None) == {}


def test_a_function_of_the_users_may_close_over_itself_and_over_units() -> None:
    def again(number: int) -> int:
        return again(number - 1) if number > 0 else apart(0)

    assert merged(again)(2) == 0
    assert _closed_over(merged(again))["again"] is again
