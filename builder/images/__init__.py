"""Builders: which base images, buildpacks and order a build uses."""
