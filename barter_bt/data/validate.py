"""Find what is wrong with the rows of a stream: all of it for a report, or the first for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from barter_bt.data.chunk import Chunk
from barter_bt.data.doubts import doubts
from barter_bt.data.one_look import OneLook, has_many_candles
from barter_bt.data.orders import ORDER_FAULTS
from barter_bt.data.own import own_values
from barter_bt.data.piece import Piece
from barter_bt.data.report import Report
from barter_bt.data.rows import Rows, chunk_of
from barter_bt.data.scan import Scan
from barter_bt.data.schema import BOOKS, SCHEMAS
from barter_bt.data.sound import is_sound
from barter_bt.errors import ConfigError


def check(stream: Rows, codes: Mapping[str, int] | None = None) -> Report:
    """Check every row of a stream.

    Parameters
    ----------
    stream
        What to check; it is read once, piece by piece.
    codes
        The declared instruments; without it any name is allowed.

    Returns
    -------
    Report
        Errors (a run refuses them) and warnings, each with the number of rows and the first of them.

    Examples
    --------
    >>> import polars as pl
    >>> from barter_bt.data import generate, trades
    >>> frame = generate.trades(3).with_columns(price=pl.Series([100.0, -1.0, float("nan")]))
    >>> [(finding.code, finding.rows) for finding in check(trades(frame)).errors]
    [('not_positive', (1,)), ('not_finite', (2,))]
    """
    from barter_bt.data.continuity import breaks
    from barter_bt.data.gaps import gaps

    if not hasattr(stream, "pieces"):
        raise ConfigError(
            f"data.check takes a stream, and this is a {type(stream).__name__}",
            "say what its rows are: data.check(data.trades(...)), or data.quotes, data.candles, data.book",
        )
    scan = Scan(stream, codes)
    for piece in stream.pieces():
        scan.add(piece)
    report = scan.report()
    broken = list(breaks(stream)) if stream.kind in BOOKS and not report.errors else []
    bad = tuple(finding for finding in broken if finding.code in ORDER_FAULTS)
    odd = [finding for finding in broken if finding.code not in ORDER_FAULTS]
    return Report(report.errors + bad, (*report.warnings, *doubts(stream), *gaps(stream), *odd))


class Guard:
    """The same checks for a run, which reads piece by piece and wants no warnings of rows.

    Parameters
    ----------
    stream
        What the run reads.
    codes
        The declared instruments.

    Attributes
    ----------
    vouches
        Whether all pieces so far are :attr:`~barter_bt.data.chunk.Chunk.sound`.
    """

    def __init__(self, stream: Rows, codes: Mapping[str, int]) -> None:
        self._stream, self._codes = stream, codes
        self._scan = Scan(stream, codes)
        alone = len(stream.instruments) == 1
        self._look = OneLook(codes, alone=alone) if has_many_candles(stream) else None
        self.vouches = stream.kind == "candles"

    @property
    def vouches_for_no_gaps(self) -> bool:
        """Whether the candles that it has seen have no gaps for certain."""
        return self._look is not None and self._look.gapless

    def inspect(self, piece: Piece, chunk: Chunk) -> None:
        """Raise what :func:`check` finds, if this piece, after those before it, has an error."""
        chunk.sound = self._is_sound(piece, chunk) and self._stream.kind == "candles"
        self.vouches &= chunk.sound

    def _is_sound(self, piece: Piece, chunk: Chunk) -> bool:
        """Whether a quick look finds a piece good; if not, it is looked at thoroughly, and may still be."""
        if self._look:
            if self._look.finds_sound(chunk.columns):
                return True
            check(self._stream, self._codes).raise_if_errors()
            return False
        code = chunk.columns["instrument"]
        history = self._scan.history
        closed = history.closed_before(code, chunk.columns["time_exchange"]) if history.has_closes else None
        signed = self._stream.negative  # then the quick look, which wants prices above 0, vouches for nothing
        sound = not signed and is_sound(self._stream.kind, chunk.columns, history.last, closed)
        if not sound:
            self._scan.judge(piece, code, closed)
            if self._scan.has_errors:
                check(self._stream, self._codes).raise_if_errors()
        history.keep(piece.canonical, code)
        return sound


def chunks_of(
    stream: Rows, codes: Mapping[str, int], extra: Sequence[str] = (), guard: Guard | None = None
) -> Iterator[Chunk]:
    """Chunks of the rows as they are, nulls refused, with ``extra`` columns of the user's own; a guard sees each."""
    for piece in stream.pieces(extra):
        if any(series.null_count() for series in piece.canonical):
            check(stream, codes).raise_if_errors()
        chunk = chunk_of(stream, piece, codes)
        if guard:
            guard.inspect(piece, chunk)
        if extra:
            chunk.own = own_values(piece, list(extra))
        yield chunk


assert set(SCHEMAS) == {"trades", "quotes", "candles", *BOOKS}, "every kind has rules"
