"""Places where a test lets the process die as a power cut would.

`JIS_FAILPOINT=after_commit:3` ends the process with status 137 at the third time it gets there. A plant
that runs with `JIS_PRODUCTION` refuses to start with the variable set.
"""

from __future__ import annotations

import os

from sequencer import env

NAMES = (
    "after_list", "after_claim", "after_read", "after_insert_raw", "before_commit", "after_commit",
    "before_archive", "after_archive", "out_tmp", "out_fsync", "out_rename", "before_mark",
)  # fmt: skip
# Of a channel that fetches, in this order.
CHANNEL_NAMES = ("sftp_listed", "sftp_fetched", "sftp_booked", "sftp_placed", "sftp_marked", "sftp_cleared")


def read_setting(value: str, *, production: bool) -> tuple[str, int] | None:
    """The armed failpoint and the count at which it fires; refuses unknown names and production."""
    if not value:
        return None
    if production:
        raise env.EnvError("JIS_FAILPOINT is set in production; unset it")
    name, _, count = value.partition(":")
    if name not in (*NAMES, *CHANNEL_NAMES) or not (count or "1").isdigit():
        raise env.EnvError(
            f"JIS_FAILPOINT={value!r}: write one of {', '.join((*NAMES, *CHANNEL_NAMES))}, then :count"
        )
    return name, int(count or "1")


_armed = read_setting(os.environ.get("JIS_FAILPOINT", ""), production=env.flag("JIS_PRODUCTION", False))
_reached = 0


def reach(name: str) -> None:
    """Ends the process here when this failpoint is armed and its count is reached; otherwise does nothing."""
    global _reached
    if _armed is None or _armed[0] != name:
        return
    _reached += 1
    if _reached == _armed[1]:
        os._exit(137)
