"""LANGUAGE: the badge speaks the plant's next language from now on, at every station and on every page."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.languages import following, name_of
from sequencer.services.scans.flow import EVERYWHERE, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.speech import choose_language
from sequencer.services.verdicts import Judged


class Language(Flow):
    """One scan, one language further; also while the station is locked, for who cannot read why."""

    command = "LANGUAGE"
    kinds = EVERYWHERE
    when_locked = True
    title = gettext_noop("The next language, kept with the badge")

    def begin(self, judging: Judging) -> Judged:
        """Writes the badge of who is signed on; the answer comes in the new language. Refuses nothing."""
        code = following(translation.get_language())
        person = judging.station.operator
        assert person is not None  # without a badge no command is judged
        choose_language(person, code)
        translation.activate(code)
        return Judged("OK", "LANGUAGE", seen=name_of(code), hint=_("This badge speaks English now"))
