"""REST: a plan from order to work list by addresses alone, and the work list as the floor presses it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from scheduling import services
from scheduling.models import ManufacturingOrder, Operation, Routing, RoutingOperation, ScheduleRun
from tests.scheduling.shop import MONDAY, Shop

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(role: str) -> Client:
    user = User.objects.create(username=f"one-{role}")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, address: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(f"/api/v1/{address}", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_a_plan_from_the_order_to_the_work_list(shop: Shop) -> None:
    planner, operator = client_of("planner"), client_of("operator")
    routing = Routing.objects.create(part=shop.part)
    RoutingOperation.objects.create(routing=routing, number=10, work_centre=shop.press, hours_each=0.1)
    asked = {"number": "A", "part": "HOUSING", "quantity": 20, "due_at": "2026-11-24T12:00Z"}
    assert post(planner, "manufacturing-orders/", 201, **asked)["firm"] is False
    assert post(planner, "manufacturing-orders/", 409, **asked)["code"] == "number_taken"
    assert post(planner, "manufacturing-orders/", 404, **asked | {"number": "B", "part": "WHEEL"})
    order = ManufacturingOrder.objects.get()
    assert post(planner, f"manufacturing-orders/{order.pk}/firm/")["status"] == "FIRM"
    post(operator, "plans/", 403)
    plan = post(planner, "plans/", 201, start=MONDAY.isoformat(), name="Monday")
    run = post(planner, f"plans/{plan['id']}/run/", 201, seconds=1, seed=3)
    services.run_schedule(run["id"])
    assert planner.get(f"/api/v1/schedule-runs/{run['id']}/").json()["result"]["seed"] == 3
    post(planner, f"schedule-runs/{run['id']}/cancel/", 409)
    bars = planner.get(f"/api/v1/plan-bars/?plan={plan['id']}").json()["results"]
    assert [(bar["order"], bar["start"], bar["position"]) for bar in bars] == [
        ("A", "2026-11-23T06:00:00Z", 1)
    ]
    to = {"operation": bars[0]["operation"], "resource": shop.p2.pk, "position": 1, "version": 2}
    assert post(planner, f"plans/{plan['id']}/preview/", **to)["late_orders"] == 0
    moved = post(planner, f"plans/{plan['id']}/move/", **to)
    assert (moved["version"], moved["bars"][0]["status"]) == (3, 17)
    assert post(planner, f"plans/{plan['id']}/publish/", 409, version=2)["code"] == "stale"
    assert post(planner, f"plans/{plan['id']}/publish/", version=3)["status"] == "PUBLISHED"
    rows = planner.get("/api/v1/plan-export/").json()["results"]
    assert [(row["order_number"], row["changed"]) for row in rows] == [("A", True)]
    operations = operator.get("/api/v1/operations/?planned_resource=P2").json()["results"]
    assert [(one["order"], one["sequencing_status"]) for one in operations] == [("A", 17)]
    started = post(operator, f"operations/{operations[0]['id']}/start/", resource=shop.p2.pk)
    assert started["operation_status"] == 50
    done = post(operator, f"operations/{operations[0]['id']}/finish/", good_count=19)
    assert (done["operation_status"], done["good_count"]) == (90, "19.000")
    assert planner.get("/api/v1/manufacturing-orders/?status=DONE").json()["results"][0]["number"] == "A"


@pytest.mark.parametrize(
    "address", ["plans", "schedule-runs", "plan-moves", "resources", "setup-times", "sequencing-steps"]
)
def test_lists_and_rows_are_read(shop: Shop, address: str) -> None:
    planner = client_of("planner")
    shop.step()
    shop.order("A")
    plan = services.plan_from_orders(start=MONDAY, by="planner", at=MONDAY)
    services.cancel_run(services.request_run(plan.pk, by="planner", at=MONDAY).pk, by="planner", at=MONDAY)
    bar = Operation.objects.filter(number=10).first()
    assert bar is not None
    services.lock_operations(plan.pk, [bar.pk], lock=True, version=1, by="planner", at=MONDAY)
    rows = planner.get(f"/api/v1/{address}/").json()["results"]
    assert rows
    assert planner.get(f"/api/v1/{address}/{rows[0]['id']}/").json()["id"] == rows[0]["id"]


def test_a_run_is_asked_for_and_cancelled_at_the_board(shop: Shop) -> None:
    planner = client_of("planner")
    shop.order("A")
    plan = services.plan_from_orders(start=MONDAY, by="planner", at=MONDAY)
    address = reverse("schedule-run", args=[plan.pk])
    assert planner.post(address, {"version": 9}, content_type="application/json").status_code == 409
    assert (
        planner.post(address, {"version": 1, "seconds": "5"}, content_type="application/json").status_code
        == 422
    )
    run = planner.post(address, {"version": 1, "seconds": 5}, content_type="application/json").json()["run"]
    assert planner.post(reverse("schedule-run-cancel", args=[run])).json()["status"] == "CANCELLED"
    assert ScheduleRun.objects.get().seconds == 5


def test_the_floor_works_its_list(shop: Shop) -> None:
    operator = client_of("operator")
    shop.order("A", key="BLUE", due_hours=3)
    shop.order("B", due_hours=20)
    shop.order("C", due_hours=30)
    Operation.objects.get(order__number="C", number=10).resources.set([shop.p1])
    plan = services.plan_from_orders(start=MONDAY, by="planner", at=MONDAY)
    services.publish_plan(plan.pk, version=1, by="planner", at=MONDAY)
    work, do = reverse("schedule-work", args=["P1"]), reverse("schedule-work-do", args=["P1"])
    assert "P1" in operator.get(reverse("schedule-work-lists")).content.decode()
    page = operator.get(work).content.decode()
    assert page.index("Next") < page.index("A <small>10") < page.index("Then") < page.index("C <small>10")
    first = Operation.objects.get(order__number="A", number=10)
    assert operator.post(do, {"start": first.pk}).status_code == 302
    assert "In progress" in operator.get(work).content.decode()
    assert operator.post(do, {"finish": first.pk, "good": "many"}).status_code == 422
    operator.post(do, {"finish": first.pk, "good": "10"})
    page = operator.get(reverse("schedule-work-live", args=["P1"])).content.decode()
    assert "In progress" not in page
    assert "set up for <b>BLUE</b>" in page
    assert operator.get(reverse("schedule-work", args=["X"])).status_code == 404
    assert client_of("logistics").post(do, {"start": "1"}).status_code == 403
