"""SFTP to a partner's server: our key, his known host key, nothing else. The only user of paramiko.

The host key is compared before we say who we are. Passwords, agents and keys found by chance are never tried.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import hashlib
import logging
import posixpath
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from paramiko.sftp import CMD_EXTENDED

from edi.channels.wires import CHUNK, FileFault, Pace, Remote, unique_name
from inventory.errors import Refused, Unreachable

# paramiko tells every lost connection with a traceback of its own; ours stand in the channel.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

CONNECT_SECONDS = 10.0
# A server that says nothing for so long in the middle of a transfer is gone.
SILENCE_SECONDS = 30.0
RSA = ("rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True, slots=True)
class Login:
    """Everything needed to get in. `known_hosts`: one public host key a line."""

    host: str
    port: int
    user: str
    key_file: Path
    passphrase: str | None
    known_hosts: str


def host_keys(text: str) -> list[tuple[str, bytes]]:
    """The keys of known_hosts lines, with or without the host name before them. Refuses what is no key."""
    keys = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("@"):
            raise Refused("bad_host_key", f"{words[0]} lines are not used here; write the server's own key")
        place = next((n for n, word in enumerate(words[:2]) if word.startswith(("ssh-", "ecdsa-"))), None)
        try:
            if place is None:
                raise ValueError
            keys.append((words[place], base64.b64decode(words[place + 1], validate=True)))
        except (ValueError, IndexError, binascii.Error):
            raise Refused(
                "bad_host_key", f"{line[:60]!r} is no host key; write a line such as: ssh-ed25519 AAAA..."
            ) from None
    return keys


def fingerprint(key: bytes) -> str:
    """As ssh-keygen -l shows it, so that people can compare it on the phone."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


