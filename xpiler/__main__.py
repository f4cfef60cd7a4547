"""`python -m xpiler`."""

from xpiler.cli.main import main

main()
