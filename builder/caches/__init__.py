"""What Offramp keeps on a host between builds: listing it, and keeping it within a size."""
