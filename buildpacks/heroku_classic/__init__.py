"""Classic buildpacks of Heroku, run as cloud native ones. Start reading at ``buildpack.py``."""
