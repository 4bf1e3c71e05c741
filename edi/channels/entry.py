"""Whether a channel is entered so that it can work, and what it takes to open its wire.

Secrets are files in the secrets folder (`JIS_SECRETS`), hosts stand on `JIS_PARTNER_HOSTS`, folders of other programs
below `JIS_PARTNER_FOLDERS`: whoever may edit a channel cannot reach anything the plant's administrator did not allow.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
from pathlib import Path

from django.conf import settings

from edi.channels.wires import FolderWire, Wire
from edi.models import PartnerChannel
from edi.services.outbound import by_channel
from edi.states import AfterFetch, ChannelKind
from inventory.errors import Refused

SFTP = (ChannelKind.SFTP_PULL, ChannelKind.SFTP_PUSH)
LOCAL = (ChannelKind.FOLDER, ChannelKind.GATEWAY)
LOOPBACK = "127.0.0.1"
# How a channel fetches; SFTP_PUSH never does, whatever folder is entered.
FETCHING = (ChannelKind.SFTP_PULL, *LOCAL)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def fetches(channel: PartnerChannel) -> bool:
    return channel.kind in FETCHING and bool(channel.in_folder)


def sends(channel: PartnerChannel) -> bool:
    return channel.kind in (ChannelKind.SFTP_PUSH, *LOCAL) and bool(channel.out_folder)


def configured(channel: PartnerChannel) -> None:
    """Refuses, with what to enter, a channel that cannot work or would reach where it must not."""
    if channel.test_side != channel.partner.test_partner:
        side = "productive" if channel.test_side else "a test partner"
        raise Refused(
            "wrong_side",
            f"partner {channel.partner} is {side}: set the same test side on channel and partner",
        )
    try:
        re.compile(channel.file_pattern)
    except re.error as error:
        raise Refused(
            "bad_pattern", f"file pattern {channel.file_pattern!r} is no expression: {error}"
        ) from None
    if channel.kind == ChannelKind.TCP_LISTEN:
        _listening(channel)
    elif channel.kind in SFTP:
        _sftp(channel)
    else:
        _local(channel)
    if channel.kind != ChannelKind.TCP_LISTEN and fetches(channel):
        _fetching(channel)
    if sends(channel):
        _sending(channel)


def _missing(field: str, why: str) -> Refused:
    return Refused("field_missing", f"enter {field}: {why}")


def _sftp(channel: PartnerChannel) -> None:
    if not channel.host or not channel.user or not channel.key_name:
        raise _missing("host, user and key name", "an SFTP channel logs in with a key")
    allowed_host(channel.host)
    # Loaded where a channel needs it: few processes of a plant speak SFTP.
    from edi.channels.sftp import host_keys

    host_keys(channel.known_hosts)
    if channel.kind == ChannelKind.SFTP_PULL and not channel.in_folder:
        raise _missing(
            "in folder", "it names the folder on the partner's server that we empty; . is its first"
        )
    if channel.kind == ChannelKind.SFTP_PUSH and not channel.out_folder:
        raise _missing(
            "out folder", "it names the folder on the partner's server that we fill; . is its first"
        )


def allowed_host(host: str) -> None:
    """Refuses a host that is not on the list of the plant's administrator."""
    if host.lower() not in (name.lower() for name in settings.EDI_PARTNER_HOSTS):
        raise Refused(
            "host_not_allowed",
            f"{host} is not on the list of partner hosts: the administrator adds it to JIS_PARTNER_HOSTS",
        )


def _local(channel: PartnerChannel) -> None:
    if not channel.in_folder and not channel.out_folder:
        raise _missing("in folder or out folder", "the channel does nothing without either")
    wire = FolderWire(folder_roots())
    named = (channel.in_folder, channel.out_folder, channel.receipt_folder, channel.taken_folder)
    for folder in filter(None, named):
        wire.folder(folder)


def folder_roots() -> list[Path]:
    return [Path(name) for name in settings.EDI_PARTNER_FOLDERS]


def _fetching(channel: PartnerChannel) -> None:
    if channel.after_fetch == AfterFetch.ARCHIVE and not channel.archive_folder:
        raise _missing("archive folder", "fetched files are moved there; or choose DELETE or KEEP")


def _sending(channel: PartnerChannel) -> None:
    others = [one for one in by_channel().filter(partner=channel.partner_id, active=True) if one != channel]
    if channel.active and others:
        raise Refused(
            "two_ways_out", f"{others[0]} sends to {channel.partner} already; one of them must be inactive"
        )


# listening


def _listening(channel: PartnerChannel) -> None:
    host = channel.host or LOOPBACK
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise Refused("bad_address", f"{host} is no address of this machine; write it as 10.1.2.3") from None
    if not address.is_loopback and host not in settings.EDI_LISTEN_ADDRESSES:
        raise Refused(
            "address_not_allowed",
            f"listening on {host} is not allowed: the administrator adds it to JIS_LISTEN_ADDRESSES",
        )
    if not address.is_loopback and not channel.peers.strip():
        raise _missing("peers", "who may connect from outside of this machine, as 10.1.2.0/24")
    peer_networks(channel)
    answer_bytes(channel.ack, "ack")
    answer_bytes(channel.nak.replace("{reason}", ""), "nak")
    if not channel.ack:
        raise _missing("ack", "without an answer the partner cannot know that a telegram is safe")


def peer_networks(channel: PartnerChannel) -> list[Network]:
    """Who may connect; this machine alone when nobody is entered."""
    try:
        return [ipaddress.ip_network(word) for word in channel.peers.split() or ["127.0.0.0/8", "::1/128"]]
    except ValueError as error:
        raise Refused("bad_peers", f"peers: {error}; write addresses such as 10.1.2.0/24") from None


def answer_bytes(text: str, field: str) -> bytes:
    r"""The bytes of an answer written with escapes such as \x06 or \r\n."""
    try:
        return codecs.escape_decode(text.encode("latin-1"))[0]
    except (ValueError, UnicodeEncodeError) as error:
        raise Refused("bad_answer", rf"{field}: {error}; write bytes such as \x06 or OK\r\n") from None


# opening


def secret_file(name: str) -> Path:
    """A file of the secrets folder. Refuses a name that leads elsewhere and a file that others may read."""
    folder = Path(settings.EDI_SECRETS_DIR)
    path = folder / name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise Refused("bad_secret_name", f"{name!r} is no name of a file in the secrets folder")
    if path.is_file() and path.stat().st_mode & 0o007:
        raise Refused("secret_open", f"other users of this machine may touch {name}: chmod o= {name}")
    return path


def _passphrase(channel: PartnerChannel) -> str | None:
    if not channel.passphrase_name:
        return None
    try:
        return secret_file(channel.passphrase_name).read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        name = channel.passphrase_name
        raise Refused(
            "passphrase_missing", f"{name} in the secrets folder cannot be read; put it there"
        ) from None


def open_wire(channel: PartnerChannel) -> Wire:
    """The wire of a channel, connected. Refuses what `configured` refuses, and an unknown host key."""
    configured(channel)
    if channel.kind in LOCAL:
        return FolderWire(folder_roots())
    from edi.channels.sftp import Login, SftpWire

    return SftpWire(
        Login(
            host=channel.host,
            port=channel.port,
            user=channel.user,
            key_file=secret_file(channel.key_name),
            passphrase=_passphrase(channel),
            known_hosts=channel.known_hosts,
        )
    )
