"""``python -m glmformula``: the same as the command ``glmformula``."""

from __future__ import annotations

import sys

from glmformula.shell.main import main

if __name__ == "__main__":
    sys.exit(main())
