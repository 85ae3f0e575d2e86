#!/bin/sh
# Makes .venv from a lock file: `scripts/setup.sh requirements.lock`. Needs Python 3.11 or newer, nothing else.
# WHEELS: a folder that scripts/wheels.sh filled; then nothing is asked of any network.
set -eu
lock=$1
from=
if [ -n "${WHEELS:-}" ]; then
    (cd "$WHEELS" && sha256sum --check --quiet --strict SHA256SUMS)
    from="--no-index --find-links $(cd "$WHEELS" && pwd)"
fi
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }
if [ ! -x .venv/bin/python ]; then
    if ! "$python" -m venv .venv 2>/dev/null; then
        # Debian parts venv from Python; nothing else is asked of the system.
        rm -rf .venv
        [ "$(id -u)" = 0 ] || { echo "python3-venv is missing: run 'sudo apt-get install python3-venv', then again" >&2; exit 1; }
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        "$python" -m venv .venv
    fi
fi
# shellcheck disable=SC2086 -- options
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: $from -r requirements-build.lock
export VIRTUAL_ENV="$PWD/.venv"
# shellcheck disable=SC2086
.venv/bin/uv pip install --quiet --require-hashes --no-build $from -r "$lock"
.venv/bin/uv pip install --quiet --offline --no-deps --no-build-isolation -e .
touch ".venv/.installed-$lock"
