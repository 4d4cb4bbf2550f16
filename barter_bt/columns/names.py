"""Names in columns: what was said outside is kept for ever, and no Python object is kept for it.

A session goes on for months, and of each of its orders the ids must be known for as long: a report may be late, and no
client id may be used twice. A name takes its bytes and some 30 more.
"""

from __future__ import annotations

from array import array
from zlib import crc32

NO_NAME = -1
_FEWEST = 16  # slots: a power of two, of which at most half are taken


class Names:
    """Texts, each once in its group, with a number: what a dict by ``(group, text)`` would hold.

    Where a name stands is its *entry*, which never changes, so that columns can hold names. It is found by open
    addressing.

    Examples
    --------
    >>> names = Names()
    >>> names.set("bt-0", 7)
    >>> names.set("bt-0", 8, group=1)
    >>> names.get("bt-0"), names.get("bt-0", group=1), names.get("bt-1")
    (7, 8, None)
    >>> entry = names.entry("bt-1")
    >>> names[entry], len(names), names.items()
    ('bt-1', 3, [(0, 'bt-0', 7), (1, 'bt-0', 8)])
    """

    def __init__(self) -> None:
        self._bytes, self._ends = bytearray(), array("q")
        self._groups, self._numbers = array("i"), array("i")
        self._slots = array("i", [NO_NAME]) * _FEWEST

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, entry: int) -> str:
        begin = self._ends[entry - 1] if entry else 0
        return self._bytes[begin : self._ends[entry]].decode("utf-8", "surrogatepass")

    def entry(self, text: str, group: int = 0) -> int:
        """Where a name stands; a new one has no number."""
        slot = self._slot(text, group)
        entry = self._slots[slot]
        if entry == NO_NAME:
            entry = self._slots[slot] = len(self)
            self._bytes += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._bytes))
            self._groups.append(group)
            self._numbers.append(NO_NAME)
            if 2 * len(self) > len(self._slots):
                self._grow()
        return entry

    def find(self, text: str, group: int = 0) -> int:
        """Where a name stands, or ``NO_NAME``."""
        entry: int = self._slots[self._slot(text, group)]
        return entry

    def get(self, text: str, group: int = 0) -> int | None:
        """The number of a name, None if it has none."""
        entry = self.find(text, group)
        return None if entry == NO_NAME or self._numbers[entry] == NO_NAME else self._numbers[entry]

    def set(self, text: str, number: int, group: int = 0) -> None:
        """Give a name a number, from 0 on, in place of the one that it had."""
        self._numbers[self.entry(text, group)] = number

    def remove(self, text: str, group: int = 0) -> None:
        """Let a name have no number any more."""
        self._numbers[self.entry(text, group)] = NO_NAME

    def items(self) -> list[tuple[int, str, int]]:
        """Group, text and number of each that has one, in the order in which they came."""
        found = zip(self._groups, range(len(self)), self._numbers, strict=True)
        return [(group, self[entry], number) for group, entry, number in found if number != NO_NAME]

    def _slot(self, text: str, group: int) -> int:
        """The slot of a name, or the empty one in which it would stand."""
        last = len(self._slots) - 1
        slot = crc32(text.encode("utf-8", "surrogatepass"), group & 0xFFFFFFFF) & last
        while (entry := self._slots[slot]) != NO_NAME and (self._groups[entry], self[entry]) != (group, text):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        self._slots = array("i", [NO_NAME]) * (2 * len(self._slots))
        for entry, group in enumerate(self._groups):
            self._slots[self._slot(self[entry], group)] = entry
