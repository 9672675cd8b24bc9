#!/bin/sh
# Copy the primary to PGDATA, unless that is there, so that a server begun on it follows the primary; then become the
# command that is given, if any. As the account of PostgreSQL. PRIMARY: how it is reached, the password in ~/.pgpass or
# PGPASSFILE, whose path is kept for following:
#   PGDATA=/var/lib/postgresql/15/main PRIMARY='host=192.0.2.7 user=chiiki_replica' sh standby.sh
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    # A copy that was broken off is begun anew; the data take their place when all of them are there.
    rm -rf "$PGDATA.copy"
    pg_basebackup -D "$PGDATA.copy" -d "$PRIMARY" -S chiiki_standby -X stream -R -c fast -w
    [ ! -d "$PGDATA" ] || rmdir "$PGDATA"
    mv "$PGDATA.copy" "$PGDATA"
fi
[ $# -eq 0 ] || exec "$@"
