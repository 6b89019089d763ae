"""What an image is made of and how it was made, as documents that other tools read: SBOMs and provenance."""
