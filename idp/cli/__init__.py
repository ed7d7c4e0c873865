"""The command line: one module per noun, imported only when its command is called.

Exit codes: 0 done, 1 refused with a reason, 2 wrong usage. Data goes to standard output, everything else to standard error.
"""

from idp.cli.root import app, main

__all__ = ["app", "main"]
