"""The Go buildpack. Start reading at ``buildpack.py``."""
