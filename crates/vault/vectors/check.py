#!/usr/bin/env python3
"""Opens vault.json with another implementation (the Python package `cryptography`), from the master key down.

Shares no line with the vault. Run it after a change of a format: python3 crates/vault/vectors/check.py
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import zlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 65536
ONLY = bytes(12)


def hkdf(key, salt, info, length=32):
    return HKDF(hashes.SHA256(), length, salt, info).derive(key)


def fields(*names):
    out = b""
    for name in names:
        if isinstance(name, int):
            out += struct.pack(">I", name)
        else:
            out += struct.pack(">I", len(name.encode())) + name.encode()
    return out


def unwrap(outer, info, aad, wrapped):
    wrapped = bytes.fromhex(wrapped)
    assert len(wrapped) == 81 and wrapped[0] == 1
    return AESGCM(hkdf(outer, wrapped[1:33], info)).decrypt(ONLY, wrapped[33:], aad)


def place(ctx):
    return ("MWD1", ctx["region"], ctx["tenant"], ctx["inbox"], ctx["message"])


def part_key(dek, ctx, part):
    aad = fields(*place(ctx), part["kind"], part["no"])
    both = hkdf(dek, None, b"mailward/part/v1" + hashlib.sha256(aad).digest(), 64)
    return both[:32], both[32:]


def nonce(number, last):
    return bytes(7) + struct.pack(">IB", number, last)


def seal_part(dek, ctx, part, plain):
    key, commit = part_key(dek, ctx, part)
    out = b"MWD1\x01" + commit + b"\x10"
    count = max(1, -(-len(plain) // CHUNK))
    for number in range(count):
        chunk = plain[number * CHUNK : (number + 1) * CHUNK]
        out += AESGCM(key).encrypt(nonce(number, number == count - 1), chunk, None)
    return out


def open_part(dek, ctx, part, sealed):
    key, commit = part_key(dek, ctx, part)
    assert sealed[:38] == b"MWD1\x01" + commit + b"\x10"
    chunks = [sealed[at : at + CHUNK + 16] for at in range(38, len(sealed), CHUNK + 16)]
    last = len(chunks) - 1
    return b"".join(AESGCM(key).decrypt(nonce(n, n == last), chunk, None) for n, chunk in enumerate(chunks))


def base62(value, places=6):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    out = ""
    for _ in range(places):
        value, rest = divmod(value, 62)
        out = digits[rest] + out
    return out


def main():
    v = json.loads((pathlib.Path(__file__).parent / "vault.json").read_text())
    ctx, version = v["context"], v["tenant"]["version"]

    master = bytes.fromhex(v["master"]["key"])
    assert hashlib.sha256(b"mailward/master-id/v1" + master).hexdigest()[:8] == v["master"]["id"]

    aad = fields(ctx["region"], ctx["tenant"], version, v["master"]["id"])
    tenant = unwrap(master, b"mailward/wrap/v1", aad, v["tenant"]["wrapped"])

    dek_root = hkdf(tenant, None, b"mailward/purpose/v1/dek")
    dek = unwrap(dek_root, b"mailward/dek/v1", fields(*place(ctx), version), v["message"]["wrapped"])

    for part in v["parts"]:
        plain = bytes((i * 31 + 7) % 251 for i in range(part["plain_len"]))
        sealed = seal_part(dek, ctx, part, plain)
        assert hashlib.sha256(sealed).hexdigest() == part["sha256"], part
        if "sealed" in part:
            assert sealed.hex() == part["sealed"], part
        assert open_part(dek, ctx, part, sealed) == plain, part

    p = v["purpose"]
    key = unwrap(tenant, b"mailward/purpose/v1", fields(p["name"], version), p["wrapped"])
    sealed = bytes.fromhex(p["sealed"])
    info = b"mailward/seal/v1" + hashlib.sha256(fields(*p["place"])).digest()
    both = hkdf(key, sealed[1:33], info, 64)
    assert sealed[0] == 1 and sealed[33:65] == both[32:]
    assert AESGCM(both[:32]).decrypt(ONLY, sealed[65:], None) == p["plain"].encode()
    assert hmac.digest(key, fields(*p["hmac_parts"]), "sha256").hex() == p["hmac"]

    def service(name):
        aad = fields("service", name, v["master"]["id"])
        return unwrap(master, b"mailward/wrap/v1", aad, v["service"][name]["wrapped"])

    token = v["token"]["text"].encode()
    assert base62(zlib.crc32(token[:-6])) == token[-6:].decode()
    seal = hmac.digest(service("pepper"), b"mailward/token-seal/v1" + token[:-13], "sha256")
    assert base62(int.from_bytes(seal[:8], "big") % 62**7, 7) == token[-13:-6].decode()
    verifier = hmac.digest(service("pepper"), b"mailward/token/v1" + token, "sha256")
    assert verifier.hex() == v["token"]["verifier"]

    link = v["link"]
    body = b"\x01" + struct.pack(">q", link["expires"]) + link["payload"].encode()
    body += hmac.digest(service("links"), b"mailward/link/v1" + body, "sha256")[:16]
    assert base64.urlsafe_b64encode(body).rstrip(b"=").decode() == link["text"]

    print(f"{len(v['parts'])} parts, 5 wraps, 1 small secret, 1 token and 1 link agree")


if __name__ == "__main__":
    main()
