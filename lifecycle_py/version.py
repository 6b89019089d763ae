"""The version of this project, and nothing else: start-up reads it before anything is imported."""

__version__ = "0.1.0"
