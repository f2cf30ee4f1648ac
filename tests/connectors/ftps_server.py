"""A small FTP server with TLS, of the standard library: pyftpdlib's needs a package that nothing else does."""

from __future__ import annotations

import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import create_server
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.connectors.file_server import PASSWORD

WELCOME = {"PBSZ": "200 ok", "TYPE": "200 ok", "CWD": "250 ok", "PROT": "200 ok", "QUIT": "221 bye"}


class Talk(socketserver.StreamRequestHandler):
    """One control connection; `server.notes` gets what a strict server would look at."""

    server: FtpsServer

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        with suppress(OSError):
            self.say("220 hello")
            while line := self.rfile.readline().decode().strip():
                command, _, rest = line.partition(" ")
                self.answer(command.upper(), rest)

    def answer(self, command: str, rest: str) -> None:
        file = self.server.folder / rest.rpartition("/")[2]
        if command == "AUTH":
            self.say("234 go on")
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)
        elif command == "USER":
            self.server.notes.append("login in clear" if not isinstance(self.request, ssl.SSLSocket) else "login")
            self.say("331 password?")
        elif command == "PASS":
            self.say("230 in" if rest == PASSWORD else "530 not in")
        elif command == "PASV":
            self.data = create_server(("127.0.0.1", 0))
            port = self.data.getsockname()[1]
            self.say(f"227 here (127,0,0,1,{port // 256},{port % 256})")
        elif command == "SIZE":
            self.say(f"213 {file.stat().st_size}")
        elif command == "MDTM":
            self.say(f"213 {datetime.fromtimestamp(file.stat().st_mtime, UTC):%Y%m%d%H%M%S}")
        elif command in ("MLSD", "RETR"):
            facts = [f"type=file;size={each.stat().st_size}; {each.name}" for each in self.server.folder.iterdir()]
            self.send(file.read_bytes() if command == "RETR" else "\r\n".join([*facts, ""]).encode())
        else:
            self.say(WELCOME.get(command, "502 not known"))

    def send(self, content: bytes) -> None:
        self.say("150 here it comes")
        client, _ = self.data.accept()
        self.data.close()
        with self.server.context.wrap_socket(client, server_side=True) as wrapped:
            self.server.notes.append("session taken" if wrapped.session_reused else "another session")
            wrapped.sendall(content)
        self.say("226 done")


class FtpsServer(socketserver.ThreadingTCPServer):
    """Serves the files of one folder."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, folder: Path, certificate: Path) -> None:
        self.folder, self.notes = folder, list[str]()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2  # of which a session can be told to be the same
        super().__init__(("127.0.0.1", 0), Talk)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def ftps(folder: Path, certificate: Path) -> Iterator[FtpsServer]:
    """Serve until the block ends."""
    with FtpsServer(folder, certificate) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def make_certificate(file: Path, host: str = "127.0.0.1") -> Path:
    """Make a certificate of an address, with its key in the same file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file
