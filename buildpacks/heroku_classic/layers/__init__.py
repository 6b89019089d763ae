"""The layers the classic buildpack adapter writes, a file for each."""
