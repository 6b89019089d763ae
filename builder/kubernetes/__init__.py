"""From an app image to the objects that run it: image → plan (platform-neutral) → Kubernetes objects → files."""
