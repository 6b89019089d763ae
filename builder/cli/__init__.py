"""The ``offramp`` command: a file per subcommand, each parses, calls the library and prints the result."""
