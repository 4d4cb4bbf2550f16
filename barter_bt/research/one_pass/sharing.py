"""In which order sets are run, so that the columns they share are computed as seldom as memory allows.

What is kept are the columns used last. Of two averages, of which a grid has every pair, some of the one are held while
all of the other pass by: 16 columns hold 12 of a hundred, so that each of the other hundred is computed nine times.
Row by row each would be computed a hundred times, and tiles as long as they are wide would have each of both 13 times.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

_PASSING: Final = 4  # columns of those that pass by: this one and the last, for workers that are not equally far


def order_of_sharing(parts: Sequence[Sequence[Hashable]], room: int) -> list[int]:
    """Numbers of sets in the order in which to run them; those that use the same columns stay as they are.

    Parameters
    ----------
    parts
        For each set the columns that it is made of; the first are alternatives to each other, and so on.
    room
        How many columns can be kept.

    Examples
    --------
    >>> grid = [(fast, slow) for fast in "abcdef" for slow in "uvwxyz"]
    >>> order = order_of_sharing(grid, room=7)
    >>> ["".join(grid[number]) for number in order[:9]]
    ['au', 'av', 'aw', 'bu', 'bv', 'bw', 'cu', 'cv', 'cw']
    """
    width = max(map(len, parts), default=0)
    ranks: list[dict[Hashable, int]] = [{} for _ in range(width)]
    for each in parts:
        for known, part in zip(ranks, each, strict=False):
            known.setdefault(part, len(known))
    passing, *held = sorted(range(width), key=lambda place: -len(ranks[place])) or [0]
    left, lengths = max(room - _PASSING, 1), {}
    for number, place in enumerate(reversed(held)):  # what there are few of first: it may be there as a whole
        lengths[place] = max(min(len(ranks[place]), left // (len(held) - number)), 1)
        left -= lengths[place]

    def key(number: int) -> tuple[int, ...]:
        own = [known.get(part, 0) for known, part in zip(ranks, parts[number], strict=False)]
        own += [0] * (width - len(own))
        return (*(own[place] // length for place, length in lengths.items()), own[passing] if own else 0)

    return sorted(range(len(parts)), key=key)
