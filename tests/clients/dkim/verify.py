"""Says of each DKIM signature of a mail whether it holds: verify.py HOST:PORT FILE, with the name server to ask."""

import json
import re
import sys

import dkim
import dns.resolver


def main(server: str, file: str) -> None:
    host, port = server.rsplit(":", 1)
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)

    def txt(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        for answer in resolver.resolve(name.rstrip(".") + ".", "TXT", lifetime=timeout):
            return b"".join(answer.strings)
        return None

    with open(file, "rb") as mail:
        message = mail.read()
    signed = dkim.DKIM(message)
    fields = [value for name, value in signed.headers if name.lower() == b"dkim-signature"]
    said = []
    for index, field in enumerate(fields):
        tag = lambda name: re.search(rb"(?:^|;)\s*" + name + rb"=([^;]*)", field).group(1).strip().decode()
        try:
            holds = bool(dkim.DKIM(message, minkey=1024).verify(idx=index, dnsfunc=txt))
        except dkim.DKIMException:
            holds = False
        said.append({"a": tag(b"a"), "s": tag(b"s"), "ok": holds})
    print(json.dumps(said))


main(*sys.argv[1:])
