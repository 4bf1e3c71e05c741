"""ANDON: the operator needs somebody. One scan calls; the helper's badge at the station ends it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.services.andon import call_help
from sequencer.services.scans.flow import Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged


class Andon(Flow):
    command = "ANDON"
    title = gettext_noop("Call for help")
    when_locked = True

    def begin(self, judging: Judging) -> Judged:
        called = call_help(judging.station, at=judging.at)
        hint = _("Help is called; the helper scans a badge here") if called else _("Help is called already")
        return Judged("OK", "ANDON", hint=hint, sound="check")
