"""Every due time is told on both clocks, ours and the OEM's: whatever writes a time of day is known, place by place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from edi.models import OutboundMessage
from scheduling.models import ExportRow, ManufacturingOrder
from sequencer.models import (
    CallOff,
    FloorException,
    LineConsumption,
    PrintJob,
    QuantityCall,
    SealedMove,
    SequenceGap,
    Shipment,
    Task,
)

pytestmark = pytest.mark.engine_free

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Something is to be done, to be here or to be gone by then.
DUE = {
    "required_at", "needed_at", "needed_by", "due_at", "due", "leaves_at", "arrives_at", "waits_until", "runs_out_at",
    "alarm_at",
}  # fmt: skip
# It happened; or we set ourselves the end of it (override, bypass, link), and no OEM asks for it.
OWN = {
    *("at", "opened_at", "closed_at", "departed_at", "arrived_at", "confirmed_at", "asn_at", "asn_status_at"),
    *("packed_at", "decided_at", "placed_at", "released_at", "granted_at", "ended_at", "resolved_at", "taken_at"),
    *("issued_at", "asked_at", "printed_at", "void_at", "rendered_at", "tried_at", "begun_at", "done_at", "back_at"),
    *("started_at", "planned_starts_at"),
    *("since", "checked_at", "now_at", "older", "until", "expires_at"),
}  # fmt: skip
BOTH = {"due", "due_day", "due_there", "asked_for"}
# A machine's time (countdowns), or how long ago.
UNSPOKEN = {"age", "span", "date:'c'", 'date:"c"'}
FILTER = r"""\|\w+(?::(?:"[^"]*"|'[^']*'|[\w.]+))?"""
CHAIN = re.compile(rf"([A-Za-z_][\w.]*)((?:{FILTER})+)")
SHOWN = re.compile(rf"(?:{{{{\s*|[^=!]=)([A-Za-z_]\w*(?:\.\w+)+|due_at)((?:{FILTER})*)")
TIMED = re.compile(r"""clock\b|time\b|date:(?:"[^"]*[HhGgisP][^"]*"|'[^']*[HhGgisP][^']*')""")
# The field of a form holds what was typed, by the clock its help names.
TYPED = re.compile(r"""{% include "edi/_field.html"[^%]*%}""")
WHEN = re.compile(r"""{%\s*when\s+([\w.]+)\s*("[^"]*"|[\w.]+)?""")


def attribute(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def one_clock_only(text: str) -> list[str]:
    """What a template tells of due times on one clock, and times of day whose kind nobody has said."""
    found = []
    text = TYPED.sub("", text)
    for name, chain in CHAIN.findall(text):
        timed = [one[1:] for one in re.findall(FILTER, chain) if TIMED.match(one[1:])]
        if set(timed) - UNSPOKEN and attribute(name) not in OWN:
            found.append(name + chain)
    for name, chain in SHOWN.findall(text):
        used = {one[1:] for one in re.findall(FILTER, chain)}
        if attribute(name) in DUE and not (UNSPOKEN & used or BOTH & {one.partition(":")[0] for one in used}):
            found.append(name + chain)
    here = [name for name, zone in WHEN.findall(text) if zone in {"", '""'}]
    return found + [f"when {name}" for name in here if attribute(name) in DUE]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_page_tells_a_due_time_on_both_clocks(template: Path) -> None:
    assert one_clock_only(template.read_text()) == []


@pytest.mark.parametrize(
    "told",
    [
        '{{ truck.leaves_at|date:"H:i" }}', "{{ row.needed_at|clock:zone }}", "{{ task.due_at }}",
        '{% blocktranslate with t=truck.leaves_at|date:"H:i" %}leaves {{ t }}{% endblocktranslate %}',
        "{% blocktranslate with t=truck.leaves_at %}leaves {{ t }}{% endblocktranslate %}",
        '{% when gap.needed_by "" "clock" %}', '{{ a.new_kind_of_time|date:"H:i" }}',
    ],
)  # fmt: skip
def test_what_is_told_on_one_clock_is_found(told: str) -> None:
    assert one_clock_only(told) != []


# Rows whose due time we set ourselves; no OEM's clock has a part in it.
OWN_DUE = {OutboundMessage, ManufacturingOrder, ExportRow, PrintJob}


def test_no_list_of_admin_has_a_due_time_on_one_clock() -> None:
    wrong = [
        f"{model.__name__}: {column}"
        for model, page in admin.site._registry.items()
        for column in page.list_display
        if isinstance(column, str) and column in DUE and model not in OWN_DUE
    ]
    assert wrong == [], "write due_column(...)"


ASKED_FOR = [CallOff, FloorException, LineConsumption, QuantityCall, SealedMove, SequenceGap, Shipment, Task]


@pytest.mark.parametrize("model", ASKED_FOR)
def test_no_page_of_a_row_in_admin_has_a_due_time_on_one_clock(model: type, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = User(is_superuser=True, is_active=True)
    told = admin.site._registry[model].get_fields(request, model())
    due = {one for one in told if getattr(one, "admin_order_field", None) in DUE}
    assert (due != set(), DUE & {one for one in told if isinstance(one, str)}) == (True, set())


def test_every_row_of_admin_with_a_due_time_is_looked_at() -> None:
    has_one = {model for model in admin.site._registry if DUE & {field.name for field in model._meta.fields}}
    assert has_one == {*ASKED_FOR, *OWN_DUE}


# Who formats a time of day outside `sequencer/clocks.py`, how often, and why one clock is right there.
WRITES_TIMES = {
    "scheduling/models/plant.py": (2, "shifts of our own calendars"),
    "scheduling/services/order_files.py": (1, "as a file of orders writes it"),
    "scheduling/views/plan_pages.py": (1, "what a field of a form is filled with"),
    "sequencer/boards/todo.py": (1, "the letter to the OEM is on his clock and names it"),
    "sequencer/channels/printers.py": (1, "when a test label was printed"),
    "sequencer/services/offline/pack.py": (1, "part of a key"),
    "sequencer/templatetags/plant_words.py": (1, "`clock`, which pages use for what happened"),
    "edi/channels/listening.py": (1, "part of a file's name"),
    "edi/channels/placing.py": (1, "part of a file's name"),
    "edi/channels/receipts.py": (2, "a message id and what a receipt says in UTC"),
    "edi/models.py": (4, "shifts and breaks of the OEM's calendar"),
    "edi/services/counters.py": (1, "part of a key"),
    "edi/services/despatch.py": (1, "a field of the ASN"),
    "edi/services/pictures.py": (1, "compared by a machine"),
    "edi/services/pulse.py": (1, "when a partner was last heard, with its zone"),
    "edi/services/reconcile.py": (1, "compared by a machine"),
    "edi/services/resend_requests.py": (1, "the letter to the OEM is on his clock and names it"),
    "edi/templatetags/edi_pages.py": (2, "`when`, which tells both clocks"),
    "edi/twin/oem.py": (1, "the twin writes as an OEM does"),
    "inventory/services/releases.py": (1, "names a release without a number"),
}
# Reads and writes interchanges: every time of day there is a field.
FIELDS_ONLY = "edi/formats/"
APPS = ("sequencer", "edi", "inventory", "scheduling", "plc")


def writes_time(node: ast.AST) -> bool:
    """A format that holds the hour: of an f-string, of `format` and `strftime`."""
    if isinstance(node, ast.FormattedValue) and isinstance(node.format_spec, ast.JoinedStr):
        return "%H" in ast.unparse(node.format_spec)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in {"strftime", "format"} and any(
            isinstance(one, ast.Constant) and "%H" in str(one.value) for one in node.args
        )
    return False


def test_whoever_writes_a_time_of_day_in_a_text_is_known() -> None:
    found: dict[str, int] = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            times = sum(map(writes_time, ast.walk(ast.parse(path.read_text()))))
            name = str(path.relative_to(ROOT))
            if times and name != "sequencer/clocks.py" and not name.startswith(FIELDS_ONLY):
                found[name] = times
    assert found == {name: times for name, (times, _) in WRITES_TIMES.items()}


# Scripts that write a time of day: the page's own clocks, and how long we are offline and may work on.
SCRIPTS = {"static/js/live.js": 1, "static/js/station.js": 1, "static/js/offline/screen.js": 1}


def test_scripts_write_no_due_time() -> None:
    found = {}
    for path in sorted((ROOT / "static/js").rglob("*.js")):
        if times := len(re.findall(r"toLocale\w*String|DateTimeFormat|get(?:UTC)?Hours", path.read_text())):
            found[str(path.relative_to(ROOT))] = times
    assert found == SCRIPTS
