#!/usr/bin/env bash
# Runs every fuzz program of every package, each for MINUTES (1); each prints JSON lines with counts. FUZZ=name runs one
# of them, SEED=number repeats one. Ends with 1 where any found something; the others run all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
running=
status=0
# A signal that ends this script ends the program that runs too.
trap 'kill -TERM $running 2>/dev/null && wait $running; exit 143' TERM INT HUP
for program in */dist/fuzz/*.js packages/*/dist/fuzz/*.js; do
  case "$program" in *.test.js) continue ;; *"${FUZZ:-}"*) ;; *) continue ;; esac
  echo "# ${program/dist\//}" >&2
  node "$program" --minutes "${MINUTES:-1}" ${SEED:+--seed "$SEED"} &
  running=$!
  wait "$running" || status=1
done
exit "$status"
