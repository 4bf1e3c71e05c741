"""The challenge labels of a station, to laminate and hang where its scanner hangs."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.errors import Refused
from sequencer.documents import pdf
from sequencer.documents.drawing import draw
from sequencer.documents.facts import Card, Section, Sheet
from sequencer.languages import speaking_on_paper
from sequencer.models import ChallengeLabel, Station
from sequencer.spoken import spoken


def challenge_sheet(station: Station) -> bytes:
    """A PDF of the labels with the command before them. Refuses a station without any."""
    labels = ChallengeLabel.objects.filter(station=station, active=True).order_by("kind", "pk")
    cards = tuple(Card(label.name, label.raw, label.get_kind_display()) for label in labels)
    if not cards:
        raise Refused(
            "no_challenge",
            _("%(station)s has no challenge label; an administrator adds them in Admin")
            % {"station": station.code},
        )
    with speaking_on_paper():
        first = Section(_("First"), (Card(spoken("CHALLENGE"), "%C:CHALLENGE"),))
        sheet = Sheet(
            f"{station.code} · {station.name}",
            _("Controlled. Each of these must be REFUSED at shift start"),
            (first, Section(_("Then each of these"), cards)),
        )
        return pdf.render(draw("commands-a4", sheet, say=_))
