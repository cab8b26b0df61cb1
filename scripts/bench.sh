#!/usr/bin/env bash
# Runs every bench of every package, one after the other; each prints JSON lines. BENCH=name runs those that
# have it in their path, and ends with 2 where there is none.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
running=
ran=0
# A signal that ends this script ends the bench that runs too, which stops what it started.
trap 'kill -TERM $running 2>/dev/null && wait $running; exit 143' TERM INT HUP
for bench in */dist/bench/*.js gateway/console/dist/bench/*.js packages/*/dist/bench/*.js; do
  case "$bench" in *"${BENCH:-}"*) ;; *) continue ;; esac
  ran=1
  echo "# ${bench/dist\//}" >&2
  node "$bench" &
  running=$!
  wait "$running"
done
if [ "$ran" = 0 ]; then
  echo "No bench has \"${BENCH:-}\" in its path: nothing was measured." >&2
  exit 2
fi
