"""What an exchange has said, as it said it: kept beside the recording of a session, in ``raw/``.

The files are those of a recording (:mod:`barter_bt.live.parts`), a row for each message.

==============  =======================================================================================================
column          of each message
==============  =======================================================================================================
``time``        when it arrived: the system's clock
``connection``  number of the socket that it came over, from 0; null of an answer to a request
``adapter``     whose it is: ``market`` or ``account``
``source``      address of the socket, or the request, without keys and signatures
``kind``        ``text``: a message; ``answer`` to a request; ``failed``: a request, and why; ``lost``: the link, and
                why; ``given_up``: so many messages and losses before it, because the reader was too slow
``raw``         the text
==============  =======================================================================================================

Keys, signatures and listen keys are never in it: what is asked for is kept without them, and where they come in a text,
``***`` stands in their place.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.files import replacing
from barter_bt.live.parts import Layout, Parts, read_parts
from barter_bt.version import VERSION

FORMAT, HEAD = "barter_bt raw 1", "raw.json"
LAYOUT = Layout(
    {
        "time": pl.Int64,
        "connection": pl.Int64,
        "adapter": pl.String,
        "source": pl.String,
        "kind": pl.String,
        "raw": pl.String,
    },
    ("time",),
)
_SECRET = re.compile(r"""(signature|listenKey|apiKey)(=|"\s*:\s*")[^&\s'"]*""")


class RawRecorder(Parts):
    """Keeps messages; a :class:`~barter_bt.live.Recorder` has one where it was asked for.

    Parameters
    ----------
    directory
        Where.
    rows_per_part
        Messages of a Parquet file.
    """

    def __init__(self, directory: Path, rows_per_part: int = 10_000) -> None:
        super().__init__(directory, LAYOUT, rows_per_part)
        self._secrets: list[str] = []
        self._connections = 0

    def begin(self) -> None:
        """Start, behind what is there.

        Raises
        ------
        ConfigError
            Its directory cannot be made.
        """
        self._make()
        if (self.directory / HEAD).exists():
            told = read_raw(self.directory.parent)
            self._connections = 1 + max(told["connection"].drop_nulls().to_list(), default=-1)
            self._go_on_behind(read_parts(self.directory, LAYOUT))
        with replacing(self.directory / HEAD) as file:
            file.write_text(json.dumps({"format": FORMAT, "version": VERSION}, indent=1))
        self._open()

    def hide(self, *secrets: str) -> None:
        """Never write these down."""
        self._secrets += secrets

    def connect(self) -> int:
        """Number of a new socket."""
        self._connections += 1
        return self._connections - 1

    def saw(self, time: int, connection: int | None, adapter: str, source: str, kind: str, raw: str) -> None:
        """Write a message down, as it arrives."""
        if self._journal is not None:  # what comes behind the end has nobody who processes it
            self._make_room()
            self._write([(time, connection, adapter, self._clean(source), kind, self._clean(raw))])

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRET.sub(r"\1\2***", text)

    def close(self) -> None:
        """Write the last part."""
        if self._journal is not None:
            self._put_part(last=True)


class Tap:
    """What an adapter tells a recorder of raw messages, if there is one.

    Parameters
    ----------
    recorder
        Keeps them.
    adapter
        Whose they are: ``"market"`` or ``"account"``.
    """

    def __init__(self, recorder: RawRecorder | None, adapter: str) -> None:
        self._recorder, self._adapter = recorder, adapter

    def connect(self) -> int | None:
        """Number of a new socket."""
        return self._recorder.connect() if self._recorder else None

    def hide(self, *secrets: str) -> None:
        """Never write these down."""
        if self._recorder:
            self._recorder.hide(*secrets)

    def saw(self, time: int, source: str, kind: str, raw: str, connection: int | None = None) -> None:
        """A message."""
        if self._recorder:
            self._recorder.saw(time, connection, self._adapter, source, kind, raw)


NO_TAP = Tap(None, "")


def read_raw(directory: str | Path) -> pl.DataFrame:
    """Read the raw messages of a recorded session.

    Parameters
    ----------
    directory
        Of the session, which was recorded with ``raw=True`` (``--raw``).

    Returns
    -------
    DataFrame
        A row for each message, in order of arrival; columns as in :mod:`barter_bt.live.raw`.

    Raises
    ------
    ConfigError
        There are none, or they are of another format.
    DataError
        A part is missing or damaged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     recorder = RawRecorder(Path(folder, "raw"))
    ...     recorder.begin()
    ...     recorder.saw(10**18, recorder.connect(), "market", "wss://x/stream", "text", '{"p":"1"}')
    ...     recorder.close()
    ...     read_raw(folder).select("connection", "kind", "raw").row(0)
    (0, 'text', '{"p":"1"}')
    """
    place = Path(directory) / "raw"
    try:
        told = json.loads((place / HEAD).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{directory} has no raw messages: {HEAD} cannot be read ({error})", "record with --raw, or raw=True"
        ) from None
    if told.get("format") != FORMAT:
        raise ConfigError(f"{place} is of format {told.get('format')!r}; this is {FORMAT!r}")
    return pl.concat([LAYOUT.frame(), *read_parts(place, LAYOUT)])
