"""Base images: declared in a ``stack.toml``, made from Debian packages on first use, kept in the local store."""
