"""Which buildpacks build an app: who says so, in what words, and where the named ones come from."""
