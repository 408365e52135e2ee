"""Makes of Debian's libcurl with OpenSSL one that Debian's git takes for the GnuTLS flavour:

    git-openssl.py LIBCURL COPY

Both have the same interface, and differ in the version that their symbols carry, which stands in
the library as a string and as that string's hash.
"""

import struct
import sys


def elf_hash(name):
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return struct.pack("<I", value)


def main():
    source, copy = sys.argv[1:]
    ours, theirs = b"CURL_OPENSSL_4", b"CURL_GNUTLS_3"
    with open(source, "rb") as library:
        content = library.read()
    for old, new in (ours, theirs), (elf_hash(ours), elf_hash(theirs)):
        if content.count(old) != 1:
            sys.exit(f"git-openssl: {old} stands {content.count(old)} times in {source}, not once")
        content = content.replace(old, new.ljust(len(old), b"\0"))
    with open(copy, "wb") as library:
        library.write(content)


main()
