"""The lifecycle as platforms embed it: one program for all phases, the launcher, and ``lifecycle.toml``.

``pack`` takes flat files only, and a build image need have nothing but ``python3``; so the program is one file that
holds every module it imports, compiled for several Pythons, extension modules included.
"""
