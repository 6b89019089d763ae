"""How much memory a container has, for programs of ``exec.d``: shell that any of them begins with.

Language packs settle the number of processes by it where the app runs. The run image need not have a language, so it
is plain ``sh``; memory is read as cgroup v2 or v1 has it.
"""

from __future__ import annotations

CGROUPS = "/sys/fs/cgroup"


def memory_script(cgroups: str = CGROUPS) -> str:
    """Give lines of shell that set ``mebibytes``, to nothing where there is no limit. Wants ``set -u`` or not.

    Args:
        cgroups: where the kernel shows the container's limits; another place in tests.
    """
    return _SCRIPT.replace("@CGROUPS@", cgroups)


_SCRIPT = """\
mebibytes=
for file in @CGROUPS@/memory.max @CGROUPS@/memory/memory.limit_in_bytes; do
  if [ -r "$file" ]; then
    read -r bytes < "$file"
    # "max", and the huge number that cgroup v1 gives instead (here: from 1 TiB on), mean that there is no limit.
    case $bytes in
      '' | *[!0-9]*) ;;
      *) if [ "${#bytes}" -le 13 ] && [ "$bytes" -lt 1099511627776 ]; then
           mebibytes=$((bytes / 1048576))
         fi ;;
    esac
    break
  fi
done
"""
