"""``python -m builder.cli`` is ``offramp``."""

from builder.cli.entry import main

main()
