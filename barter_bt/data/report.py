"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.errors import DataError


@dataclass(frozen=True)
class Finding:
    """One kind of trouble in one column of one source.

    Parameters
    ----------
    code
        Short name, such as ``"not_positive"``, ``"time_back"``, ``"crossed"``.
    column
        The column, as the user calls it.
    count
        Number of bad rows.
    rows
        The first of them (at most five), counted from 0 in the source.
    message
        What is wrong, where, the first value, what is allowed.
    hint
        How to put it right.
    source
        File name or ``"<frame>"``.
    """

    code: str
    column: str
    count: int
    rows: tuple[int, ...]
    message: str
    hint: str
    source: str


@dataclass(frozen=True)
class Report:
    """Everything that a check found, in order of the first row.

    Parameters
    ----------
    errors
        What a run refuses.
    warnings
        What is odd and yet happens.

    Examples
    --------
    >>> str(Report((), ()))
    'no errors, no warnings'
    """

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    def __str__(self) -> str:
        found = [("error", finding) for finding in self.errors] + [("warning", finding) for finding in self.warnings]
        lines = [f"{what}: {one.message}" + (f"\n  Hint: {one.hint}" if one.hint else "") for what, one in found]
        return "\n".join(lines) or "no errors, no warnings"

    def raise_if_errors(self) -> None:
        """Raise a DataError for the first error; it counts the others."""
        if not self.errors:
            return
        first, *rest = self.errors
        more = "".join(f"\nalso: {finding.message}" for finding in rest[:4])
        more += f"\n... and {len(rest) - 4} more" if len(rest) > 4 else ""
        raise DataError(first.message + more, first.hint)
