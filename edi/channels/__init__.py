"""Wires to partners beside the folders of the spool: SFTP, sockets, folders and gateways of other programs."""

from edi.channels.claims import ChannelLost, Hold, Stopped, hold
from edi.channels.entry import configured
from edi.channels.running import Runner, work_once
from edi.channels.trial import try_channel
from edi.channels.turns import Works

__all__ = [
    "ChannelLost",
    "Hold",
    "Runner",
    "Stopped",
    "Works",
    "configured",
    "hold",
    "try_channel",
    "work_once",
]
