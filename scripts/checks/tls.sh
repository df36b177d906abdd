#!/usr/bin/env bash
# TLS as the outside sees it: which versions and suites are spoken, a certificate that is changed while connections are
# open, certificates of clients that may be shown or must be, and HTTP without TLS only where nobody else can listen.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib/centre.sh"
cd "$WORK"

# speak ADDRESS OPTION…: a handshake as openssl tells of it. Old versions need the lowest level to be offered at all.
speak() {
    local address=${1#https://}
    shift
    openssl s_client -connect "$address" -CAfile one/server.pem "$@" </dev/null 2>&1 || true
}
# fingerprint ADDRESS: of the certificate that new connections get.
fingerprint() { speak "$1" | openssl x509 -noout -fingerprint -sha256 2>/dev/null | cut -d= -f2; }
# make_certificate NAME SUBJECT [ISSUER] [EXTENSION]: NAME.pem and NAME.key, signed by itself or by the issuer.
make_certificate() {
    local issuer=()
    [[ -z ${3:-} ]] || issuer=(-CA "$3.pem" -CAkey "$3.key")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$2" -addext "${4:-subjectAltName=IP:127.0.0.1}" "${issuer[@]}" 2>/dev/null \
        || make_signed "$@"
}
# openssl of Debian 12 signs for others in two steps only.
make_signed() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" \
        2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 2 -out "$1.pem" \
        -extfile <(printf '%s\n' "$4") 2>/dev/null
}

start_node one
centre=$tls
expect "TLS 1.3" "Protocol  : TLSv1.3" "$(speak "$centre" -tls1_3 -msg | grep -o 'Protocol  : TLSv1.3\|New, TLSv1.3' | sed 's/New, /Protocol  : /' | head -n 1)"
expect "TLS 1.2" "New, TLSv1.2" "$(speak "$centre" -tls1_2)"
expect "the chain" "Verify return code: 0" "$(speak "$centre" -tls1_2)"
for version in tls1_1 tls1; do
    expect "$version is refused" "Cipher is (NONE)" "$(speak "$centre" "-$version" -cipher DEFAULT:@SECLEVEL=0)"
done
for suite in AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES128-SHA256; do
    expect "$suite is refused" "Cipher is (NONE)" "$(speak "$centre" -tls1_2 -cipher "$suite:@SECLEVEL=0")"
done
! curl -sS -m 5 "http://${centre#https://}/health/live" >/dev/null 2>&1 || fail "plain HTTP was answered at the door of TLS"

# A connection that is open keeps what it began with, while new ones get the new certificate.
old=$(fingerprint "$centre")
mkfifo requests
openssl s_client -connect "${centre#https://}" -CAfile one/server.pem -quiet <requests >answers 2>/dev/null &
nodes+=($!)
exec 8>requests
answers() { [[ $(grep -o 'HTTP/1.1 200' answers | wc -l) -eq $1 ]]; }
printf 'GET /health/live HTTP/1.1\r\nHost: centre\r\n\r\n' >&8
await "no answer on the open connection" answers 1
is_new() { [[ $(fingerprint "$centre") == "$(openssl x509 -in "$1" -noout -fingerprint -sha256 | cut -d= -f2)" ]]; }
# The certificate goes first: until the key is there as well, what is there does not fit, and the old one stays.
make_certificate second second
cp second.pem one/server.pem
await "a certificate without its key is not told of" grep -q certificate-refused one.stderr
[[ $(fingerprint "$centre") == "$old" ]] || fail "a certificate without its key was taken"
cp second.key one/server.key
await "the new certificate is not taken" is_new second.pem
make_certificate third third
cp -p second.pem stamp
cp third.key one/server.key
cp third.pem one/server.pem
kill -HUP "$pid"
await "the third certificate is not taken" is_new third.pem
printf 'GET /health/live HTTP/1.1\r\nHost: centre\r\n\r\n' >&8
await "the open connection did not live on" answers 2
exec 8>&-
kill -0 "$pid" || fail "SIGHUP ended the node"

