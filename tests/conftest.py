"""What holds for all tests."""

import os

from hypothesis import settings

# The tests run in several processes already: none of them may start others to compile for it.
os.environ.setdefault("BARTER_BT_COMPILE_JOBS", "0")

# A busy machine is no fault of what is tested: no property has a deadline.
settings.register_profile("barter_bt", deadline=None)
settings.load_profile("barter_bt")
