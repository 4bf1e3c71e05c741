"""The form of a sequencing step. The engine itself judges the entries, so a step that is saved can be run."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scheduling.engine.problem import PARAMETERS
from scheduling.models import SequencingStep
from scheduling.step_words import TYPES, WORDS
from scheduling.steps import refused_at

SECTIONS = (
    ("", ("number", "type", "description", "enabled", "work_centre", "horizon_days")),
    (gettext_lazy("Groups"), (
        "group_from", "group_to", "max_group_hours", "respect_delay_calendar", "max_operation_hours",
        "max_resource_hours", "same_schedule_number", "break_if_delay", "common_resources_only",
    )),
    (gettext_lazy("Order inside a group"), ("seq_from", "seq_to", "order_by", "sort")),
    (gettext_lazy("Gaps"), ("gap_control", "max_gap_centihours")),
    (gettext_lazy("Of this type"), ("lambda", "never_later", "profile", "batch_size", "levels")),
)  # fmt: skip
CHOICES = {
    "type": TYPES,
    "gap_control": (
        ("", gettext_lazy("accept every gap")),
        ("S", gettext_lazy("S: into the next group")),
        ("P", gettext_lazy("P: postpone, then into the next group")),
        ("Y", gettext_lazy("Y: close the group, begin another")),
    ),
    "order_by": (("sort", gettext_lazy("sort")), ("group", gettext_lazy("group"))),
    "sort": (
        ("", gettext_lazy("as listed")),
        ("standard", gettext_lazy("by the key alone")),
        ("planned_start", gettext_lazy("planned start")),
        ("latest_start", gettext_lazy("latest start")),
    ),
}
# Kept in the step's `more`: how it is entered. JSON for what has no shape of its own here.
MORE = ("lambda", "never_later", "profile", "batch_size", "levels")
KNOWN_BY = {name: frozenset(kinds) for name, _plain, kinds in PARAMETERS}


def knows(kind: str, name: str) -> bool:
    """Whether a step of that type has the parameter; what is not in the engine's table, every type has."""
    return name not in KNOWN_BY or kind in KNOWN_BY[name]


class StepForm(forms.ModelForm):
    """A step with each parameter as a field; a refusal of the engine stands at the field it is about."""

    never_later = forms.BooleanField(required=False)
    profile = forms.CharField(required=False, widget=forms.Textarea({"rows": 2}))
    batch_size = forms.FloatField(required=False, min_value=0)
    levels = forms.CharField(required=False, widget=forms.Textarea({"rows": 3}))

    class Meta:
        model = SequencingStep
        exclude = ("more",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lambda"] = forms.FloatField(required=False, min_value=0)
        for name, choices in CHOICES.items():
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)
            field.choices = list(choices)
        for name, (label, help_text) in WORDS.items():
            self.fields[name].label, self.fields[name].help_text = label, help_text
        for name, value in (self.instance.more or {}).items():
            if name in MORE:
                self.initial[name] = _entered(value)

    @property
    def sections(self) -> list[tuple[Any, list[Any]]]:
        """The page: heads with their fields, in reading order."""
        return [(head, [self[name] for name in names]) for head, names in SECTIONS]

    def clean(self) -> dict[str, Any]:
        entered: dict[str, Any] = super().clean() or {}
        kind = entered.get("type", "")
        more = {name: value for name, value in (self.instance.more or {}).items() if name not in MORE}
        for name in MORE:
            value = self._read(name, entered.pop(name, None))
            if knows(kind, name) and value not in (None, "", False):
                more[name] = value
        self._drop_foreign(kind, entered)
        self.instance.more = more
        if not self.errors:
            self._judge(SequencingStep(**entered, more=more))
        return entered

    def _drop_foreign(self, kind: str, entered: dict[str, Any]) -> None:
        """What the type does not have was not on the page: it is emptied, not held against the planner."""
        for name in entered:
            if not knows(kind, name) and name not in MORE:
                entered[name] = getattr(SequencingStep(), name)

    def _read(self, name: str, value: Any) -> Any:
        if name not in ("profile", "levels") or not value:
            return value
        if name == "profile" and value.lstrip()[:1] not in ("[", "{"):
            return [stop.strip() for stop in value.split(",") if stop.strip()]
        try:
            return json.loads(value)
        except ValueError:
            self.add_error(name, _("This is no JSON."))
            return None

    def _judge(self, step: SequencingStep) -> None:
        place, sentence = refused_at(step)
        if not sentence:
            return
        name = re.split(r"[.\[]", place)[0]
        field = {"id": "number"}.get(name, name)
        # At its field a sentence needs no name; a stop or a level in it does.
        told = capfirst(sentence) if place == name and field in self.fields else f"{place}: {sentence}"
        self.add_error(field if field in self.fields else None, told if place else sentence)


def _entered(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value) if isinstance(value, list | dict) else value
