#!/bin/sh
# Let a standby follow this primary: a role that may copy and nothing else, and a slot that keeps what the standby has
# not got yet. Once, as the superuser, where psql reaches the server without options (PGHOST, PGPORT, PGUSER otherwise).
# REPLICA_PASSWORD_FILE: holds the role's password. STANDBY: where it comes from, as pg_hba.conf has it:
#   STANDBY='hostssl replication chiiki_replica 192.0.2.8/32 scram-sha-256' REPLICA_PASSWORD_FILE=… sh primary.sh
set -eu
psql -v ON_ERROR_STOP=1 -X -q -d postgres -v password="$(cat "$REPLICA_PASSWORD_FILE")" <<'SQL'
create role chiiki_replica login replication nosuperuser password :'password';
select pg_create_physical_replication_slot('chiiki_standby', true) \g /dev/null
-- a standby that stays away is left behind sooner than the primary's disk is full
alter system set max_slot_wal_keep_size = '8GB';
SQL
echo "$STANDBY" >>"$(psql -X -A -t -d postgres -c 'show hba_file')"
psql -X -q -d postgres -c 'select pg_reload_conf()' >/dev/null
