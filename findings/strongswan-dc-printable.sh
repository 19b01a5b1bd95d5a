#!/usr/bin/env bash
# Debian strongswan-pki 5.9.8-5+deb12u6, `pki --self --dn "..., DC=V2G"`.
# Sure beforehand: the domainComponent that marks every V2G certificate (DC=V2G, CPO, MO, OEM, CPS) comes out as
# IA5String, the only type RFC 4519 and RFC 2247 give it, as with OpenSSL, GnuTLS, keytool, NSS and @peculiar/x509.
# What happens: strongSwan writes it as PrintableString, like the CN beside it. OpenSSL, given the same words, writes
# IA5String (and the CN as UTF8String), so the two names are not equal octet by octet: never rebuild an issuer's name
# from its text, and never ask for IA5String when looking for the DC.
# Needs root (a private mount namespace stands in for installing the package).
set -euo pipefail
[ "${INSIDE:-}" ] || exec env INSIDE=1 unshare --mount --propagation private bash "$0" "$@"
work=$(mktemp -d)
trap 'umount -q /usr/lib 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
version=5.9.8-5+deb12u6
apt-get -qq download "strongswan-pki=$version" "libstrongswan=$version" "libstrongswan-standard-plugins=$version" \
  "libcharon-extra-plugins=$version" 2>apt.log \
  || { cat apt.log; echo "strongSwan $version is not to be had here (apt-get update?)"; exit 1; }
mkdir root
for package in ./*.deb; do dpkg -x "$package" root; done
mount -t overlay overlay -o "lowerdir=$work/root/usr/lib:/usr/lib" /usr/lib  # its plug-ins are found by absolute path

openssl ecparam -name prime256v1 -genkey -noout -out key.pem
: >strongswan.conf
STRONGSWAN_CONF=strongswan.conf LD_LIBRARY_PATH=root/usr/lib/ipsec root/usr/bin/pki --self --ca --in key.pem --type ecdsa --outform pem \
  --dn "CN=Lab V2G Root, O=Lab, DC=V2G" >strongswan.pem 2>pki.log || { cat pki.log; exit 1; }
openssl req -x509 -new -key key.pem -subj "/CN=Lab V2G Root/O=Lab/DC=V2G" -days 1 -out openssl.pem

type_of_dc() { openssl asn1parse -in "$1" | grep -A1 ':domainComponent' | sed -n '2s/.*prim: *\([A-Z0-9]*\) .*/\1/p'; }
ours=$(type_of_dc openssl.pem)
theirs=$(type_of_dc strongswan.pem)
hashes=$(for file in openssl strongswan; do openssl x509 -in $file.pem -noout -subject -nameopt RFC2253; done | sort -u | wc -l)
echo "strongSwan $version: DC as $theirs; $(openssl version | cut -d' ' -f1,2): DC as $ours; texts of the two names: $hashes"
[ "$theirs $ours $hashes" = "PRINTABLESTRING IA5STRING 1" ] || { echo "CHANGED: strongSwan no longer writes DC as PrintableString"; exit 1; }
