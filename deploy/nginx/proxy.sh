#!/bin/sh
# Write chiiki.conf for a site: for containers, whose nginx runs what lies in /docker-entrypoint.d before it starts.
# CHIIKI_PUBLIC_URL: https:// and its name. CHIIKI_ORIGINS: the services, apart by spaces. fullchain.pem and privkey.pem lie in
# CHIIKI_CERTIFICATES; where there are none, one is made that no browser trusts.
set -eu
site=${CHIIKI_PUBLIC_URL#https://}
certificates=${CHIIKI_CERTIFICATES:-/certificates}
if [ ! -s "$certificates/fullchain.pem" ]; then
    echo "There is no certificate in $certificates: one is made, which no browser trusts" >&2
    certificates=$(mktemp -d)
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=$site" -addext "subjectAltName=DNS:$site" \
        -keyout "$certificates/privkey.pem" -out "$certificates/fullchain.pem" 2>/dev/null
fi
servers=
for origin in ${CHIIKI_ORIGINS:?}; do servers="${servers}server $origin; "; done
sed -e "s#/etc/letsencrypt/live/chiiki\.example#$certificates#" -e "s#chiiki\.example#$site#" \
    -e "s#server 127\.0\.0\.1:8000;#$servers#" \
    "${CHIIKI_CONF:-/chiiki/chiiki.conf}" >"${CHIIKI_WRITES:-/etc/nginx/conf.d/default.conf}"
