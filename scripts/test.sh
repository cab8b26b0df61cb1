#!/usr/bin/env bash
# Runs every test of every package with node's own runner. Tests of compiled code run from dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
exec node --test --test-concurrency=2 --test-timeout=300000 '*/dist/**/*.test.js' \
  'packages/*/dist/**/*.test.js' "$@"
