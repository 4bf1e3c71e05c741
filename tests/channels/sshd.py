"""A real OpenSSH server for a test: free loopback port, host key and authorized keys of its own, SFTP only.

As root each partner is an account of the machine shut into his own folder (`ChrootDirectory`); as anybody else there
is one account, ours, sent into its folder by `internal-sftp -d`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = os.geteuid() == 0
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
# Accounts every Debian has; nobody logs in to them, and internal-sftp needs no shell.
ACCOUNTS = ("games", "nobody") if ROOT else (pwd.getpwuid(os.geteuid()).pw_name,)


def need_sshd() -> None:
    """Skips, saying how to run the test, where the machine has no OpenSSH server."""
    if SSHD is None or shutil.which("ssh-keygen") is None:
        pytest.skip("no OpenSSH server here; to run this: apt-get install openssh-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> str:
    """A new key pair; its public line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_name(path.name + ".pub").read_text()


@dataclass
class Server:
    """The server while it runs. `home(user)`: the folder that user sees as his own."""

    base: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    users: tuple[str, ...] = ACCOUNTS
    options: list[str] = field(default_factory=list)

    @property
    def known_hosts(self) -> str:
        return (self.base / "host_key.pub").read_text()

    def home(self, user: str = ACCOUNTS[0]) -> Path:
        return self.base / "jail" / user

    def seen(self, user: str, folder: str) -> str:
        """A folder of his as the user names it over SFTP."""
        return f"/{folder}" if ROOT else folder

    def authorize(self, user: str, public: str) -> None:
        (self.base / "keys" / user).write_text(public)

    def start(self) -> None:
        assert SSHD is not None
        config = self.base / "sshd_config"
        config.write_text("\n".join([*self._lines(), *self.options]) + "\n")
        with (self.base / "log").open("ab") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
        until = time.monotonic() + 60
        while not self._answers():
            told = (self.base / "log").read_text()
            assert self.process.poll() is None, told
            assert time.monotonic() < until, told
            time.sleep(0.02)

    def _lines(self) -> list[str]:
        lock_in = "ChrootDirectory " + str(self.base / "jail" / "%u") if ROOT else "ChrootDirectory none"
        into = "" if ROOT else f" -d {self.home()}"
        return [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.base / 'host_key'}",
            f"AuthorizedKeysFile {self.base / 'keys'}/%u",
            f"PidFile {self.base / 'pid'}",
            "AuthenticationMethods publickey",
            "PasswordAuthentication no",
            "StrictModes no",
            "UsePAM no",
            "AllowTcpForwarding no",
            "PermitTTY no",
            "Subsystem sftp internal-sftp",
            f"ForceCommand internal-sftp{into}",
            lock_in,
        ]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                return line.recv(4) == b"SSH-"
        except OSError:
            return False

    def stop(self) -> None:
        """Ends the server and the sessions it began."""
        if self.process is not None:
            children = _children_of(self.process.pid)
            self.process.terminate()
            self.process.wait(10)
            for pid in children:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    continue
            self.process = None


def _children_of(pid: int) -> list[int]:
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in told.stdout.split()]


@contextmanager
def running() -> Iterator[Server]:
    """A server with folders `in`, `done` and `out` for each account. Skips where there is none."""
    need_sshd()
    # sshd wants every folder above a jail to be root's and closed to others, so not below /tmp.
    base = Path(tempfile.mkdtemp(prefix="jis-sftp-", dir="/run" if ROOT else None))
    try:
        base.chmod(0o755)
        if ROOT:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        make_key(base / "host_key")
        (base / "keys").mkdir()
        server = Server(base, free_port())
        for user in server.users:
            _make_home(server.home(user), user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _make_home(home: Path, user: str) -> None:
    home.mkdir(parents=True)
    for path in (home.parent, home):
        path.chmod(0o755)
    account = pwd.getpwnam(user)
    for name in ("in", "done", "out"):
        (home / name).mkdir()
        if ROOT:
            os.chown(home / name, account.pw_uid, account.pw_gid)


class Cable:
    """A loopback proxy before a server that can be cut in the middle of a transfer."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.cut_after: int | None = None
        self.towards_server = False
        self.passed = 0
        self._open: list[socket.socket] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, after: int, *, towards_server: bool = False) -> None:
        """From now on, so many bytes pass in that direction on each connection, then the line is dead."""
        self.cut_after, self.towards_server, self.passed = after, towards_server, 0

    def mend(self) -> None:
        self.cut_after = None

    def close(self) -> None:
        self._door.close()
        for line in self._open:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.target))
            self._open += [near, far]
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        try:
            while data := source.recv(4096):
                if self.cut_after is not None and up == self.towards_server:
                    self.passed += len(data)
                    if self.passed > self.cut_after:
                        break
                sink.sendall(data)
        except OSError:
            pass
        for line in (source, sink):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
