"""`python -m idp.cli` is the console script, for programs that start us by their own interpreter."""

from idp.cli import main

main()
