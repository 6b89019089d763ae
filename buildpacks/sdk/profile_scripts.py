"""``.profile.d``: scripts that run before every process of the app, as a program the launcher asks for variables.

On Heroku, bash sources them and then starts the process. A launcher starts the process itself, so this program sources
them, compares the environment before and after, and hands the difference over as TOML. Functions and shell options
that a script defines do not outlive it. Facts: reference/heroku.md §1.1, §2.5.
"""

from __future__ import annotations

import shlex
from pathlib import Path

PROFILE_D = ".profile.d"
# Several buildpacks may bring this program: the first one sources all scripts, in the order of their names.
MARKER = "OFFRAMP_PROFILE_D"


def profile_program(app_dir: Path) -> str:
    """Give the program for ``exec.d``; it needs bash in the run image, as the scripts do."""
    return _PROGRAM.replace("@APP@", shlex.quote(str(app_dir))).replace("@MARKER@", MARKER)


def has_profile_scripts(app_dir: Path) -> bool:
    """Tell whether there is something to source."""
    return any((app_dir / PROFILE_D).glob("*.sh"))


_PROGRAM = r"""#!/bin/bash
# Sources the app's .profile.d/*.sh in the order of their names, and writes every variable they set or change to
# descriptor 3, as NAME = "value" (CNB exec.d).
[ "${@MARKER@:-}" = sourced ] && exit 0
__app=@APP@
cd "$__app" || exit 1

declare -A __before
for __name in $(compgen -e); do __before[$__name]=${!__name}; done
__home=${HOME-}
export HOME=$__app

__list() {
  local LC_ALL=C
  shopt -s nullglob
  __scripts=("$__app"/.profile.d/*.sh)
  shopt -u nullglob
}

# The text between the quotes of a TOML string; bytes, whatever the locale.
__escape() {
  local LC_ALL=C text=$1 code char escape slash='\' quote='"'
  text=${text//"$slash"/"$slash$slash"}
  text=${text//"$quote"/"$slash$quote"}
  if [[ $text == *[$'\x01'-$'\x1f'$'\x7f']* ]]; then
    for code in {1..31} 127; do
      printf -v char '\\x%02x' "$code"
      printf -v char "$char"
      printf -v escape '\\u%04X' "$code"
      text=${text//"$char"/"$escape"}
    done
  fi
  __escaped=$text
}

__is_text() {
  local LC_ALL=C
  [[ $1 != *[$'\x80'-$'\xff']* ]] || printf %s "$1" | iconv -f UTF-8 -t UTF-8 > /dev/null 2>&1
}

# Also when a script ends the shell: what was set until then counts, and its status ends the launch.
__tell() {
  local status=$? name
  set +eu
  IFS=$' \t\n'
  export HOME=$__home @MARKER@=sourced
  for name in $(compgen -e); do
    case $name in _ | SHLVL | PWD | OLDPWD | HOME) continue ;; esac
    if [ -n "${__before[$name]+set}" ] && [ "${__before[$name]}" = "${!name}" ]; then continue; fi
    if ! __is_text "${!name}"; then
      echo "Leaving out $name, which .profile.d sets to something that is not UTF-8" >&2
      continue
    fi
    __escape "${!name}"
    printf '%s = "%s"\n' "$name" "$__escaped" >&3
  done
  exit "$status"
}

__list
trap __tell EXIT
for __script in "${__scripts[@]}"; do
  # Without descriptor 3: what a script leaves running must not keep the launcher waiting.
  . "$__script" 3>&-
done
# The last script's own status does not matter, as on Heroku.
true
"""