# Certificates of clients: an authority of ours, one of strangers, and a certificate that is for servers only.
client='extendedKeyUsage=clientAuth'
make_certificate ours "our authority" "" "basicConstraints=critical,CA:TRUE"
make_certificate strangers "their authority" "" "basicConstraints=critical,CA:TRUE"
make_signed lobby lobby-1 ours "$client"
make_signed city city ours "$client"
make_signed stranger lobby-1 strangers "$client"
make_signed server lobby-1 ours 'extendedKeyUsage=serverAuth'
start_node two --tls-client-ca ours.pem
sign_in "$plain" two
berth terminals register --terminal lobby-1 --label Lobby >/dev/null
code=$(berth terminals prepare-enrolment lobby-1 --json | sed -n 's/.*"code":"\([^"]*\)".*/\1/p')
# show NAME PATH ARGUMENT…: a request from whoever has that certificate, or from nobody.
show() {
    local who=() name=$1 path=$2
    shift 2
    [[ $name == nobody ]] || who=(--cert "$name.pem" --key "$name.key")
    curl -sS -m 10 --cacert "$node/server.pem" "${who[@]}" "$tls$path" "$@" 2>&1 || true
}
expect "nobody may come to the open door" '"status":"live"' "$(show nobody /health/live | sed 's/.*live.*/"status":"live"/')"
expect "a stranger's certificate" certificate-refused "$(show stranger /v1/sessions/current)"
expect "a server's certificate" certificate-refused "$(show server /v1/sessions/current)"
expect "a certificate that is nobody's" '"sign-in"' "$(show lobby /v1/sessions/current)"
expect "enrolment by certificate" '"kind":"certificate"' \
    "$(show lobby /v1/enrolments --json '{"terminal":"lobby-1","code":"'"$code"'"}')"
expect "the terminal" '"role":"terminal"' "$(show lobby /v1/sessions/current)"
berth providers register --id city --name City --limits-cards-max 1 --limits-room-per-card-non-volatile 1 \
    --limits-room-per-card-volatile 1 >/dev/null
until=$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)
berth tokens issue --role provider --name city --expires-at "$until" \
    --certificate "$(openssl x509 -in city.pem -outform DER | sha256sum | cut -d' ' -f1)" >/dev/null
expect "the provider" '"role":"provider"' "$(show city /v1/sessions/current)"
expect "the provider speaks no TLS 1.1" "curl:" "$(show city /v1/sessions/current --tls-max 1.1)"

kill "$pid"
start_node two --tls-client-ca ours.pem --tls-client-certificate required
expect "the terminal, where certificates are required" '"role":"terminal"' "$(show lobby /v1/sessions/current)"
expect "the provider, where certificates are required" '"role":"provider"' "$(show city /v1/sessions/current)"
[[ $(show nobody /health/live) != *'"status"'*live* ]] || fail "somebody without a certificate came in"
expect "a stranger, where certificates are required" certificate-refused "$(show stranger /health/live)"

# Other authorities take the place of those without a restart, and a file that holds none changes nothing.
says() { [[ $(show "$1" /v1/sessions/current) == *"$2"* ]]; }
cp strangers.pem ours.pem
await "the new authorities are not taken" says stranger '"sign-in"'
says lobby certificate-refused || fail "an authority that was taken away still counts"
echo "no certificate" >ours.pem
kill -HUP "$pid"
await "a file without authorities was not refused" grep -q certificate-refused two.stderr
says stranger '"sign-in"' || fail "a file without authorities was taken"
kill -0 "$pid" || fail "a file without authorities ended the node"

# Without TLS only on this machine, or for a proxy that is named.
address=$(hostname -I | cut -d' ' -f1)
for door in "${address:-192.0.2.1}:0" '*:0'; do
    ! timeout 20 "$BERTH" serve --data "$WORK/three" --listen off --listen-plain "$door" >refused 2>&1 \
        || fail "HTTP for everybody at $door"
    expect "HTTP for everybody at $door" behind-proxy "$(<refused)"
done
if [[ -n $address ]]; then
    start_node three --listen off --listen-plain "$address:0" --behind-proxy 192.0.2.1
    # From this machine it works, and from an address that is neither this machine nor the proxy it does not.
    ! curl -sS -m 5 --interface "$address" "$plain/health/live" >/dev/null 2>&1 || fail "not the proxy, and let in"
    kill "$pid"
    start_node three --listen off --listen-plain "$address:0" --behind-proxy "$address"
    expect "the proxy" 200 "$(curl -sS -m 5 -o /dev/null -w '%{http_code}' --interface "$address" "$plain/health/live")"
fi
