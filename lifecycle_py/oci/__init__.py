"""OCI images: the values, their layer archives, and the stores they live in."""
