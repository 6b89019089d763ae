"""Offramp, the platform: base images, builds, the local image store, and the translation to Kubernetes."""
