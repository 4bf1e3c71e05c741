"""Rights in admin by the groups a person is in. It lives in the lowest app so that every app's admin may use it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from inventory.statements import Question, number

ADMINISTRATOR = "administrator"
SUPERVISOR = "supervisor"
PLANNER = "planner"


def groups_of(user: Any) -> frozenset[str]:
    """Names of the person's groups, read once a request."""
    if not user.is_authenticated:
        return frozenset()
    if not hasattr(user, "_group_names"):
        user._group_names = frozenset(name for (name,) in _GROUPS.rows(user=user.pk))
    return user._group_names


def _groups() -> QuerySet[Group, tuple[str]]:
    return Group.objects.filter(user=number("user")).values_list("name").order_by()


_GROUPS = Question(_groups)


class ByRole:
    """Mixin of admin pages: who the site lets in reads, members of `editors` write. Superusers may everything."""

    editors: frozenset[str] = frozenset({ADMINISTRATOR})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writes(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writes(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writes(request)

    def writes(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or groups_of(request.user) & self.editors)


class ReadOnly(ByRole):
    """What verbs wrote: to read, never to change, whoever asks."""

    def writes(self, request: HttpRequest) -> bool:
        return False
