"""The bash script that runs a Procfile command as Heroku does, and passes SIGTERM on to the app.

Heroku runs ``bash -c`` after sourcing ``.profile``, and sends SIGTERM to every process of the dyno. Kubernetes sends
it to the first process only, and that one ignores what it does not handle. So bash must not stay in between:

- a program, also after assignments and builtins such as ``cd``, takes bash's place by ``exec``;
- other lines (several programs, pipes, background and compound commands) run as a job of their own, and bash passes the
  signal on to the whole job.

The command itself is never changed otherwise: its text stands in the script as the author wrote it.
"""

from __future__ import annotations

PROFILE = ".profile"
_SOURCE_PROFILE = ". ./.profile\n"
# The job's shell waits for the program at hand, then ends; the outer one passes the signal on and waits for the job
# (wait ends early when a signal arrives, so it is repeated). Programs the job's shell did not wait for, as inside a
# pipe of groups, get up to 30 seconds, as on Heroku.
_SUPERVISE = """\
set -m
trap 'stopping=300; kill -TERM -- "-$job" 2>/dev/null' TERM INT
(
trap 'exit 143' TERM
{command}
) &
job=$!
set +m
while :; do wait "$job"; status=$?; kill -0 "$job" 2>/dev/null || break; done
while [ "${{stopping:-0}}" -gt 0 ] && kill -0 -- "-$job" 2>/dev/null; do stopping=$((stopping - 1)); sleep 0.1; done
exit "$status"
"""

# Words bash itself answers to: 'exec' would not find them, or they begin a compound command.
_NOT_PROGRAMS = frozenset(
    [
        "!",
        "[[",
        "{",
        "}",
        "(",
        ")",
        ".",
        ":",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "case",
        "cd",
        "command",
        "compgen",
        "complete",
        "continue",
        "coproc",
        "declare",
        "dirs",
        "disown",
        "do",
        "done",
        "elif",
        "else",
        "enable",
        "esac",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "fi",
        "for",
        "function",
        "getopts",
        "hash",
        "help",
        "history",
        "if",
        "in",
        "jobs",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "pushd",
        "read",
        "readarray",
        "readonly",
        "return",
        "select",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "then",
        "time",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "until",
        "wait",
        "while",
    ]
)
# Builtins that may stand before the program: they are done at once, so no signal is missed while they run.
_QUICK = frozenset({"cd", "echo", "export", "printf", "set", "test", "[", ":", "true", "umask", "ulimit", "unset"})


def shell_script(command: str, profile: str | None) -> str:
    """Give the script for ``bash -c``.

    Args:
        command: the command of a Procfile, or of a classic buildpack.
        profile: text of the app's ``.profile``, or None when it has none.
    """
    return (_SOURCE_PROFILE if profile is not None else "") + _handing_over(command, profile or "")


def _handing_over(command: str, profile: str) -> str:
    at = find_program(command)
    if at is None:
        return command if _execs_itself(command) else _SUPERVISE.format(command=command)
    program = command[at:].split(maxsplit=1)[0]
    if _is_function(program, profile):
        return _SUPERVISE.format(command=command)
    return f"{command[:at]}exec {command[at:]}"


def find_program(command: str) -> int | None:
    """Find where the one program of a command begins, or None when the command is not that simple.

    Conservative: whatever is not surely builtins and then a program, joined by ``&&``, ``||`` or ``;``, gives None.
    """
    starts = _command_starts(command)
    if starts is None:
        return None
    at = -1
    for start in starts:
        at = _skip_assignments(command, start)
        word = command[at : _end_of_word(command, at)]
        is_last = start == starts[-1]
        if not (_is_program(word) if is_last else word in _QUICK):
            return None
    return at


def _is_program(word: str) -> bool:
    return bool(word) and word not in _NOT_PROGRAMS and word[0] not in "<>&0123456789" and "=" not in word


def _command_starts(command: str) -> list[int] | None:
    """Give where each command of the list begins; None at anything but plain words, quotes and joiners."""
    starts, at = [0], 0
    while at < len(command):
        joiner = next((one for one in ("&&", "||", ";") if command.startswith(one, at)), "")
        if _begins_quoted(command, at):
            at = _end_of_quoted(command, at)
        elif command.startswith((">&", "<&", "&>"), at):
            at += 2
        elif command.startswith((";;", "<<"), at) or _begins_comment(command, at):
            return None
        elif joiner:
            at += len(joiner)
            starts.append(at)
        elif command[at] in "|&(){}\n":
            return None
        else:
            at += 1
    if at > len(command):  # a quote that never ends: bash will say so
        return None
    return starts if command[starts[-1] :].strip() else None


def _begins_quoted(text: str, at: int) -> bool:
    return text[at] in "'\"\\`" or text.startswith(("$(", "${"), at)


def _begins_comment(text: str, at: int) -> bool:
    return text[at] == "#" and (at == 0 or text[at - 1] in " \t;")


def _end_of_quoted(text: str, at: int) -> int:
    """Give the index after the quote, escape or substitution at ``at``; beyond the end when it is not closed."""
    if text[at] == "\\":
        return at + 2
    if text[at] == "'":
        return _after(text, "'", at + 1)
    if text[at] == "$":
        closing = ")" if text[at + 1] == "(" else "}"
        return _end_of_nested(text, at + 2, closing)
    return _end_of_nested(text, at + 1, text[at])


def _end_of_nested(text: str, at: int, closing: str) -> int:
    while at < len(text):
        if text[at] == closing:
            return at + 1
        if _begins_quoted(text, at) and not (closing == '"' and text[at] == "'"):
            at = _end_of_quoted(text, at)
        elif closing == ")" and text[at] == "(":
            at = _end_of_nested(text, at + 1, ")")
        else:
            at += 1
    return len(text) + 1


def _after(text: str, closing: str, at: int) -> int:
    found = text.find(closing, at)
    return len(text) + 1 if found == -1 else found + 1


def _skip_assignments(command: str, at: int) -> int:
    while True:
        while at < len(command) and command[at] in " \t":
            at += 1
        end = _end_of_word(command, at)
        name, equals, _ = command[at:end].partition("=")
        if not (equals and name.isidentifier() and name.isascii()):
            return at
        at = end


def _end_of_word(command: str, at: int) -> int:
    while at < len(command) and command[at] not in " \t;&|<>":
        at = _end_of_quoted(command, at) if _begins_quoted(command, at) else at + 1
    return min(at, len(command))


def _execs_itself(command: str) -> bool:
    starts = _command_starts(command)
    return starts is not None and command[starts[-1] :].split(maxsplit=1)[0] == "exec"


def _is_function(word: str, profile: str) -> bool:
    squeezed = "".join(profile.split(" "))
    return f"{word}()" in squeezed or f"function{word}" in squeezed
