"""Where random choices come from: Hypothesis, which shrinks, or a seeded generator, for loops."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

T = TypeVar("T")


class Source(Protocol):
    """Where choices come from; the first choice is the simplest."""

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""

    def several(self, low: int, high: int) -> Iterable[int]:
        """Count up, that often."""


class Seeded:
    """Choices of a seeded generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.random.choice(options)

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)

    def several(self, low: int, high: int) -> Iterable[int]:
        """Count up, that often."""
        return range(self.integer(low, high))


class Drawn:
    """Choices of Hypothesis."""

    def __init__(self, draw: DrawFn) -> None:
        from hypothesis import strategies as st

        self.draw, self._st = draw, st

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.draw(self._st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.draw(self._st.integers(low, high))

    def several(self, low: int, high: int) -> Iterator[int]:
        """Count up, that often; whether there is one more is drawn each time, so that any of them can be left out."""
        number = 0
        while number < low or (number < high and self.draw(self._st.integers(0, high)) > 0):
            yield number
            number += 1


def chance(source: Source, percent: int) -> bool:
    """True in so many of a hundred; shrinks to False."""
    return source.integer(0, 99) >= 100 - percent
