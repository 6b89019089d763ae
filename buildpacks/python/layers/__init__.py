"""The layers the Python buildpack writes, a file for each."""
