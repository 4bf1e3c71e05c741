"""Tries a channel without carrying anything: what a person asks for after he entered it."""

from __future__ import annotations

import socket

from edi.channels.entry import LOCAL, LOOPBACK, configured, fetches, open_wire, sends
from edi.models import PartnerChannel
from edi.states import AfterFetch, ChannelKind
from inventory.errors import Refused, Unreachable


def try_channel(channel: PartnerChannel) -> str:
    """Connects, compares the host key, logs in and looks into each folder; a sentence of what was found.

    Writes nothing on either side, active or not. Refuses and raises `Unreachable` as the channel itself would.
    """
    configured(channel)
    if channel.kind == ChannelKind.TCP_LISTEN:
        return _try_door(channel)
    wire = open_wire(channel)
    try:
        seen = []
        if fetches(channel):
            files = sum(item.regular for item in wire.look(channel.in_folder))
            seen.append(f"{files} files wait in {channel.in_folder}")
            if channel.after_fetch == AfterFetch.ARCHIVE and channel.kind not in LOCAL:
                wire.look(channel.archive_folder)
        if sends(channel):
            wire.look(channel.out_folder)
            seen.append(f"{channel.out_folder} is there")
        for folder in (channel.receipt_folder, channel.taken_folder):
            if channel.kind == ChannelKind.GATEWAY and folder:
                wire.look(folder)
                seen.append(f"{folder} is there")
    finally:
        wire.close()
    return "it works: " + ", ".join(seen)


def _try_door(channel: PartnerChannel) -> str:
    host, port = channel.host or LOOPBACK, channel.port
    if channel.active:
        try:
            socket.create_connection((host, port), timeout=3).close()
        except OSError as error:
            raise Unreachable(
                f"nobody listens on {host}:{port}; see whether edi_channels runs ({error})"
            ) from None
        return f"it works: {host}:{port} listens"
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise Refused(
            "cannot_listen", f"{host}:{port} cannot be listened on: {error.strerror or error}"
        ) from None
    return f"{host}:{port} is free to listen on"
