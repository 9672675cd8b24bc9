#!/bin/sh
# chiiki owns its database and is no superuser; the reader may do what `chiiki migrate` grants it.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -d chiiki -v owner="$(cat /keys/owner)" -v reader="$(cat /keys/reader)" <<'SQL'
create role chiiki login nosuperuser password :'owner';
create role chiiki_reader login noinherit nosuperuser password :'reader';
alter database chiiki owner to chiiki;
SQL
