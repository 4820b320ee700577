#!/usr/bin/env bash
# Builds a free-threaded Python from Debian's source package, into a directory: python_from_debian.sh VERSION SUITE PREFIX
#
# apt fetches it, by a configuration and lists of its own: what the machine itself installs from stays as it is. apt
# checks the suite's signature, and by it what it fetches. The sources are built as Python released them, without Debian's
# patches: those move directories to where a Debian has them.
set -euo pipefail
version=$1 suite=$2 prefix=$3
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/lib/say.sh
. scripts/lib/say.sh
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh

command -v apt-get >/dev/null || fail "there is no apt-get to fetch Debian's sources with"
# shellcheck disable=SC2016 # apt-get expands it
# Where this machine has its own packages from, if it is a Debian.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | sort -u | head -n 1)}
[[ -n $mirror ]] || fail "this machine's packages don't come from Debian, or its lists are empty" \
  "apt-get update, or name a mirror: DEBIAN_MIRROR=http://..."
need_packages debian-archive-keyring gcc make xz-utils libssl-dev libffi-dev zlib1g-dev

work=$PWD/target/free-threaded/source
rm -rf "$work"
mkdir -p "$work"/{parts,lists/partial,cache/archives/partial,download,tree}
: >"$work/status"
cat >"$work/parts/debian.sources" <<END
Types: deb-src
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
apt=(apt-get -qq -o "Dir::State=$work" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache"
  -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/parts" -o APT::Sandbox::User=root)

say "fetching Python $version from Debian's $suite"
quietly "${apt[@]}" -o APT::Update::Error-Mode=any update
(cd "$work/download" && quietly "${apt[@]}" --download-only --only-source source "python$version")
tar -xf "$work"/download/*.orig.tar.xz --strip-components=1 -C "$work/tree"

say "building Python $version without a lock of the interpreter's (some minutes)"
rm -rf "$prefix"
cd "$work/tree"
quietly ./configure --quiet --disable-gil --disable-test-modules --prefix="$prefix"
quietly make --silent -j2
quietly make --silent install
touch "$prefix/complete"
rm -rf "$work"
