"""A process that is killed at its k-th file operation, without a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from barter_bt import files

OF_THE_SYSTEM = ("mkdir", "replace", "rename", "unlink", "rmdir", "fsync")
OPERATIONS = (*OF_THE_SYSTEM, "exchange")


class Killed(BaseException):
    """Nobody catches it, and nothing that comes after it happens."""


def kill_at(
    patch: pytest.MonkeyPatch,
    k: int,
    only: Sequence[str] = OPERATIONS,
    when: Callable[[str], bool] = lambda source: True,
) -> None:
    """Let the k-th of some operations (on what ``when`` says) not happen, and none of any kind after it."""
    count = 0
    dead = False

    def killing(name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            nonlocal count, dead
            if name in only and when(str(arguments[0])):
                dead = dead or count == k
                count += 1
            if dead:
                raise Killed
            return operation(*arguments, **options)

        return run

    for name in OF_THE_SYSTEM:
        patch.setattr(os, name, killing(name, getattr(os, name)))
    patch.setattr(files, "_exchange", killing("exchange", files._exchange))
