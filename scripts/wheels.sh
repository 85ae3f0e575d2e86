#!/bin/sh
# Fills a folder with all that an installation needs from a package index: `scripts/wheels.sh FOLDER`, then copy it to a
# machine without network and install there with `WHEELS=FOLDER make setup`. The hashes are those of the locks.
# For another machine than this one, further arguments go to pip: --platform manylinux2014_aarch64 --python-version 3.11
set -eu
[ $# -ge 1 ] || { echo "usage: scripts/wheels.sh FOLDER [ARGUMENTS]" >&2; exit 2; }
folder=$1
shift
mkdir -p "$folder"
[ -z "$(ls -A "$folder")" ] || { echo "$folder is not empty; give a new folder" >&2; exit 1; }
[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements.lock -r requirements-build.lock -d "$folder" "$@"
cp requirements.lock requirements-build.lock "$folder"
cd "$folder"
sha256sum -- * > SHA256SUMS
echo "$folder: $(ls -- *.whl | wc -l) wheels"
