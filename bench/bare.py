"""Settings of the least a web application can do: know who posts, write one row. Scan verdicts are held against it.

`bench.scan_verdict` starts a process with them beside the real one; the plant never loads this.
"""

from sequencer.settings import *  # noqa: F403 - the plant's own settings with other addresses

ROOT_URLCONF = "bench.bare_urls"
