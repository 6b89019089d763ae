"""The layers the Go buildpack writes, a file for each."""
