"""The version of this project, and nothing else: start-up reads it before anything is imported."""

__version__ = "0.1.0"

# The reference lifecycle with the same abilities. Platforms decide by the versions of lifecycle and launcher what these
# can do, so the versions we tell them begin with it. What follows is a pre-release and not build metadata ('+'), since
# an image's tag is made of it, too.
REFERENCE_VERSION = "0.21.17"
LIFECYCLE_VERSION = f"{REFERENCE_VERSION}-offramp.{__version__}"
