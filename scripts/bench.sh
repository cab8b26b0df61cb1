#!/usr/bin/env bash
# Runs every bench of every package, one after the other; each prints JSON lines. BENCH=name runs one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
running=
# A signal that ends this script ends the bench that runs too, which stops what it started.
trap 'kill -TERM $running 2>/dev/null && wait $running; exit 143' TERM INT HUP
for bench in */dist/bench/*.js packages/*/dist/bench/*.js; do
  case "$bench" in *"${BENCH:-}"*) ;; *) continue ;; esac
  echo "# ${bench/dist\//}" >&2
  node "$bench" &
  running=$!
  wait "$running"
done
