"""Everything a station does over several scans, and what is asked before and shown above every scan.

A new flow is a module beside this one and a line in `FLOWS`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.services.andon import andon_banner
from sequencer.services.bypass import bypass_banner
from sequencer.services.flows.andon import Andon
from sequencer.services.flows.boxes import Box, BoxAside, EmptyBox
from sequencer.services.flows.challenge import Challenge, challenge_banner, challenge_due
from sequencer.services.flows.hold import quality_hold
from sequencer.services.flows.language import Language
from sequencer.services.flows.loading import Place, lost_carrier
from sequencer.services.flows.missing import Missing
from sequencer.services.flows.moves import Moves, moves_waiting
from sequencer.services.flows.override import OverrideFlow
from sequencer.services.flows.paper import Paper
from sequencer.services.flows.repack import Repack
from sequencer.services.flows.repair import Repair, Repaired
from sequencer.services.flows.reprint import Reprint
from sequencer.services.flows.returned import OemReturn
from sequencer.services.flows.scrap import Scrap
from sequencer.services.flows.sealed import ReopenRack, ShipAsIs
from sequencer.services.flows.short import Short
from sequencer.services.flows.swap import Swap
from sequencer.services.flows.take_out import TakeOut
from sequencer.services.flows.unload import Unload
from sequencer.services.overrides import override_banner
from sequencer.services.quality import hold_banner
from sequencer.services.scans.flow import Banner, Flow, Gate
from sequencer.services.sets import broken_banner

FLOWS: Mapping[str, Flow] = {
    flow.command: flow
    for flow in (
        Missing(),
        Scrap(),
        Repair(),
        Repaired(),
        Swap(),
        Repack(),
        TakeOut(),
        OemReturn(),
        Andon(),
        Reprint(),
        Language(),
        Place(),
        Short(),
        Unload(),
        Moves(),
        ReopenRack(),
        ShipAsIs(),
        OverrideFlow(),
        Challenge(),
        Box(),
        BoxAside(),
        EmptyBox(),
        Paper(),
    )
}

# Asked in this order before a rack, part or slot label is judged; the first answer stands.
GATES: tuple[Gate, ...] = (challenge_due, lost_carrier, quality_hold)

# Shown above the station, its line's boards and its dock.
BANNERS: tuple[Banner, ...] = (
    moves_waiting,
    andon_banner,
    override_banner,
    bypass_banner,
    challenge_banner,
    hold_banner,
    broken_banner,
)
