#!/bin/sh
# chiiki on the command line as the service has it: its account, its settings, its folders. As root. A DATABASE_URL that
# is named before it is asked alone.
set -eu
named=${DATABASE_URL:-}
set -a
. /etc/chiiki/chiiki.env
CHIIKI_DOWNLOADS=/var/cache/chiiki CHIIKI_LOCAL=/var/lib/chiiki
if [ -n "$named" ]; then
    DATABASE_URL=$named CHIIKI_READER_URL='' CHIIKI_NEWS_URL=''
fi
set +a
exec runuser -u chiiki -- /opt/chiiki/.venv/bin/chiiki "$@"
