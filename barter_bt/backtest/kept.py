"""Chunks of a stream in memory, kept for later runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from barter_bt.data import Chunk, Stream


class KeptChunks:
    """The chunks of one stream, for any number of readers, also at once.

    A frame in memory is turned into chunks by its first reader, who lets them go, and by its second, who keeps them
    for those after: one run needs no more memory than its data, many runs read it as columns that are there. Files are
    read anew each time, so that memory does not grow with them.

    Parameters
    ----------
    stream
        The stream.
    codes
        Instrument name to index.
    extra
        The user's own columns that are read as well.
    """

    def __init__(self, stream: Stream, codes: Mapping[str, int], extra: Sequence[str] = ()) -> None:
        self._stream, self._codes, self._extra = stream, codes, extra
        self._is_first = True
        self._kept: list[Chunk] | None = None

    def __iter__(self) -> Iterator[Chunk]:
        if self._kept is not None:
            return iter(self._kept)
        if self._is_first or not self._stream.is_in_memory:
            self._is_first = False
            return self._stream.chunks(self._codes, extra=self._extra)
        return self._keeping()

    def _keeping(self) -> Iterator[Chunk]:
        read = []
        for chunk in self._stream.chunks(self._codes, extra=self._extra):
            read.append(chunk)
            yield chunk
        self._kept = read
