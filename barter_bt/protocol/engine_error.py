"""Errors of the engine: those that end a run, and the one that does not."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from barter_bt.protocol.shape import Tag, Variant


class ExchangeIndexError(Variant, frozen=True):
    """An exchange is not in the index.

    Parameters
    ----------
    message
        Which.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(ExchangeIndexError("7"))
    '{"ExchangeIndex":"7"}'
    """

    TAG = "ExchangeIndex"

    message: str


class AssetIndexError(Variant, frozen=True):
    """An asset is not in the index.

    Parameters
    ----------
    message
        Which.

    Examples
    --------
    >>> AssetIndexError("btc").message
    'btc'
    """

    TAG = "AssetIndex"

    message: str


class InstrumentIndexError(Variant, frozen=True):
    """An instrument is not in the index.

    Parameters
    ----------
    message
        Which.

    Examples
    --------
    >>> InstrumentIndexError("btc_usdt").message
    'btc_usdt'
    """

    TAG = "InstrumentIndex"

    message: str


class ExecutionChannelUnhealthy(Variant, frozen=True):
    """A request could not be sent; another may.

    Parameters
    ----------
    message
        Why.

    Examples
    --------
    >>> from barter_bt.protocol import EngineError, to_json
    >>> to_json(ExecutionChannelUnhealthy("full"), EngineError)
    '{"Recoverable":{"ExecutionChannelUnhealthy":"full"}}'
    """

    message: str


class ExecutionChannelTerminated(Variant, frozen=True):
    """No request can be sent any more.

    Parameters
    ----------
    message
        Why.

    Examples
    --------
    >>> is_unrecoverable(ExecutionChannelTerminated("gone"))
    True
    """

    message: str


class Custom(Variant, frozen=True):
    """Anything else that ends a run.

    Parameters
    ----------
    message
        What.

    Examples
    --------
    >>> Custom("no more").message
    'no more'
    """

    message: str


IndexingError: TypeAlias = ExchangeIndexError | AssetIndexError | InstrumentIndexError
"""Something is not in the index (``IndexError`` in Barter)."""
RecoverableEngineError: TypeAlias = ExecutionChannelUnhealthy
"""After which the engine goes on."""
UnrecoverableEngineError: TypeAlias = Annotated[IndexingError, Tag("IndexError")] | ExecutionChannelTerminated | Custom
"""Which end a run."""
EngineError: TypeAlias = (
    Annotated[RecoverableEngineError, Tag("Recoverable")] | Annotated[UnrecoverableEngineError, Tag("Unrecoverable")]
)
"""Errors of the engine: those that end a run, and the one that does not."""


def is_unrecoverable(error: EngineError) -> bool:
    """Whether an error ends the run.

    Parameters
    ----------
    error
        The engine's error.

    Examples
    --------
    >>> is_unrecoverable(Custom("no more")), is_unrecoverable(ExecutionChannelUnhealthy("full"))
    (True, False)
    """
    return not isinstance(error, ExecutionChannelUnhealthy)
