#!/bin/sh
# Builds the Kubo daemon that the tests compare the IPFS stand-in with, once per user, outside the repository.
# Prints the path of the program on standard output and what is going on on standard error.
set -eu

version=v0.43.1

case "${1:-}" in
  '') ;;
  -h | --help)
    echo "usage: build-kubo.sh [--path-only]"
    echo "Builds Kubo $version with Go (minutes the first time; about 3 GB of module and build cache)."
    echo "  --path-only  only print where the program is or would be"
    exit 0
    ;;
  --path-only) ;;
  *)
    echo "build-kubo.sh: unknown argument '$1' (see --help)" >&2
    exit 2
    ;;
esac

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/consilium/kubo-$version"
program="$cache/ipfs"
if [ "${1:-}" = --path-only ] || [ -x "$program" ]; then
  echo "$program"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "build-kubo.sh: Go is not installed; install Go 1.26 or newer, or set IPFS_BIN to an ipfs program" >&2
  exit 1
fi

mkdir -p "$cache"
module="$(mktemp -d "$cache/module.XXXXXX")"
trap 'rm -rf "$module"' EXIT
cd "$module"
# The two replacements are the newest releases that build together with this Kubo.
cat > go.mod <<EOF
module consilium.example/kubo-for-tests

go 1.26

require github.com/ipfs/kubo $version

replace github.com/quic-go/quic-go => github.com/quic-go/quic-go v0.60.0

replace github.com/quic-go/webtransport-go => github.com/quic-go/webtransport-go v0.11.1

tool github.com/ipfs/kubo/cmd/ipfs
EOF
echo "build-kubo.sh: fetching the modules of Kubo $version" >&2
go mod tidy >&2
echo "build-kubo.sh: building Kubo $version (some minutes)" >&2
total=$(go list -deps github.com/ipfs/kubo/cmd/ipfs | wc -l)
rm -f "$program.new"
# Go names each package when it has compiled it; what is no package's name is a complaint.
go build -v -trimpath -o "$program.new" github.com/ipfs/kubo/cmd/ipfs 2>&1 | awk -v total="$((total))" '
  /^[A-Za-z0-9.\/_~-]+$/ { if (++built % 50 == 0) printf "build-kubo.sh: compiled %d of at most %d packages\n", built, total; next }
  { print }' >&2
[ -x "$program.new" ] || { echo "build-kubo.sh: Kubo could not be built; the reason is above" >&2; exit 1; }
mv "$program.new" "$program"
echo "$program"
