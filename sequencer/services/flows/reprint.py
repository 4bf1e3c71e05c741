"""REPRINT: a label is torn or lost. The new one makes the old one void; who, when and why stay with both."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.documents.envelope import label_number
from sequencer.labels import Kind
from sequencer.models import LabelRecord, PrintJob, Rack, Slot, Station, Unit
from sequencer.models.printing import subject_type
from sequencer.services import printing
from sequencer.services.flows.pieces import units_named
from sequencer.services.printing import DocumentKind
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.verdicts import Judged
from sequencer.spoken import spoken
from sequencer.states import BOUND_RACKS, PrintStatus

REASONS = ("TORN", "UNREADABLE", "LOST", "NOT-PRINTED")
THING, REASON = "THING", "REASON"
Subject = Unit | Slot | Rack


class Reprint(Flow):
    """REPRINT, the thing (its label, its slot or its rack), the reason. A reason at once means the last paper here."""

    command = "REPRINT"
    title = gettext_noop("Print a label again, the old one is void")

    def begin(self, judging: Judging) -> Judged:
        judging.wait(self, THING)
        return Judged("OK", "REPRINT", hint=_("Scan what it belongs to, or the reason"), sound="wait")

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        cards = tuple((spoken(word), f"%M:{word}", "command") for word in REASONS)
        if state.startswith(REASON):
            return Ask("REASON", _("SCAN THE REASON"), _("why it is printed again, or BACK"), cards)
        return Ask(
            "THING",
            _("SCAN PIECE, SLOT OR RACK"),
            _("or a reason: the last paper here"),
            cards,
        )

    def step(self, judging: Judging, state: str) -> Judged:
        label = judging.label
        if state == THING and label.kind is not Kind.REASON:
            kind, subject = self.thing(judging)
            judging.wait(self, f"{REASON}:{kind}:{subject.pk}")
            return Judged("OK", "REPRINT", seen=str(subject), hint=_("Scan the reason"), sound="wait")
        if label.kind is not Kind.REASON or label.value not in REASONS:
            return Judged(
                "NOT_NOW", "REASON", seen=label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        job = last_here(judging.station) if state == THING else job_of(*self.read(state))
        by, at, reason = str(judging.station.operator), judging.at, label.value.lower()
        if job is not None:
            new = printing.reprint(job.pk, at=at, by=by, reason=reason)
        else:
            kind, subject = self.read(state)
            new = printing.print_document(kind, subject, at=at, by=by, station=judging.station, reason=reason)
        judging.leave()
        told = (
            _("%(paper)s printed again; the old one is void") if job is not None else _("%(paper)s printed")
        )
        failed = f" · {new.problem}" if new.status == PrintStatus.FAILED else ""
        return Judged(
            "OK", "REPRINT", seen=new.subject, hint=told % {"paper": new.subject} + failed, sound="check"
        )

    def thing(self, judging: Judging) -> tuple[DocumentKind, Subject]:
        """Whose label it is. Refuses what has none."""
        label, number = judging.label, label_number(judging.raw)
        if number is not None:
            record = LabelRecord.objects.select_related("job").filter(number=number).first()
            if record is not None:
                return self.read(f"{REASON}:{record.kind}:{record.subject_id}")
        if label.kind is Kind.CARRIER:
            rack = Rack.objects.filter(carrier__code=label.value, status__in=sorted(BOUND_RACKS)).first()
            if rack is not None:
                return DocumentKind.RACK_LABEL, rack
        if label.kind is Kind.SLOT and judging.station.rack_id is not None:
            slot = Slot.objects.filter(rack=judging.station.rack_id, number=label.slot or 0).first()
            if slot is not None and slot.group_id is not None:
                return DocumentKind.SEQUENCE_LABEL, slot
        if label.kind is Kind.GOODS and label.serial:
            found = units_named(label)
            if len(found) == 1:
                return DocumentKind.PART_LABEL, found[0]
        raise Refused("nothing_to_print", _("%(label)s has no label of ours") % {"label": label.shown})

    def read(self, state: str) -> tuple[DocumentKind, Subject]:
        """The thing a state names; refuses the last paper of a station that never printed one."""
        parts = state.split(":")
        if len(parts) != 3:
            raise Refused(
                "nothing_to_print", _("This station has printed nothing yet; scan the piece, slot or rack")
            )
        kind = DocumentKind(parts[1])
        models: dict[DocumentKind, type[Unit] | type[Slot] | type[Rack]] = {
            DocumentKind.PART_LABEL: Unit,
            DocumentKind.NOK_STICKER: Unit,
            DocumentKind.SEQUENCE_LABEL: Slot,
        }
        return kind, models.get(kind, Rack).objects.get(pk=int(parts[2]))


def last_here(station: Station) -> PrintJob | None:
    """The newest paper this station asked for that still counts."""
    jobs = PrintJob.objects.filter(station=station).exclude(status=PrintStatus.VOID)
    return jobs.order_by("-pk").first()


def job_of(kind: DocumentKind, subject: Subject) -> PrintJob | None:
    jobs = PrintJob.objects.filter(subject_type=subject_type(subject), subject_id=subject.pk, kind=kind)
    return jobs.exclude(status=PrintStatus.VOID).order_by("-pk").first()
