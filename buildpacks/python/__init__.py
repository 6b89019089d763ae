"""The Python buildpack. Start reading at ``buildpack.py``."""
