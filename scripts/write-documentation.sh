#!/usr/bin/env bash
# Writes the generated pages of docs/reference/ from the code. Needs compiled code: make build.
set -euo pipefail
cd "$(dirname "$0")/.."
node packages/process-start/require-node.js
for package in packages/command-line chaincode gateway packages/client trainer; do
  node "$package/dist/src/documentation/write-documentation.js"
done
node scripts/dist/write-api-reference.js
