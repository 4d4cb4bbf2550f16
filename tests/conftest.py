"""What holds for all tests."""

import os

# The tests run in several processes already: none of them may start others to compile for it.
os.environ.setdefault("BARTER_BT_COMPILE_JOBS", "0")
