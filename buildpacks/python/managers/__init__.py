"""The package managers this buildpack drives: a file each, and ``base.py`` for what they have in common."""
