"""Who is told of a session, as a configuration file says it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from barter_bt.backtest.config import load
from barter_bt.cli.watching import behind_after, stale_after, watched
from barter_bt.errors import ConfigError
from tests.cli.test_paper_market import CONFIG

MINUTE = 60 * 10**9


def written(folder: Path, section: str) -> Path:
    (folder / "paper.toml").write_text(CONFIG + section)
    return folder / "paper.toml"


@pytest.mark.parametrize(
    ("section", "streams", "expected"),
    [
        ("", ["trades", "quotes"], MINUTE),
        ("", ["trades", "1h"], MINUTE),
        ("", ["1h", "5m"], 10 * MINUTE),
        ("", ["1s"], MINUTE),
        ('[alerts]\nstale = "5s"\n', ["1h"], "5s"),
    ],
)
def test_how_long_an_instrument_may_be_silent(
    tmp_path: Path, section: str, streams: list[str], expected: object
) -> None:
    assert stale_after(load(written(tmp_path, section)), streams) == expected


@pytest.mark.parametrize(("section", "expected"), [("", "5s"), ('[alerts]\nbehind = "20s"\n', "20s")])
def test_how_long_its_events_may_wait(tmp_path: Path, section: str, expected: str) -> None:
    assert behind_after(load(written(tmp_path, section))) == expected


def test_kinds_without_a_webhook_have_no_effect(tmp_path: Path) -> None:
    config = written(tmp_path, '[alerts]\nkinds = ["stale"]\n')

    async def enter() -> None:
        async with watched(config, None, None):
            pass

    with pytest.raises(ConfigError, match="alerts.kinds has no effect without a webhook"):
        asyncio.run(enter())
