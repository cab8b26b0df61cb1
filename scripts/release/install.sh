#!/bin/sh
# Installs this release of Consilium below a folder of its own, from the files beside this script alone: no registry, no
# git, no build. What is there already of this version stays; another version stays beside it, to go back to. Data are
# elsewhere, in the `folder` of hospital.yaml, and are not touched.
#
#   sh install.sh --prefix /opt/consilium [--digest SHA256]   --digest: of SHA256SUMS, as its publisher says it
#   sh install.sh --prefix /opt/consilium --back              makes the version before the current one again
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
prefix= digest= back=
fail() { echo "$1" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] || fail '--prefix needs a folder'; prefix=$2; shift 2 ;;
    --digest) [ $# -gt 1 ] || fail '--digest needs 64 hexadecimal digits'; digest=$2; shift 2 ;;
    --back) back=1; shift ;;
    *) fail "unknown argument $1: see the first lines of this script" ;;
  esac
done
case $prefix in /*) ;; *) fail '--prefix is missing, or no absolute path' ;; esac

# One step: a reader sees the version before or the new one.
point() {
  ln -sfn "$2" "$prefix/.$1.new"
  mv -Tf "$prefix/.$1.new" "$prefix/$1"
}

if [ -n "$back" ]; then
  [ -L "$prefix/previous" ] || fail "$prefix has no version before the current one"
  previous=$(readlink "$prefix/previous") current=$(readlink "$prefix/current")
  point current "$previous"
  point previous "$current"
  echo "$prefix is at ${previous#versions/} again; restart the hospital."
  exit 0
fi

cd "$here"
sum=$(sha256sum SHA256SUMS | cut -d ' ' -f 1)
[ -z "$digest" ] || [ "$sum" = "$digest" ] || fail "SHA256SUMS has the digest $sum, and not $digest: nothing is installed"
sha256sum --check --quiet --strict SHA256SUMS || fail 'A file of this release is not the one that was published.'
# What is checked is what is named: a file that was put beside them is not.
for file in VERSION PLATFORM CHAINCODE_SHA256 dependencies.tgz packages/* node.tgz; do
  [ ! -e "$file" ] || cut -c 67- SHA256SUMS | grep -Fqx -e "$file" ||
    fail "$file is not in SHA256SUMS: it was added to this release, and nothing is installed"
done
version=$(cat VERSION)
echo "$version" | grep -Eq '^[0-9A-Za-z][0-9A-Za-z.+-]*$' || fail 'VERSION is no version'
platform=$(cat PLATFORM)
[ "$platform" = "$(uname -s)-$(uname -m)" ] || fail "This release is for $platform, and this host is $(uname -s)-$(uname -m)."

home=$prefix/versions/$version
mkdir -p "$prefix/versions" "$prefix/bin"
if [ -e "$home/SHA256SUMS" ]; then
  cmp -s SHA256SUMS "$home/SHA256SUMS" || fail "$home is another release with the version $version: remove it first"
else
  draft=$prefix/versions/.$version.new
  rm -rf "$draft"
  mkdir -p "$draft/node_modules/@consilium"
  trap 'rm -rf "$draft"' EXIT
  tar -xzf dependencies.tgz --no-same-owner -C "$draft/node_modules"
  for tarball in packages/*.tgz; do
    name=${tarball#packages/consilium-}
    folder=$draft/node_modules/@consilium/${name%-"$version".tgz}
    mkdir -p "$folder"
    tar -xzf "$tarball" --no-same-owner --strip-components 1 -C "$folder"
  done
  if [ -e node.tgz ]; then
    mkdir "$draft/node"
    tar -xzf node.tgz --no-same-owner --strip-components 1 -C "$draft/node"
  fi
  cp SHA256SUMS CHAINCODE_SHA256 "$draft"
  rm -rf "$home"
  mv "$draft" "$home"
  trap - EXIT
fi

# The folder's own Node, or the system's.
if [ -x "$home/node/bin/node" ]; then node=$home/node/bin/node; else node=$(command -v node || true); fi
[ -n "$node" ] || fail 'There is no Node.js 24 or newer: install it, or use the release that brings it.'
[ "$("$node" -p 'process.versions.node.split(".")[0]')" -ge 24 ] || fail "$node is older than Node.js 24."

for command in network gateway trainer verify; do
  cat >"$prefix/bin/.new" <<EOF
#!/bin/sh
home='$prefix'/current
CONSILIUM_COMMANDS='$prefix'/bin
export CONSILIUM_COMMANDS
if [ -x "\$home/node/bin/node" ]; then PATH="\$home/node/bin:\$PATH"; export PATH; fi
exec node "\$home/node_modules/@consilium/$command/bin/consilium-$command.js" "\$@"
EOF
  chmod 755 "$prefix/bin/.new"
  mv -f "$prefix/bin/.new" "$prefix/bin/consilium-$command"
done

if [ -L "$prefix/current" ] && [ "$(readlink "$prefix/current")" != "versions/$version" ]; then
  point previous "$(readlink "$prefix/current")"
fi
point current "versions/$version"
echo "Consilium $version is in $prefix. SHA256SUMS $sum"
echo "chaincode $(cat CHAINCODE_SHA256)"
