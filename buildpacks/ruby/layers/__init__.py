"""The layers the Ruby buildpack writes, a file for each."""
