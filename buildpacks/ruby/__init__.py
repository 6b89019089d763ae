"""The Ruby buildpack. Start reading at ``buildpack.py``."""
