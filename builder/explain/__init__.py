"""Explanations: what a build decided and why, as a tree for people and as JSON. Pure functions over data."""
