"""How a session goes on where it was, and what has to be kept for that when it ends (rule 110)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from barter_bt.errors import ConfigError
from barter_bt.live.again import process_again
from barter_bt.live.arrival import Arrival
from barter_bt.live.protocols import KeepsState, Source
from barter_bt.live.recorder import Recorder
from barter_bt.live.recording import read_session
from barter_bt.live.session import Session


def resume(session: Session, sources: Sequence[Source], directory: Path, *, keeps_time: bool) -> None:
    """Go through all that a session has seen before, and behind its shutdown.

    Parameters
    ----------
    session
        One that has seen nothing.
    sources
        Those that ended with their program are loaded.
    directory
        Of the recording.
    keeps_time
        Whether no source is a replay, which would begin anew.

    Raises
    ------
    ConfigError
        It is no session that could go on.
    """
    kept = [source for source in sources if isinstance(source, KeepsState)]
    if not (keeps_time or kept):
        raise ConfigError("a replay cannot go on where it was", "start its session anew")
    told = read_session(directory)
    if process_again(session, told):
        session.engine.go_on()
    if session.engine.terminated:
        raise ConfigError(
            f"the session in {directory} was ended by an error", "record another one in another directory"
        )
    for source in kept:
        source.load(directory, told.arrival_count)


def keep(sources: Sequence[Source], recorder: Recorder, unheard: Sequence[Arrival]) -> None:
    """Write down beside the recording what ends with its program; the first such source takes what is unheard.

    Raises
    ------
    BarterBtError
        It cannot be written.
    """
    for source in sources:
        if isinstance(source, KeepsState):
            source.save(recorder.directory, recorder.arrival_count, unheard)
            unheard = []
