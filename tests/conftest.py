"""What holds for all tests."""

import os

from hypothesis import settings

# The tests run in several processes already: none of them may start others to compile for it.
os.environ.setdefault("BARTER_BT_COMPILE_JOBS", "0")

# A busy machine is no fault of what is tested: no property has a deadline. The gate draws the same examples each time,
# so that it speaks of a change alone; `HYPOTHESIS_PROFILE=explore` draws new ones.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
