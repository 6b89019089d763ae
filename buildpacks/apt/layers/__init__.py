"""The layers the apt buildpack writes, a file for each."""
