"""The Procfile buildpack. Start reading at ``buildpack.py``."""
