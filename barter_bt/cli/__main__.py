"""``python -m barter_bt.cli``."""

import sys

from barter_bt.cli import main

sys.exit(main())
