"""Keys out of the system's keyring, for Binance and for any other exchange."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from barter_bt.cli import main
from barter_bt.errors import ConfigError, MissingPackageError
from barter_bt.live.binance import Keys
from barter_bt.live.ccxt import Secrets
from tests.cli.test_paper_market import CONFIG, STRATEGY


class LockedError(Exception):
    """Of keyring's own."""


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Any]:
    """A keyring that holds what a test writes; an error is raised."""
    kept: dict[tuple[str, str], Any] = {}
    made: Any = ModuleType("keyring")
    errors: Any = ModuleType("keyring.errors")
    errors.KeyringError = LockedError

    def get_password(service: str, name: str) -> Any:
        found = kept.get((service, name))
        if isinstance(found, Exception):
            raise found
        return found

    made.get_password = get_password
    monkeypatch.setitem(sys.modules, "keyring", made)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return kept


def test_key_and_secret_are_those_of_a_service(ring: dict[tuple[str, str], Any]) -> None:
    ring |= {("b", "key"): "k", ("b", "secret"): "s"}
    assert Keys.from_keyring("b").key == "k"
    assert Keys.from_keyring("b").sign("symbol=LTCBTC")[:8] == "b3b01167"
    assert Secrets.from_keyring("b").config() == {"apiKey": "k", "secret": "s"}
    ring["b", "password"] = "p"
    assert Secrets.from_keyring("b").config()["password"] == "p"
    assert "s)" not in repr(Keys.from_keyring("b"))


@pytest.mark.parametrize("kind", [Keys, Secrets])
def test_what_is_missing_is_named(kind: Any, ring: dict[tuple[str, str], Any]) -> None:
    with pytest.raises(ConfigError, match="no key and no secret of 'b'\n.*keyring set b key; keyring set b secret"):
        kind.from_keyring("b")
    ring["b", "key"] = "k"
    with pytest.raises(ConfigError, match="no secret of 'b'"):
        kind.from_keyring("b")
    ring["b", "secret"] = LockedError("locked")
    with pytest.raises(ConfigError, match="cannot be read: LockedError: locked"):
        kind.from_keyring("b")


@pytest.mark.parametrize("kind", [Keys, Secrets])
def test_without_the_package_it_says_how_to_get_it(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingPackageError, match=r"needs keyring\n.*barter-bt\[keyring\]"):
        kind.from_keyring("b")


def test_the_command_line_takes_them(
    tmp_path: Path, ring: dict[tuple[str, str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """In place of the environment; a loopback has keys of its own."""
    (tmp_path / "once.py").write_text(STRATEGY)
    (tmp_path / "trades.csv").write_text("time_exchange,price,amount,side\n2024-01-01T00:00:00Z,1,1,buy\n")
    (tmp_path / "paper.toml").write_text(CONFIG)
    given = ["live", str(tmp_path / "paper.toml"), "--quiet", "--keyring", "mine"]
    for exchange in ("binance_spot", "ccxt:okx"):
        assert main([*given, "--exchange", exchange]) == 2
        assert "no key and no secret of 'mine'" in capsys.readouterr().err
    assert main([*given, "--network", "loopback"]) == 2
    assert "--keyring mine has no effect on --network loopback" in capsys.readouterr().err
