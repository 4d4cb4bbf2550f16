"""A sweep's plan as bytes, for other processes, with frames of some size apart: each is there once for all of them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from barter_bt.errors import StrategyError
from barter_bt.research.runs import Runs

_SMALL = 1 << 16  # bytes of a frame that is not worth it


class Packed(NamedTuple):
    """A plan.

    Attributes
    ----------
    content
        The pickled plan, in which frames of some size are numbers.
    frames
        Those frames, each once.
    """

    content: bytes
    frames: list[pl.DataFrame]


def packed(plan: Runs, pickler: type[pickle.Pickler] = pickle.Pickler) -> Packed:
    """Pack a plan.

    Raises
    ------
    StrategyError
        Its simulation or its strategy cannot be pickled.
    """
    frames: list[pl.DataFrame] = []
    numbers: dict[int, int] = {}

    class Packer(pickler):  # type: ignore[misc, valid-type] # the base is Python's, or Ray's
        def persistent_id(self, value: Any) -> int | None:
            if not isinstance(value, pl.DataFrame) or value.estimated_size() < _SMALL:
                return None
            if id(value) not in numbers:
                numbers[id(value)] = len(frames)
                frames.append(value)
            return numbers[id(value)]

    content = io.BytesIO()
    try:
        Packer(content, protocol=pickle.HIGHEST_PROTOCOL).dump(plan)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise StrategyError(
            f"other processes cannot be given the sweep: {error}",
            "define strategy and simulation in a module, not in a function or a notebook; or executor='threads'",
        ) from error
    return Packed(content.getvalue(), frames)


def unpacked(content: bytes, frames: Sequence[pl.DataFrame]) -> Runs:
    """The plan again."""

    class Unpacker(pickle.Unpickler):
        def persistent_load(self, number: Any) -> pl.DataFrame:
            frame: pl.DataFrame = frames[number]
            return frame

    plan: Runs = Unpacker(io.BytesIO(content)).load()
    return plan


def others(part: Runs, plan: Runs) -> tuple[pl.DataFrame | None, int]:
    """What a worker that has the plan must be told to run a part: its sets where they are others, and the first."""
    return None if part.sets is plan.sets else part.sets, part.first


def write(plan: Packed, folder: Path) -> None:
    """Write a plan, and its frames as files of Arrow."""
    for number, frame in enumerate(plan.frames):
        frame.write_ipc(folder / f"{number:06}.arrow", compression="uncompressed")
    (folder / "plan").write_bytes(plan.content)


def read(folder: Path) -> Runs:
    """Read a plan; frames are mapped into memory, not copied."""
    import pyarrow as pa

    frames = [
        pl.DataFrame(pa.ipc.open_file(pa.memory_map(str(file))).read_all()) for file in sorted(folder.glob("*.arrow"))
    ]
    return unpacked((folder / "plan").read_bytes(), frames)
