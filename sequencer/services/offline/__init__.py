"""Work while the server cannot be reached: the signed pack before, the replay after."""

from sequencer.services.offline.pack import standing_of, work_pack
from sequencer.services.offline.replay import KeptScan, give_up, replay
from sequencer.services.offline.signing import public_key, sign

__all__ = ["KeptScan", "give_up", "public_key", "replay", "sign", "standing_of", "work_pack"]
