"""What the parameters of a sequencing step are called, and what each does, as its form tells a planner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from scheduling.engine.problem import StepType

TYPES: tuple[tuple[str, Any], ...] = (
    (StepType.STANDARD.value, _("Standard")),
    (StepType.MINIMISE_SETUP.value, _("Minimise setup time")),
    (StepType.OVEN.value, _("Oven")),
    (StepType.OVEN_REPETITION.value, _("Oven repetition")),
    (StepType.CYCLIC.value, _("Cyclic")),
    (StepType.BATCH_SIZE.value, _("Batch sizing")),
    (StepType.MULTI_LEVEL.value, _("Multi level")),
    (StepType.FORWARD.value, _("Forward order scheduling")),
)
# name -> label, help
WORDS: Mapping[str, tuple[Any, Any]] = {
    "number": (
        _("Step ID"),
        _("Larger than 0. Steps run from the lowest to the highest: follow the flow of production."),
    ),
    "type": (
        _("Type"),
        _("What the step does; the parameters below change with it."),
    ),
    "description": (
        _("Description"),
        _("For people; runs do not read it."),
    ),
    "enabled": (
        _("Enabled"),
        _("Off: the step keeps its entries and runs leave it out, for instance until the next season."),
    ),
    "work_centre": (
        _("Work centre"),
        _("Whose operations are put into order. A forward step without one plans everything forward."),
    ),
    "horizon_days": (
        _("Redefine sequencing horizon"),
        _(
            "Working days from the start of the plan, 0 to 999; operations that end before it are "
            "candidates. Empty: the default of the initial step."
        ),
    ),
    "group_from": (
        _("Grouping part, from character"),
        _("Operations whose key is equal from here …"),
    ),
    "group_to": (
        _("Grouping part, to character"),
        _("… to here run behind each other as a group."),
    ),
    "max_group_hours": (
        _("Maximum time for grouping (h)"),
        _(
            "How long after the first operation's planned start others may start to be taken into its"
            " group. Empty: no limit."
        ),
    ),
    "respect_delay_calendar": (
        _("… counted in production days"),
        _(
            "Weekends and holidays of the delay calendar do not count, so a group from Friday reaches"
            " as far as one from Monday."
        ),
    ),
    "max_operation_hours": (
        _("Maximum operation time in a group (h)"),
        _(
            "Keeps a key with much volume from filling the week: its group ends here and others get "
            "their turn."
        ),
    ),
    "max_resource_hours": (
        _("Maximum resource time in a group (h)"),
        _("The same in hours of the resource, at the capacity and efficiency it has then."),
    ),
    "same_schedule_number": (
        _("Same schedule number together"),
        _("An operation brings those of its schedule number along."),
    ),
    "break_if_delay": (
        _("Break group if causing delay"),
        _("An operation whose order would become late leaves the group, and all behind it."),
    ),
    "common_resources_only": (
        _("Only resources common to the step"),
        _("Of what an operation may run on, only resources of this step's work centre."),
    ),
    "seq_from": (
        _("Sequencing part, from character"),
        _("The part of the key that orders a group. Empty: none."),
    ),
    "seq_to": (
        _("Sequencing part, to character"),
        _("Empty: to the end of the key."),
    ),
    "order_by": (
        _("Sorting or grouping"),
        _("Sort by that part, or keep the planned order and bring equal parts together."),
    ),
    "sort": (
        _("Equal parts sorted by"),
        _("Only with sorting: planned start is finite and forward, latest start infinite and backward."),
    ),
    "gap_control": (
        _("Gap control"),
        _("What happens to an operation that would leave the resource waiting inside a group."),
    ),
    "max_gap_centihours": (
        _("Maximum gap in a group (centihours)"),
        _("1 is 36 seconds, 50 is half an hour."),
    ),
    "lambda": (
        _("Weight of lateness"),
        _("How many hours of setup an hour of weighted tardiness is worth. 0: only setup counts."),
    ),
    "never_later": (
        _("Never later than before"),
        _("No order ends later than in the plan the step began with, unless it was on time and stays so."),
    ),
    "profile": (
        _("Profile"),
        _(
            "Values of the grouping part in the order of the cycle, with commas: LIGHT, MID, DARK, "
            "MID. By resource as JSON."
        ),
    ),
    "batch_size": (
        _("Batch size"),
        _("Orders are combined up to the total nearest to it."),
    ),
    "levels": (
        _("Levels"),
        _("Up to 20, as JSON: each orders inside the groups of the level above."),
    ),
}
