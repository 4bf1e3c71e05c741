"""The sequencing steps: the list in the order runs take them, and one step with all it can be told."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Unknown
from scheduling.boards.plan import plan_in_hand
from scheduling.forms import StepForm, knows
from scheduling.models import PlanningRules, SequencingStep
from scheduling.services.steps import delete_step, move_step, save_step, switch_step
from scheduling.step_words import TYPES
from sequencer.access import guarded
from sequencer.views.board import acted, person


@guarded
@require_safe
def steps(request: HttpRequest) -> HttpResponseBase:
    page = {
        "section": "schedule",
        "tab": "steps",
        "plan": plan_in_hand(),
        "rules": PlanningRules.objects.first(),
    }
    return render(request, "scheduling/steps.html", page | _list())


@guarded
@require_safe
def steps_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "scheduling/_steps.html", _list())


def _list() -> dict[str, object]:
    names = dict(TYPES)
    rows = [(step, names[step.type]) for step in SequencingStep.objects.select_related("work_centre")]
    return {"rows": rows}


@guarded
def step(request: HttpRequest, step_id: int | None = None) -> HttpResponseBase:
    """One step, or a new one: entered, judged by the engine, stored."""
    stored = _found(step_id) if step_id else SequencingStep(number=_next_number())
    form = StepForm(request.POST or None, instance=stored)
    if request.method == "POST" and form.is_valid():
        save_step(form.instance, by=person(request).get_username(), at=timezone.now())
        return redirect("schedule-steps")
    page = {
        "section": "schedule", "tab": "steps", "plan": plan_in_hand(), "form": form,
        "step": stored if step_id else None,
        "known_by": {name: " ".join(kind for kind, _words in TYPES if knows(kind, name)) for name in form.fields},
    }  # fmt: skip
    return render(request, "scheduling/step.html", page, status=422 if form.errors else 200)


@guarded
@require_POST
def step_act(request: HttpRequest, step_id: int, act: str) -> HttpResponseBase:
    """Switch on or off, earlier, later, delete."""
    by, at = person(request).get_username(), timezone.now()
    if act in ("on", "off"):
        switch_step(step_id, enabled=act == "on", by=by, at=at)
    elif act in ("earlier", "later"):
        move_step(step_id, earlier=act == "earlier", by=by, at=at)
    elif act == "delete":
        delete_step(step_id, reason=request.POST.get("reason", ""), by=by, at=at)
    else:
        raise Unknown("no_act", _("There is no such act."), act=act)
    return acted()


@guarded
@require_safe
def step_delete(request: HttpRequest, step_id: int) -> HttpResponseBase:
    return render(request, "scheduling/_step_delete.html", {"step": _found(step_id)})


def _found(step_id: int) -> SequencingStep:
    found = SequencingStep.objects.filter(pk=step_id).first()
    if found is None:
        raise Unknown("no_step", _("That step is gone."), step=step_id)
    return found


def _next_number() -> int:
    last = SequencingStep.objects.order_by("-number").first()
    return 10 if last is None else last.number // 10 * 10 + 10
