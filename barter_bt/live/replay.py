"""A recorded session, processed again."""

from __future__ import annotations

from pathlib import Path

from barter_bt.errors import EngineError
from barter_bt.live.again import process_again
from barter_bt.live.recording import RecordedSession, read_session
from barter_bt.live.run import LiveRun
from barter_bt.live.system import System


def replay(system: System, recording: str | Path | RecordedSession) -> LiveRun:
    """Process a recorded session once more: every event, the strategy's decisions included; nothing is sent.

    Parameters
    ----------
    system
        Made as that of the session was, with a strategy as it was then; it must not have been started.
    recording
        The session.

    Returns
    -------
    LiveRun
        Its digest is that of the session (rule 82).

    Raises
    ------
    ConfigError
        The system trades other instruments.
    EngineError
        The digest is another: the strategy, its parameters or the system's settings are not as they were.
    """
    told = recording if isinstance(recording, RecordedSession) else read_session(recording)
    session = system.session
    process_again(session, told)
    if told.digest is not None and told.digest != session.digest:
        raise EngineError(
            f"the replay of {told.directory} has digest {session.digest[:12]}, the session had {told.digest[:12]}",
            "make the system and its strategy as they were",
        )
    return session.run()
