#!/usr/bin/env bash
# Runs every fuzz program of every package, each for MINUTES (1), which prints JSON lines with counts; then the tests of
# properties, with RUNS (10) times as many runs as in `make test`. FUZZ=name runs what has it in its path, SEED=number
# repeats a run. Ends with 1 where any found something; the others run all the same. Ends with 2 where FUZZ names none.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
running=
ran=0
status=0
# A signal that ends this script ends the program that runs too.
trap 'kill -TERM $running 2>/dev/null && wait $running; exit 143' TERM INT HUP
run() {
  ran=1
  "$@" &
  running=$!
  wait "$running" || status=1
}
matches() { case "${1/dist\//}" in *"${FUZZ:-}"*) ;; *) return 1 ;; esac; }
for program in */dist/fuzz/*.js packages/*/dist/fuzz/*.js; do
  case "$program" in *.test.js) continue ;; esac
  matches "$program" || continue
  echo "# ${program/dist\//}" >&2
  run node "$program" --minutes "${MINUTES:-1}" ${SEED:+--seed "$SEED"}
done
properties=()
while IFS= read -r file; do
  if matches "$file"; then properties+=("$file"); fi
done < <(find ./*/dist packages/*/dist -name '*.test.js' -exec grep -l "from 'fast-check'" {} + | sort)
if [ "${#properties[@]}" != 0 ]; then
  echo "# ${#properties[@]} files of properties, ${RUNS:-10} times as many runs as in make test" >&2
  export PROPERTY_RUNS=${RUNS:-10}
  run node --test --test-concurrency=2 --import ./scripts/longer-properties.js "${properties[@]}"
fi
if [ "$ran" = 0 ]; then
  echo "Nothing to fuzz has \"${FUZZ:-}\" in its path: nothing was searched." >&2
  exit 2
fi
exit "$status"
