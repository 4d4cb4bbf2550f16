"""Where a configuration stands: what lies beside it, and its name and key in front of every complaint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from barter_bt.errors import BarterBtError, ConfigError, nearest

BESIDE = "paths are relative to the configuration file"


class Place:
    """One configuration file.

    Parameters
    ----------
    file
        Its path; paths in it are relative to its directory.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def existing(self, key: str, file: str) -> Path:
        """A file beside the configuration's own.

        Raises
        ------
        ConfigError
            It does not exist.
        """
        path = self.file.parent / file
        if not path.is_file():
            self.fail(key, f"{path} does not exist", BESIDE)
        return path

    def make(self, key: str, kind: Callable[..., Any], values: Mapping[str, Any], *first: object) -> Any:
        """Call ``kind``, and put the file and key in front of what it complains about.

        Raises
        ------
        BarterBtError
            What it complains about.
        """
        try:
            return kind(*first, **values)
        except BarterBtError as error:
            raise type(error)(f"{self.file}: {key}: {error.message}", error.hint) from error

    def duration(self, key: str, value: str | int) -> int:
        """A length of time in ns."""
        from barter_bt.data.duration import duration_ns

        return duration_ns(value, f"{self.file}: {key}")

    def instant(self, key: str, text: str) -> datetime:
        """A time with a zone.

        Raises
        ------
        ConfigError
            It is none.
        """
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(key, f"{text!r} is not a time", "write 2024-01-01T00:00:00Z")
        if moment.tzinfo is None:
            self.fail(key, f"{text!r} has no time zone", "write 2024-01-01T00:00:00Z, or +01:00 instead of Z")
        return moment

    def unknown(self, key: str, name: str, known: Mapping[str, Any] | list[str]) -> NoReturn:
        """Raise a ConfigError for a name that is not known, with the nearest that is."""
        guess = nearest(name, known)
        hint = f"did you mean {guess!r}?" if guess else None
        self.fail(key, f"{name!r} is not known; known: {', '.join(known) or 'none'}", hint)

    def fail(self, key: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise a ConfigError."""
        raise ConfigError(f"{self.file}: {key}: {message}", hint)
