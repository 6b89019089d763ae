"""The apt buildpack. Start reading at ``buildpack.py``."""
