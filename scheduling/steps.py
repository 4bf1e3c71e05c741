"""A sequencing step and the initial step as entries of the problem file, and what the engine would refuse in them."""

from __future__ import annotations

from typing import Any

from scheduling.engine import ProblemError, read_problem
from scheduling.models import PlanningRules, SequencingStep
from scheduling.sayings import say

COLUMNS = (
    "group_from", "group_to", "seq_from", "seq_to", "max_group_hours", "max_operation_hours", "max_resource_hours",
    "horizon_days", "max_gap_centihours",
)  # fmt: skip
FLAGS = ("respect_delay_calendar", "same_schedule_number", "break_if_delay", "common_resources_only")


def step_entry(step: SequencingStep) -> dict[str, Any]:
    """One step as the problem file has it: what is empty is left out, so that the engine's own defaults count."""
    entry: dict[str, Any] = {"id": step.number, "type": step.type, "enabled": step.enabled}
    if step.description:
        entry["description"] = step.description
    if step.work_centre is not None:
        entry["work_centre"] = step.work_centre.code
    entry |= {name: value for name in COLUMNS if (value := getattr(step, name)) is not None}
    entry |= {name: True for name in FLAGS if getattr(step, name)}
    if step.order_by == "group":
        entry["order_by"] = step.order_by
    if step.sort:
        entry["sort"] = step.sort
    if step.gap_control:
        entry["gap_control"] = step.gap_control
    return {**entry, **step.more}


def initial_entry(rules: PlanningRules) -> dict[str, Any]:
    """The initial step as the problem file has it."""
    return {
        "sequencing": rules.sequencing,
        "horizon_days": rules.horizon_days,
        "locked_horizon_hours": rules.locked_horizon_hours,
        "start_control": rules.start_control,
        "overlap": rules.overlap,
        "same_secondary_resource": rules.same_secondary_resource,
        "sort_settings": rules.sort_settings,
        "pull_up": rules.pull_up,
        "synchronise": rules.synchronise,
    }


def refused_entry(step: SequencingStep) -> str:
    """Why the engine would not take a step, in the active language; empty when it would."""
    place, sentence = refused_at(step)
    return f"{place}: {sentence}" if place else sentence


def refused_at(step: SequencingStep) -> tuple[str, str]:
    """Where the engine would not take it (empty: the whole step) and its sentence in the active language.

    Both are empty when it would take the step.
    """
    entry = step_entry(step)
    resources = [{"id": "R", "work_centre": entry["work_centre"]}] if "work_centre" in entry else []
    try:
        read_problem({"start": "2026-01-05T06:00", "resources": resources, "steps": [entry]})
    except ProblemError as error:
        return error.place.removeprefix("steps[0]").lstrip("."), say(error.sentence)
    return "", ""
