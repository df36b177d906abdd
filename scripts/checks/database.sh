#!/usr/bin/env bash
# A server of PostgreSQL elsewhere on the network: nothing goes there that others could read, unless somebody said that the
# network is safe. On a network of its own.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
'')
    # Only root may make one.
    [[ $EUID -eq 0 ]] || exit 0
    exec unshare --net "$0" --isolated
    ;;
--isolated)
    ip link set lo up
    # An address that is not the machine's own in the eyes of anybody.
    ip addr add 192.0.2.1/32 dev lo
    exec "$scripts/private-postgresql" --set listen_addresses=192.0.2.1 -- "$0" --served
    ;;
esac
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
cd "$WORK"
server=${BERTH_TEST_POSTGRESQL##*host=}
server=${server%/socket}

echo 'host all all 192.0.2.1/32 trust' >>"$server/data/pg_hba.conf"
"$scripts/private-postgresql" restart "$server"
address=postgresql://berth@192.0.2.1/berth
! berth store migrate --store "$address" >answer 2>&1 || fail "an open way was taken: $(<answer)"
expect "an open way" "not encrypted" "$(<answer)"
expect "an open way" "sslmode=disable" "$(<answer)"
berth store migrate --store "$address?sslmode=disable" >answer 2>&1 || fail "said to be safe: $(<answer)"

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=db -addext 'subjectAltName=IP:192.0.2.1' \
    -keyout "$server/data/server.key" -out server.crt 2>/dev/null
cp server.crt "$server/data"
chmod 0600 "$server/data/server.key"
chown postgres:postgres "$server/data/server.key" "$server/data/server.crt"
echo 'ssl = on' >>"$server/data/postgresql.conf"
"$scripts/private-postgresql" restart "$server"
berth store check --store "$address" >answer 2>&1 || fail "with TLS: $(<answer)"
berth store check --store "$address?sslmode=verify-full&sslrootcert=$WORK/server.crt" >answer 2>&1 \
    || fail "with TLS and the server's certificate: $(<answer)"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.crt 2>/dev/null
! berth store check --store "$address?sslmode=verify-full&sslrootcert=$WORK/other.crt" >answer 2>&1 \
    || fail "a server with another certificate was believed: $(<answer)"
