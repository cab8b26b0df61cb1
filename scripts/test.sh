#!/usr/bin/env bash
# Runs every test of every package with node's own runner, or those that W=workspace and T=text ask for. Tests of
# compiled code run from dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
selection=$'*/dist/**/*.test.js\npackages/*/dist/**/*.test.js'
if [ -n "${W:-}${T:-}" ]; then selection=$(node scripts/dist/select-tests.js); fi
arguments=()
while IFS= read -r line; do arguments+=("$line"); done <<<"$selection"
exec node --test --test-concurrency=2 --test-timeout=300000 "${arguments[@]}" "$@"
