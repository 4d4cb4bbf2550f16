"""The benchmark cases in other tools, each in its own virtual environment."""

from benchmarks.peers._tools import NEEDS, TOOLS
from benchmarks.peers.run import run_peers

__all__ = ["NEEDS", "TOOLS", "run_peers"]
