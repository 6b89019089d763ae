"""The documents of the CNB specification as plain data: one module per document, standard library only.

Values are frozen dataclasses. ``from_toml``/``parse_*`` bring a document in, ``to_toml`` takes it out, and a round
trip gives an equal value. Nothing here touches a process or a network; files are read and written in ``toml_file``.
"""
