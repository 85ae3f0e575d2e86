#!/bin/sh
# Sees that PostgreSQL and Redis are there for the tests, which start their own; installs them where it may.
set -eu
missing=
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
[ -z "$missing" ] && exit 0
[ "$(id -u)" = 0 ] || { echo "missing:$missing; run 'sudo apt-get install$missing', then again" >&2; exit 1; }
# Debian starts servers and makes a cluster on installation; the tests want only the programs.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
apt-get update -qq
# shellcheck disable=SC2086 -- a list of packages
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
