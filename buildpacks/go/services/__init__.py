"""What an app's programs listen on, read from their source without running it; start at ``find.py``."""
