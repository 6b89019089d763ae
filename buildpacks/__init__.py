"""The language packs, and the SDK they are written in. Start reading at ``python/buildpack.py``."""
