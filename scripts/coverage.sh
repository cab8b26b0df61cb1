#!/usr/bin/env bash
# Runs the tests of W=workspace (all of them where it is not set), and says how much of the sources they run. Writes
# out/coverage/lcov.info, which editors and other tools read. T=text runs some of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
workspace=$(node scripts/dist/select-tests.js --workspace)
selection=$(node scripts/dist/select-tests.js --one-by-one)
arguments=()
while IFS= read -r line; do arguments+=("$line"); done <<<"$selection"
mkdir -p out/coverage
status=0
node --enable-source-maps --test --test-concurrency=2 --experimental-test-coverage \
  --test-coverage-exclude='**/*.test.*' --test-coverage-exclude='**/testing/**' --test-coverage-exclude='**/fixtures/**' \
  --test-reporter=dot --test-reporter-destination=stdout \
  --test-reporter=lcov --test-reporter-destination=out/coverage/lcov.info "${arguments[@]}" || status=$?
node scripts/dist/coverage-summary.js out/coverage/lcov.info "$workspace"
exit "$status"
