"""The Cloud Native Buildpacks lifecycle: analyze, detect, restore, build, export, rebase, launch."""
