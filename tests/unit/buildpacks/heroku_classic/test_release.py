"""What ``bin/release`` prints."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from buildpacks.heroku_classic.errors import InvalidReleaseError
from buildpacks.heroku_classic.release import Release, parse_release


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Release()),
        ("--- {}\n", Release()),
        ("---\n...\n", Release()),
        ("addons: []\ndefault_process_types: {}\n", Release()),
        ("default_process_types:\n", Release()),
        (
            "---\naddons:\n  - heroku-postgresql:essential-0\n\ndefault_process_types:\n  web: npm start\n",
            Release(addons=("heroku-postgresql:essential-0",), process_types={"web": "npm start"}),
        ),
        ("addons:\n- a\n- 'b'\n", Release(addons=("a", "b"))),
        (
            "default_process_types:\n  web: bundle exec puma -p ${PORT:-5000} # the server\n  # no more\n",
            Release(process_types={"web": "bundle exec puma -p ${PORT:-5000}"}),
        ),
        (
            "default_process_types:\n    web: \"echo \\\"a: b\\\" # kept\"\n    rake: 'it''s'  # said\n",
            Release(process_types={"web": 'echo "a: b" # kept', "rake": "it's"}),
        ),
        ("config_vars:\n  PORT: 5000\n  'A B': x\n", Release(config_vars={"PORT": "5000", "A B": "x"})),
        ("something_new: 1\n", Release()),
        ('{"default_process_types": {"web": "serve: it"}}', Release(process_types={"web": "serve: it"})),
    ],
)
def test_forms_that_packs_print(text: str, expected: Release) -> None:
    """Heredocs, Ruby's to_yaml and JSON."""
    assert parse_release(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("default_process_types:\n  web: echo foo: bar\n", 2, "has to stand in quotes"),
        ("default_process_types:\n  web: |\n    serve\n", 2, "means something else"),
        ("default_process_types:\n  web: &a serve\n", 2, "means something else"),
        ("default_process_types:\n  web: [serve]\n", 2, "means something else"),
        ('default_process_types:\n  web: "serve\n', 2, "a quote is not closed"),
        ("default_process_types:\n  web: 'a' b\n", 2, "a quote is not closed"),
        ("default_process_types:\n  web: a\n   worker: b\n", 3, "indented differently"),
        ("default_process_types:\n\tweb: a\n", 2, "a tab"),
        ("  web: a\n", 1, "belongs to nothing"),
        ("just words\n", 1, "expected 'name: value'"),
        ("addons:\n- a\n  b: c\n", 3, "indented differently"),
        ("addons:\n  - a\n  b: c\n", 3, "a list and keys"),
        ("addons: x\n  b: c\n", 2, "has a value already"),
        ('{"a":', 1, ""),
    ],
)
def test_other_forms_are_refused_with_their_line(text: str, line: int, problem: str) -> None:
    """No guess starts a wrong process."""
    with pytest.raises(InvalidReleaseError) as raised:
        parse_release(text)

    assert raised.value.line == line
    assert problem in raised.value.problem


COMMANDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\x85"), max_size=40)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)


@given(st.dictionaries(NAMES, COMMANDS, max_size=4), st.dictionaries(NAMES, COMMANDS, max_size=4))
def test_reads_what_a_yaml_library_writes(types: dict[str, str], variables: dict[str, str]) -> None:
    """Whatever commands a library writes on one line each are read back as they were."""
    document = {"default_process_types": types, "config_vars": variables}
    text = yaml.safe_dump(document, allow_unicode=True, width=100_000, default_flow_style=False)
    release = parse_release(text)

    assert (release.process_types, release.config_vars) == (types, variables)


@given(st.dictionaries(NAMES, st.text(max_size=40), max_size=4))
def test_reads_json(types: dict[str, str]) -> None:
    """JSON is YAML, and some packs print it."""
    assert parse_release(json.dumps({"default_process_types": types})).process_types == types


@given(st.text(max_size=200))
def test_any_text_is_read_as_a_library_does_or_refused(text: str) -> None:
    """No text crashes the reader; where it finds processes, a YAML library finds the same."""
    try:
        release = parse_release(text)
    except InvalidReleaseError:
        return
    if release.process_types:
        document = yaml.safe_load(text)
        assert {str(key) for key in document["default_process_types"]} == set(release.process_types)
