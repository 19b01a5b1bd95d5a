#!/usr/bin/env bash
# Debian opensc 0.23.0-0.3+deb12u2, `pkcs11-tool --sign --label NAME`, on SoftHSM 2.6.1 with three P-256 keys, those of a
# station, of a contract and of a vehicle.
# Sure beforehand: --label is "the name of the object to operate on", as its manual says and as --read-object with the
# same words has it; so the key of that name signs, or there is an error.
# What happens: --sign (--derive and --decrypt likewise) passes over the label and takes the first private key of the
# token, whichever that is; it says so nowhere, and the signature is a good one, by another key. --id is heeded. So where
# a token holds more than one key name them by --id, and verify with the public key that was meant.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
opensc=0.23.0-0.3+deb12u2
softhsm=2.6.1-2.1
apt-get -qq download "opensc=$opensc" "opensc-pkcs11=$opensc" "softhsm2=$softhsm" "libsofthsm2=$softhsm" "softhsm2-common=$softhsm" 2>apt.log ||
  { cat apt.log; echo "the packages are not to be had"; exit 1; }
for package in ./*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu SOFTHSM2_CONF=$work/softhsm.conf
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$work/tokens" >softhsm.conf
module=$(find root -name libsofthsm2.so | head -1)
root/usr/bin/softhsm2-util --module "$module" --init-token --free --label lab --pin 1234 --so-pin 1234 >/dev/null
tool() { root/usr/bin/pkcs11-tool --module "$module" --token-label lab --login --pin 1234 "$@" >/dev/null 2>tool.log || { cat tool.log; exit 1; }; }

declare -A id=([station]=01 [contract]=02 [vehicle]=03)
for name in "${!id[@]}"; do
  tool --keypairgen --key-type EC:prime256v1 --label "$name" --id "${id[$name]}"
  tool --read-object --type pubkey --label "$name" --output-file "$name.der"
  openssl pkey -pubin -inform DER -in "$name.der" -out "$name.pub"
done
openssl rand -out digest 32
signer() {  # whose public key verifies the signature
  for name in "${!id[@]}"; do
    openssl pkeyutl -verify -pubin -inkey "$name.pub" -in digest -sigfile signature >/dev/null 2>&1 && echo "$name" || true
  done
}
by_label=()
for name in station contract vehicle; do
  tool --sign --mechanism ECDSA --signature-format openssl --label "$name" --input-file digest --output-file signature
  by_label+=("$(signer)")
  tool --sign --mechanism ECDSA --signature-format openssl --id "${id[$name]}" --input-file digest --output-file signature
  by_id=$(signer)
  echo "--label $name: signed by ${by_label[-1]}; --id ${id[$name]}: signed by $by_id"
  [ "$by_id" = "$name" ] || { echo "CHANGED: which key pkcs11-tool takes by --id"; exit 1; }
done
[ "$(printf '%s\n' "${by_label[@]}" | sort -u | wc -l)" = 1 ] || { echo "CHANGED: pkcs11-tool heeds --label when it signs"; exit 1; }
