"""What the floor does of a plan: operations begun and finished at a resource, in the order of its work list."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Invalid, Refused, Stale, Unknown
from scheduling.models import ManufacturingOrder, Operation, Resource, move_row
from scheduling.services.orders import TOPIC
from scheduling.states import ORDER_MOVES, OperationStatus, OrderStatus
from sequencer.services.journal import record_event

WRONG_STATE = {
    OperationStatus.OPEN: gettext_noop("%(operation)s is not begun."),
    OperationStatus.IN_PROGRESS: gettext_noop("%(operation)s is begun already."),
    OperationStatus.DONE: gettext_noop("%(operation)s is finished already."),
}


def work_list(resource_id: int) -> QuerySet[Operation]:
    """What a resource has begun, then what the published plan gives it, in sequence."""
    begun = Q(operation_status=OperationStatus.IN_PROGRESS, actual_resource=resource_id)
    planned = Q(operation_status=OperationStatus.OPEN, planned_resource=resource_id)
    operations = Operation.objects.filter(begun | planned).select_related("order__part", "work_centre")
    return operations.order_by("-operation_status", "planned_position", "planned_starts_at")


def start_operation(operation_id: int, *, resource_id: int, by: str, at: datetime) -> Operation:
    """An operation is begun at a resource (status 50); its order is released with it.

    Promise: it stays where it is in every later plan. Refuses one that is begun or done, one whose order is
    cancelled, one that waits for an operation before it, and a resource it may not run on.
    """
    with transaction.atomic(durable=True):
        operation = _found(operation_id)
        resource = _resource(operation, resource_id)
        order = operation.order
        if order.status in (OrderStatus.CANCELLED, OrderStatus.DONE):
            raise Refused(
                "order_over",
                _("Order %(order)s is over; nothing of it is begun.") % {"order": order},
                status=order.status,
            )
        before = order.operations.filter(number__lt=operation.number).exclude(
            operation_status=OperationStatus.DONE
        )
        if waits := before.order_by("number").first():
            raise Refused(
                "waits",
                _("%(operation)s waits for %(earlier)s, which is not finished.")
                % {"operation": operation, "earlier": waits},
            )
        _move(
            operation, OperationStatus.OPEN, OperationStatus.IN_PROGRESS, started_at=at, started_by=by[:60],
            actual_resource=resource,
        )  # fmt: skip
        if order.status != OrderStatus.RELEASED:
            move_row(order, ORDER_MOVES, OrderStatus.RELEASED, released_at=at)
        record_event(TOPIC, "operation_started", str(operation), at=at, by=by, resource=resource.code)
    return operation


def finish_operation(operation_id: int, *, good_count: Decimal, by: str, at: datetime) -> Operation:
    """An operation is finished (status 90) with so many good pieces; the last one ends its order.

    Promise: the resource is known to stand set up for its key. Refuses one that is not begun and a count below 0.
    """
    if good_count < 0:
        raise Invalid("bad_count", _("Good pieces cannot be less than none."))
    with transaction.atomic(durable=True):
        operation = _found(operation_id)
        _move(
            operation, OperationStatus.IN_PROGRESS, OperationStatus.DONE, finished_at=at, finished_by=by[:60],
            good_count=good_count,
        )  # fmt: skip
        Resource.objects.filter(worked_operations=operation).update(state=operation.key)
        order = operation.order
        if not order.operations.exclude(operation_status=OperationStatus.DONE).exists():
            move_row(order, ORDER_MOVES, OrderStatus.DONE, closed_at=at)
        record_event(TOPIC, "operation_finished", str(operation), at=at, by=by, good=str(good_count))
    return operation


def _found(operation_id: int) -> Operation:
    """An operation with its order locked: two stations do not begin and end one order at once."""
    operation = Operation.objects.filter(pk=operation_id).first()
    if operation is None:
        raise Unknown("unknown_operation", f"There is no operation with the id {operation_id}.")
    operation.order = ManufacturingOrder.objects.select_for_update(no_key=True).get(pk=operation.order_id)
    return operation


def _resource(operation: Operation, resource_id: int) -> Resource:
    resource = Resource.objects.filter(pk=resource_id, active=True).first()
    if resource is None:
        raise Unknown("unknown_resource", f"There is no active resource with the id {resource_id}.")
    bound = set(operation.resources.values_list("pk", flat=True))
    allowed = resource.pk in bound if bound else resource.work_centre_id == operation.work_centre_id
    if not allowed or operation.forced_resource_id not in (None, resource.pk):
        raise Refused(
            "not_allowed_there",
            _("%(operation)s may not run on %(resource)s.") % {"operation": operation, "resource": resource},
        )
    return resource


def _move(operation: Operation, old: OperationStatus, new: OperationStatus, **fields: object) -> None:
    if operation.operation_status != old:
        stands = WRONG_STATE[OperationStatus(operation.operation_status)]
        raise Refused("wrong_state", _(stands) % {"operation": operation}, status=operation.operation_status)
    rows = Operation.objects.filter(pk=operation.pk, operation_status=old)
    if not rows.update(operation_status=new, **fields):
        raise Stale(str(operation))
    for name, value in {"operation_status": int(new), **fields}.items():
        setattr(operation, name, value)
