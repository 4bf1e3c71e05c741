"""Barcodes to laminate: every command of every flow with its reasons, the slots and the badges of a station."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.documents.facts import Card, Section, Sheet
from sequencer.labels import KEYBOARD_TEST
from sequencer.models import Badge, Station
from sequencer.spoken import spoken

if TYPE_CHECKING:
    from sequencer.services.scans.flow import Flow

# Commands that are no flow: what each station's own steps understand.
PLAIN = {
    Station.Kind.PACK: (
        ("SEAL", gettext_noop("the rack is full")),
        ("RETURN", gettext_noop("hangs on the return bin: the wrong part lies in it")),
        ("BACK", gettext_noop("out of a command")),
        ("SUPERVISOR", gettext_noop("then badge and PIN")),
        ("CHANGE-OPERATOR", gettext_noop("then the new badge")),
    ),
    Station.Kind.DOCK: (
        ("DEPART", gettext_noop("the truck leaves, the ASN goes")),
        ("BACK", gettext_noop("out of a command")),
        ("SUPERVISOR", gettext_noop("then badge and PIN")),
        ("CHANGE-OPERATOR", gettext_noop("then the new badge")),
    ),
}
# After the part of a box: the whole pack, or a count; others are typed.
COUNTS = (("PACK", "PACK"), *((str(n), str(n)) for n in (*range(1, 13), 20, 24, 25, 50, 100)))
PEOPLE = {Station.Kind.PACK: ("operator", "supervisor"), Station.Kind.DOCK: ("logistics", "supervisor")}


def commands(station: Station) -> Sheet:
    """Everything that can be scanned at this station beside goods: nothing there needs a keyboard."""
    kind = Station.Kind(station.kind)
    flows = list(_flows(kind))
    plain = [Card(spoken(word), f"%C:{word}", _(hint)) for word, hint in PLAIN[kind]]
    sections = [
        # It stands first: who finds the screen strange scans it before anything else.
        Section(_("Before anything else"), (_keyboard(),), columns=1),
        Section(
            _("Commands"), (*plain, *(Card(spoken(f.command), f"%C:{f.command}", _(f.title)) for f in flows))
        ),
        *(
            Section(_("Reasons for %(command)s") % {"command": spoken(f.command)}, _reasons(f))
            for f in flows
            if reasons_of(f)
        ),
        *(
            Section(_("%(command)s on one label") % {"command": spoken(f.command)}, _ready(f), columns=1)
            for f in flows
            if f.ready
        ),
    ]
    if kind is Station.Kind.PACK:
        sections.append(
            Section(_("How many"), tuple(Card(spoken(words), f"%Q:{value}") for words, value in COUNTS))
        )
        sections.append(
            Section(
                _("Slots"), tuple(Card(_("SLOT %(slot)s") % {"slot": n}, f"%L:{n}") for n in _slots(station))
            )
        )
    elif places := _places(station):
        sections.append(Section(_("Places in the trailer"), places))
    sections.append(Section(_("Badges"), _people(kind)))
    return Sheet(
        f"{station.code} · {station.name}",
        _("Laminate, and hang it where the scanner hangs"),
        tuple(sections),
    )


def _keyboard() -> Card:
    return Card(_("KEYBOARD TEST"), KEYBOARD_TEST, _("does the computer read what the scanner types?"))


def _flows(kind: str) -> Iterator[Flow]:
    # Flows print papers themselves, so they are looked at when a sheet is made and not before.
    from sequencer.services.flows import FLOWS

    own = {word for word, __ in PLAIN[Station.Kind(kind)]}
    for flow in FLOWS.values():
        if flow.printed and kind in flow.kinds and flow.command not in own:
            yield flow


def reasons_of(flow: Flow) -> tuple[str, ...]:
    """The reasons a flow takes: the tuples named ...REASONS of the module it is written in, each once."""
    module = vars(sys.modules[type(flow).__module__])
    found = (value for name, value in module.items() if name.endswith("REASONS"))
    return tuple(dict.fromkeys(str(word) for words in found for word in words))


def _reasons(flow: Flow) -> tuple[Card, ...]:
    return tuple(
        Card(spoken(word), f"%M:{word}", _("after %(command)s") % {"command": spoken(flow.command)})
        for word in reasons_of(flow)
    )


def _slots(station: Station) -> range:
    return range(1, station.commodity.rack_type.capacity + 1) if station.commodity else range(0)


def _ready(flow: Flow) -> tuple[Card, ...]:
    return tuple(
        Card(spoken(words[0]), f"%C:{flow.command}:{tail}", " · ".join(map(spoken, words[1:])))
        for tail, words in flow.ready
    )


def _places(station: Station) -> tuple[Card, ...]:
    """The places of the trailers that usually come to this door; each label names the door as well."""
    trailer = station.unloading_point.trailer_type if station.unloading_point else None
    if trailer is None or not trailer.scan_place:
        return ()
    spots = sorted(trailer.layout.spot(n) for n in range(1, trailer.layout.capacity + 1))
    return tuple(
        Card(
            _("PLACE %(lane)s-%(place)s") % {"lane": lane, "place": place},
            f"%Z:{station.code}:{lane}-{place}",
        )
        for lane, place in spots
    )


def _people(kind: str) -> tuple[Card, ...]:
    groups = PEOPLE[Station.Kind(kind)]
    found = Badge.objects.filter(active=True, user__is_active=True, user__groups__name__in=groups)
    return tuple(_badge(badge) for badge in found.select_related("user").distinct().order_by("code"))


def _badge(badge: Badge) -> Card:
    return Card(badge.user.get_full_name() or badge.user.get_username(), f"%B:{badge.code}", _("badge"))


def badges(subject: Badge | Station) -> Sheet:
    """One person's badge, or those of everybody who works at a station."""
    if isinstance(subject, Badge):
        return Sheet(_("Badge"), _("Cut out and laminate"), (Section("", (_badge(subject),)),))
    kind = Station.Kind(subject.kind)
    return Sheet(
        _("Badges for %(station)s") % {"station": subject.code},
        _("Cut out and laminate"),
        (Section("", _people(kind)),),
    )
