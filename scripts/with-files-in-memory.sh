#!/usr/bin/env bash
# with-files-in-memory.sh COMMAND...: runs COMMAND with TMPDIR in memory, and ends with its status. Tests write thousands
# of files and throw them away, synchronised to the disk each time. They lie in a folder of /dev/shm, which is removed at
# the end, where the system has room for them and runs programs from there, and nobody set TMPDIR.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
has_room() {
  [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 4000000 ] &&
    [ "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)" -gt 8000000 ]
}
runs_programs() { printf '#!/bin/sh\n' >"$1/program" && chmod +x "$1/program" && "$1/program" 2>/dev/null; }
if [ -n "${TMPDIR:-}" ] || ! has_room || ! folder=$(mktemp -d /dev/shm/consilium-tests-XXXXXX); then exec "$@"; fi
trap 'rm -rf "$folder"' EXIT
if runs_programs "$folder"; then
  rm "$folder/program"
  chmod 1777 "$folder"
  export TMPDIR=$folder
fi
# Whoever stops this stops the command, and the folder goes when that has ended.
"$@" &
command=$!
trap 'kill -TERM "$command" 2>/dev/null || true' INT TERM HUP
status=0
wait "$command" || status=$?
while kill -0 "$command" 2>/dev/null; do
  status=0
  wait "$command" || status=$?
done
exit "$status"