class SftpWire:
    """One connection to a partner's server. Refuses an unknown or changed host key and a key he does not take."""

    def __init__(self, login: Login) -> None:
        self.login = login
        known, key = host_keys(login.known_hosts), _private_key(login)
        try:
            line = socket.create_connection((login.host, login.port), timeout=CONNECT_SECONDS)
        except OSError as error:
            raise Unreachable(f"{self._server}: {error.strerror or error}") from error
        self._transport = paramiko.Transport(line)
        try:
            self._sftp = self._log_in(known, key)
        except BaseException:
            self._transport.close()
            raise

    @property
    def _server(self) -> str:
        return f"{self.login.host}:{self.login.port}"

    def _log_in(self, known: list[tuple[str, bytes]], key: paramiko.PKey) -> paramiko.SFTPClient:
        session = self._transport
        session.banner_timeout = session.auth_timeout = session.handshake_timeout = CONNECT_SECONDS
        options = session.get_security_options()
        # Ask for the kind of key we know first, as the server may have several.
        wanted = [name for kind, _ in known for name in (RSA if kind == "ssh-rsa" else (kind,))]
        options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in wanted))
        try:
            session.start_client(timeout=CONNECT_SECONDS)
            self._compare(known)
            session.auth_publickey(self.login.user, key)
            sftp = paramiko.SFTPClient.from_transport(session)
        except paramiko.AuthenticationException as error:
            raise Refused(
                "key_refused",
                f"{self._server} does not take our key for user {self.login.user}: send the partner the public "
                f"key {fingerprint(key.asbytes())} again, or correct user and key name ({error})",
            ) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise Unreachable(f"{self._server}: {error or 'the connection was closed'}") from error
        if sftp is None:
            raise Unreachable(f"{self._server}: no SFTP session was opened")
        sftp.get_channel().settimeout(SILENCE_SECONDS)
        return sftp

    def _compare(self, known: list[tuple[str, bytes]]) -> None:
        shown = self._transport.get_remote_server_key()
        body = shown.asbytes()
        if any(body == key for _, key in known):
            return
        line = f"{shown.get_name()} {base64.b64encode(body).decode()}"
        if not known:
            raise Refused(
                "host_key_unknown",
                f"{self._server} shows the host key {fingerprint(body)} and none is entered: compare it with the "
                f"partner by phone, then enter as known host: {line}",
            )
        entered = ", ".join(fingerprint(key) for _, key in known)
        raise Refused(
            "host_key_changed",
            f"{self._server} shows the host key {fingerprint(body)}, entered is {entered}: somebody may stand "
            f"between you and the partner. Ask him whether he changed it; only then enter: {line}",
        )

    def look(self, folder: str) -> list[Remote]:
        with self._told(folder):
            return [_remote(entry.filename, entry) for entry in self._sftp.listdir_attr(folder)]

    def facts(self, path: str) -> Remote | None:
        with self._told(path):
            return self._lstat(path)

    def _lstat(self, path: str) -> Remote | None:
        try:
            return _remote(posixpath.basename(path), self._sftp.lstat(path))
        except FileNotFoundError:
            return None

    def fetch(self, path: str) -> Iterator[bytes]:
        with self._told(path), self._sftp.open(path, "rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    def put(self, path: str, content: bytes, pace: Pace) -> None:
        with self._told(path):
            with self._sftp.open(path, "wb") as stream:
                for start in range(0, len(content), CHUNK):
                    pace()
                    stream.write(content[start : start + CHUNK])
                self._flush(stream)
            written = self._lstat(path)
            if written is None or written.size != len(content):
                raise Unreachable(f"{self._server}: {path} was not stored whole")

    def _flush(self, stream: paramiko.SFTPFile) -> None:
        """Asks OpenSSH to bring the file to its disk; other servers do not know the request."""
        with contextlib.suppress(OSError):
            self._sftp._request(CMD_EXTENDED, "fsync@openssh.com", stream.handle)

    def publish(self, hidden: str, path: str) -> None:
        with self._told(path):
            try:
                self._sftp.posix_rename(hidden, path)
            except OSError as error:
                if error.errno is not None or self._lstat(hidden) is None:
                    raise
                # No posix-rename here. The plain one does not replace, so an earlier file may be in the way.
                self._rename_or_unique(hidden, path)

    def _rename_or_unique(self, hidden: str, path: str) -> None:
        try:
            self._sftp.rename(hidden, path)
        except OSError:
            if self._lstat(path) is None or self._lstat(hidden) is None:
                raise
            total = hashlib.sha256()
            for chunk in self.fetch(hidden):
                total.update(chunk)
            self._sftp.rename(hidden, unique_name(path, total.hexdigest()))

    def rename_new(self, path: str, target: str) -> None:
        with self._told(path):
            if self._lstat(target) is not None:
                raise FileExistsError(errno.EEXIST, "the name is taken", target)
            self._sftp.rename(path, target)

    def remove(self, path: str) -> None:
        with self._told(path), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(path)

    def close(self) -> None:
        self._transport.close()

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """The server's words in ours; a taken name stays what it is."""
        try:
            yield
        except FileExistsError:
            raise
        except TimeoutError as error:
            raise Unreachable(f"{self._server}: silent for {SILENCE_SECONDS:.0f} s at {path}") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            told = getattr(error, "strerror", None) or str(error) or "the connection was cut"
            fault = FileFault if self._transport.is_active() else Unreachable
            raise fault(f"{self._server}: {path}: {told}") from error


def _private_key(login: Login) -> paramiko.PKey:
    try:
        passphrase = login.passphrase.encode() if login.passphrase else None
        return paramiko.PKey.from_path(str(login.key_file), passphrase)
    except FileNotFoundError:
        raise Refused(
            "key_missing",
            f"there is no private key {login.key_file.name} in the secrets folder; put it there",
        ) from None
    except (
        OSError,
        ValueError,
        TypeError,
        paramiko.SSHException,
        paramiko.PasswordRequiredException,
    ) as error:
        raise Refused(
            "key_unreadable",
            f"the private key {login.key_file.name} cannot be used: {error}; check file, owner and passphrase",
        ) from None


def _remote(name: str, facts: paramiko.SFTPAttributes) -> Remote:
    return Remote(name, stat.S_ISREG(facts.st_mode or 0), facts.st_size or 0, int(facts.st_mtime or 0))
