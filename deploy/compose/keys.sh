#!/bin/sh
# Make each password once. PostgreSQL's account and the service's read theirs, and nobody else's.
# KEYS: the folder; DATABASES: the hosts that the service asks, and the first of them is the primary.
set -eu
keys=${KEYS:-/keys}
databases=${DATABASES:-database}
umask 077
make() {
    [ -s "$keys/$1" ] || printf %s "${2:-$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')}" >"$keys/$1"
}
make postgres
make owner "${CHIIKI_DB_PASSWORD:-}"
make reader "${CHIIKI_READER_PASSWORD:-}"
make replica
told() { printf '%s:5432:%s:%s:%s\n' "$1" "$2" "$3" "$(sed 's/[\\:]/\\&/g' "$keys/$4")"; }
for host in $databases; do
    told "$host" chiiki chiiki owner
    told "$host" chiiki chiiki_reader reader
done >"$keys/pgpass"
told "${databases%% *}" replication chiiki_replica replica >"$keys/replica.pgpass"
[ "$(id -u)" != 0 ] || { chown -R postgres "$keys"; chmod 711 "$keys"; chown 10001 "$keys/pgpass"; }
