#!/usr/bin/env bash
# Prints the folder of a Node.js 24 or newer: the system's where it is new enough, else one that is fetched once
# with npm into .tools/ (the npm packages node-<platform> carry the binary). node-24.lock says which version and
# which bytes: a tarball of any other digest is refused before it is unpacked. Needs any node and npm.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

if command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 24 ]; then
  dirname "$(command -v node)"
  exit 0
fi

platform="$(uname -s)-$(uname -m)"
read -r _ package version integrity < <(grep "^$platform " "$root/scripts/node-24.lock") || {
  echo "No Node.js 24 package for $platform: install Node.js 24 or newer yourself." >&2
  exit 1
}

folder="$root/.tools/$package-$version"
if [ ! -x "$folder/bin/node" ]; then
  command -v npm >/dev/null || { echo "Node.js 24 or newer is needed, or an older one with npm to fetch it." >&2; exit 1; }
  echo "Fetching Node.js $version into .tools/ (this machine's own is older)…" >&2
  mkdir -p "$root/.tools"
  fetched=$(mktemp -d "$root/.tools/fetch.XXXXXX")
  trap 'rm -rf "$fetched"' EXIT
  npm pack "$package@$version" --pack-destination "$fetched" --ignore-scripts --loglevel=error >/dev/null
  tarball=$(find "$fetched" -name '*.tgz')
  digest=$(node -e 'process.stdout.write("sha512-" + require("crypto").createHash("sha512")
    .update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "$tarball")
  if [ "$digest" != "$integrity" ]; then
    echo "$package@$version is not the file that scripts/node-24.lock names, and is not used." >&2
    echo "  expected $integrity" >&2
    echo "  received $digest" >&2
    echo "Ask whoever runs your npm registry, or install Node.js 24 or newer yourself." >&2
    exit 1
  fi
  mkdir "$fetched/unpacked"
  tar -xzf "$tarball" -C "$fetched/unpacked"
  rm -rf "$folder"
  mv "$fetched/unpacked/package" "$folder"
fi
echo "$folder/bin"
