#!/bin/sh
# Sees that PostgreSQL and Redis are there for the tests, which start their own; installs them where it may, and with
# them strace and libfaketime, without which the tests that inject faults are skipped, and nginx for those behind a proxy.
set -eu
missing=
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || missing="$missing postgresql"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
wished=
command -v strace >/dev/null 2>&1 || wished="$wished strace"
command -v faketime >/dev/null 2>&1 || wished="$wished faketime"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || wished="$wished nginx-light"
[ -z "$missing$wished" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    [ -z "$missing" ] && { echo "without:$wished; some tests are skipped" >&2; exit 0; }
    echo "missing:$missing; run 'sudo apt-get install$missing$wished', then again" >&2
    exit 1
fi
# Debian starts servers and makes a cluster on installation; the tests want only the programs.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
apt-get update -qq
# shellcheck disable=SC2086 -- lists of packages
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing $wished >/dev/null
