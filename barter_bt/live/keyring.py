"""Keys of an account out of the system's keyring (extra ``keyring``)."""

from __future__ import annotations

from collections.abc import Sequence

from barter_bt.errors import ConfigError, MissingPackageError


def from_keyring(service: str, names: Sequence[str], optional: Sequence[str] = ()) -> list[str | None]:
    """What a keyring holds of a service, by name.

    Parameters
    ----------
    service
        What it is called there.
    names
        What must be there.
    optional
        What may be there, behind those.

    Raises
    ------
    ConfigError
        Something is not there, or there is no keyring that can be read.
    MissingPackageError
        keyring is not installed.
    """
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]
        from keyring.errors import KeyringError  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        hint = 'pip install "barter-bt[keyring]"'
        raise MissingPackageError("reading the system's keyring needs keyring", hint) from error
    try:
        found = {name: keyring.get_password(service, name) for name in (*names, *optional)}
    except KeyringError as error:
        raise ConfigError(
            f"the system's keyring cannot be read: {type(error).__name__}: {error}",
            "it may be locked, or there is none on this machine: use the environment",
        ) from None
    if missing := [name for name in names if not found[name]]:
        raise ConfigError(
            f"the keyring has no {' and no '.join(missing)} of {service!r}",
            "; ".join(f"keyring set {service} {name}" for name in missing),
        )
    return list(found.values())
