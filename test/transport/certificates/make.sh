#!/usr/bin/env bash
# Makes the certificates of the tests anew. Their keys are public, so they are worth nothing: never
# use one of them for anything else. Needs OpenSSL 3.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { # file
  echo 'A key of the tests of holdfast: public, and worth nothing.' > "$1"
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null >> "$1"
}

authority() { # name
  key "$work/$1-key.pem"
  openssl req -x509 -new -key "$work/$1-key.pem" -subj "/CN=holdfast tests, $1" -days 36500 \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' -out "$1.pem"
}

# A certificate for a peer: its name, who signs it, what it is for, and from when to when it holds.
peer() { # name authority alternative-names usage from until
  key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "/CN=$1" -out "$work/$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$3" "$4" > "$work/extensions"
  printf '[ca]\ndefault_ca=it\n[it]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\npolicy=any\n[any]\ncommonName=supplied\n' \
    "$work/database" "$work/serial" "$work" > "$work/config"
  : > "$work/database"
  openssl ca -batch -notext -config "$work/config" -md sha256 -rand_serial -in "$work/$1.csr" \
    -cert "$2.pem" -keyfile "$work/$2-key.pem" -extfile "$work/extensions" \
    -startdate "$5" -enddate "$6" -out "$1.pem" 2>/dev/null
}

both=serverAuth,clientAuth
loopback=IP:127.0.0.1,IP:::1,DNS:localhost
authority authority
authority strangers
peer alice authority "$loopback" "$both" 20200101000000Z 21200101000000Z
peer bob authority "$loopback,DNS:peers.example" "$both" 20200101000000Z 21200101000000Z
peer elsewhere authority DNS:elsewhere.example "$both" 20200101000000Z 21200101000000Z
peer expired authority "$loopback" "$both" 20200101000000Z 20200201000000Z
peer early authority "$loopback" "$both" 21190101000000Z 21200101000000Z
peer mail authority "$loopback" emailProtection 20200101000000Z 21200101000000Z
peer stranger strangers "$loopback" "$both" 20200101000000Z 21200101000000Z
