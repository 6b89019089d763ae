"""The Node.js buildpack. Start reading at ``buildpack.py``."""
