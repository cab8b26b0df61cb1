#!/usr/bin/env bash
# What can be said about a change in seconds: types, style, and the house rules of tidy. No network, no services.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
style=$(mktemp)
trap 'rm -f "$style"' EXIT
status=0
node_modules/.bin/biome check . >"$style" 2>&1 &
styling=$!
scripts/compile.sh || status=1
wait "$styling" || status=1
cat "$style"
# Compiled before what did not compile, tidy still says what it finds.
node --test scripts/dist/tidy.test.js scripts/dist/imports.test.js || status=1
exit "$status"
