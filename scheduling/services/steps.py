"""The sequencing steps: stored, switched, reordered, removed. Plans made before keep the steps they ran."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Unknown
from scheduling.models import SequencingStep
from scheduling.steps import refused_entry
from sequencer.services.journal import record_event

TOPIC = "schedule"


def save_step(step: SequencingStep, *, by: str, at: datetime) -> SequencingStep:
    """Stores a step the engine takes. Refuses (422) with the engine's sentence."""
    sentence = refused_entry(step)
    if sentence:
        raise Invalid("step_refused", sentence)
    with transaction.atomic(durable=True):
        step.save()
        record_event(TOPIC, "step_saved", str(step), at=at, by=by, step=step.number, type=step.type)
    return step


def switch_step(step_id: int, *, enabled: bool, by: str, at: datetime) -> SequencingStep:
    """Lets runs use a step or leave it out. One of a type that is not built yet cannot be switched on."""
    with transaction.atomic(durable=True):
        step = _locked(step_id)
        step.enabled = enabled
        sentence = refused_entry(step)
        if enabled and sentence:
            raise Invalid("step_refused", sentence)
        step.save(update_fields=["enabled"])
        record_event(TOPIC, "step_switched", str(step), at=at, by=by, step=step.number, enabled=enabled)
    return step


def move_step(step_id: int, *, earlier: bool, by: str, at: datetime) -> None:
    """Changes places with the step before or behind it; refused at the end of the list. Locks both."""
    with transaction.atomic(durable=True):
        steps = list(SequencingStep.objects.select_for_update().order_by("number"))
        at_place = next((n for n, step in enumerate(steps) if step.pk == step_id), None)
        if at_place is None:
            raise _gone(step_id)
        other = at_place + (-1 if earlier else 1)
        if not 0 <= other < len(steps):
            raise Invalid("last_step", _("It is at the end already."))
        one, two = steps[at_place], steps[other]
        numbers = one.number, two.number
        # Numbers are unique: one steps aside while the other takes its place.
        SequencingStep.objects.filter(pk=one.pk).update(number=steps[-1].number + 1)
        SequencingStep.objects.filter(pk=two.pk).update(number=numbers[0])
        SequencingStep.objects.filter(pk=one.pk).update(number=numbers[1])
        record_event(TOPIC, "step_moved", str(one), at=at, by=by, before=numbers[0], after=numbers[1])


def delete_step(step_id: int, *, by: str, reason: str, at: datetime) -> None:
    """Removes a step for good; switching it off keeps its entries. Refused without a reason."""
    if not reason.strip():
        raise Invalid("no_reason", _("Say why."))
    with transaction.atomic(durable=True):
        step = _locked(step_id)
        told = str(step)
        step.delete()
        record_event(TOPIC, "step_deleted", told, at=at, by=by, reason=reason.strip())


def _locked(step_id: int) -> SequencingStep:
    step = SequencingStep.objects.select_for_update(of=("self",)).filter(pk=step_id).first()
    if step is None:
        raise _gone(step_id)
    return step


def _gone(step_id: int) -> Unknown:
    return Unknown("no_step", _("That step is gone."), step=step_id)
