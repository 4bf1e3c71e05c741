"""A plan on paper and as a table: who works on what, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scheduling.models import Plan, PlannedOperation
from scheduling.sayings import say
from sequencer.clocks import our_clock
from sequencer.documents.elements import Align, Document, Element, Page, Text, line
from sequencer.languages import speaking_on_paper

CSV_COLUMNS = (
    "resource", "position", "order", "operation", "part", "quantity", "key", "start", "end", "setup_hours", "status",
    "late_minutes", "rule",
)  # fmt: skip
WIDTH, HEIGHT, EDGE, ROW = 210.0, 297.0, 14.0, 7.0
ROWS_A_PAGE = 33
# Left edge and width of each column, in millimetres.
COLUMNS = (
    (14.0, 9.0), (24.0, 30.0), (55.0, 12.0), (68.0, 38.0), (107.0, 16.0), (126.0, 24.0), (151.0, 24.0), (176.0, 20.0),
)  # fmt: skip


def bars_to_print(plan: Plan, resources: Sequence[int]) -> QuerySet[PlannedOperation]:
    """The bars in the order of the floor: resource by priority, then sequence."""
    bars = PlannedOperation.objects.filter(plan=plan).select_related("operation__order__part", "resource")
    if resources:
        bars = bars.filter(resource__in=list(resources))
    return bars.order_by("resource__sequencing_priority", "resource__code", "position", "starts_at")


def csv_rows(bars: QuerySet[PlannedOperation]) -> Iterator[list[object]]:
    zone = ZoneInfo(settings.TIME_ZONE)
    for bar in bars.iterator(chunk_size=2000):
        yield [
            bar.resource.code, bar.position, bar.operation.order.number, bar.operation.number,
            bar.operation.order.part.number, f"{bar.operation.quantity.normalize():f}", bar.operation.key,
            bar.starts_at.astimezone(zone).isoformat(timespec="minutes"),
            bar.ends_at.astimezone(zone).isoformat(timespec="minutes"),
            round(bar.setup_hours, 3), bar.status, bar.late_minutes,
            say(bar.told or bar.rule),
        ]  # fmt: skip


def work_lists(plan: Plan, bars: Iterable[PlannedOperation]) -> Document:
    """A page or more a resource. It speaks the plant's first language, like every paper."""
    with speaking_on_paper():
        pages: list[Page] = []
        for resource, rows in itertools.groupby(bars, key=lambda bar: bar.resource):
            title = f"{resource.code} · " + _("plan %(number)s") % {"number": plan.number}
            several = list(rows)
            sheets = [several[n : n + ROWS_A_PAGE] for n in range(0, len(several), ROWS_A_PAGE)]
            pages += [_page(f"{title} · {n}/{len(sheets)}", sheet) for n, sheet in enumerate(sheets, 1)]
        empty = [Page(WIDTH, HEIGHT, (Text(EDGE, EDGE, _("Nothing stands in this plan."), 5.0),))]
        return Document(_("Plan %(number)s") % {"number": plan.number}, tuple(pages or empty))


def _page(title: str, bars: Sequence[PlannedOperation]) -> Page:
    heads = (
        _("No."),
        _("Order number"),
        _("Op."),
        _("Part"),
        _("Quantity"),
        _("Start"),
        _("End"),
        _("Setup"),
    )
    elements: list[Element] = [Text(EDGE, EDGE, title, 7.0, bold=True, width=WIDTH - 2 * EDGE)]
    top = EDGE + 14
    elements += _row(heads, top, bold=True)
    elements.append(line(EDGE, top + ROW - 1, width=WIDTH - 2 * EDGE))
    for number, bar in enumerate(bars, 1):
        elements += _row(_cells(bar), top + number * ROW + 1)
    return Page(WIDTH, HEIGHT, tuple(elements))


def _cells(bar: PlannedOperation) -> tuple[str, ...]:
    order, setup = bar.operation.order, f"{bar.setup_hours:.1f} h" if bar.setup_hours else ""
    return (
        str(bar.position), order.number, str(bar.operation.number), order.part.number,
        f"{bar.operation.quantity.normalize():f}",
        our_clock(bar.starts_at, day=True), our_clock(bar.ends_at, day=True), setup,
    )  # fmt: skip


def _row(cells: Sequence[str], y: float, *, bold: bool = False) -> list[Element]:
    return [
        Text(x, y, text, 4.0, bold=bold, width=width, align=Align.RIGHT if n in (0, 4, 7) else Align.LEFT)
        for n, ((x, width), text) in enumerate(zip(COLUMNS, cells, strict=True))
        if text
    ]
