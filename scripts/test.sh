#!/usr/bin/env bash
# Runs every test of every package with node's own runner, or those that W=workspace and T=text ask for. Tests of
# compiled code run from dist/, those that may share a process by programs in out/tests/.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
selection=$(node scripts/dist/select-tests.js)
arguments=()
while IFS= read -r line; do arguments+=("$line"); done <<<"$selection"
# What each process loads first, by its address.
preload() { export NODE_OPTIONS="${NODE_OPTIONS:-} --import=$1"; }
address() { node -p 'require("node:url").pathToFileURL(process.argv[1]).href' "scripts/dist/$1.js"; }
preload "$(address fail-on-uncaught)"
# Without the joined schema library everything runs too, and loads longer.
if joined=$(node scripts/dist/join-library.js); then preload "$joined"; fi
# Where a text is asked for, an error that nobody caught is of the test that it began in.
if [ -z "${T:-}" ]; then preload "$(address light-runner)"; fi
exec scripts/with-files-in-memory.sh node --test --test-concurrency=2 --test-timeout=300000 "${arguments[@]}" "$@"
