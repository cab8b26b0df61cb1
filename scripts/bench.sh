#!/usr/bin/env bash
# Runs every bench of every package, one after the other; each prints JSON lines. BENCH=name runs one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
for bench in */dist/bench/*.js; do
  case "$bench" in *"${BENCH:-}"*) ;; *) continue ;; esac
  echo "# ${bench/dist\//}" >&2
  node "$bench"
done
