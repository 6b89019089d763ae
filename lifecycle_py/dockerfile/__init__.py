"""Dockerfiles of image extensions: read, checked and computed. Pure; who runs them is ``extender``.

Facts: docs.docker.com "Dockerfile reference"; spec: image_extension.md "Dockerfile Requirements".
"""
