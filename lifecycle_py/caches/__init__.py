"""What one build leaves for the next: layers with their metadata, and the trees they were unpacked to."""
