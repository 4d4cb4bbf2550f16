"""How much the tests draw: little enough for a run of all of them, or as much as somebody has time for."""

import os


def draws(usual: int) -> int:
    """So many, or as many as ``BARTER_BT_FUZZ`` says: ``BARTER_BT_FUZZ=5000`` with the path of the tests to search."""
    return int(os.environ.get("BARTER_BT_FUZZ", usual))
