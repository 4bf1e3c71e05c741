"""Log-in with a lock after wrong passwords, for each name and address together.

Never by the address alone: a whole plant comes from one, and one stranger would lock every station out.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from sequencer.clocks import our_clock
from sequencer.models import LoginTries

WRONG_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)

log = logging.getLogger(__name__)


def locked_until(name: str, address: str, *, at: datetime) -> datetime | None:
    """When this name may try again from this address; None when it may now."""
    tries = LoginTries.objects.filter(
        user_name=name, address=address, wrong_count__gte=WRONG_ALLOWED, last_at__gt=at - LOCKED_FOR
    ).first()
    return tries.last_at + LOCKED_FOR if tries else None


def note_wrong(name: str, address: str, *, at: datetime) -> None:
    """Counts one wrong password; tries older than the lock count no more."""
    with transaction.atomic(durable=True):
        LoginTries.objects.filter(last_at__lte=at - LOCKED_FOR).delete()
        tries, _ = LoginTries.objects.get_or_create(user_name=name, address=address, defaults={"last_at": at})
        LoginTries.objects.filter(pk=tries.pk).update(wrong_count=F("wrong_count") + 1, last_at=at)
    if locked_until(name, address, at=at):
        log.warning("log-in of %s from %s is locked for %s", name, address, LOCKED_FOR)


def who_asks(request: HttpRequest | None, username: str | None) -> tuple[str, str]:
    """Name and address a try is counted under. The server sets the address behind a trusted proxy."""
    address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    return (username or "").strip().casefold()[:150], address[:45]


class GuardedBackend(ModelBackend):
    """Django's own log-in behind the lock; the pages, the admin and the API all come through here."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        """The user; None for a wrong password; `PermissionDenied` while locked, whatever the password."""
        if username is None or password is None:
            return None
        name, address = who_asks(request, username)
        at = timezone.now()
        if locked_until(name, address, at=at):
            raise PermissionDenied
        user = super().authenticate(request, username=username, password=password, **more)
        if user is None:
            note_wrong(name, address, at=at)
        else:
            LoginTries.objects.filter(user_name=name, address=address).delete()
        return user

    def get_user(self, user_id: int) -> User | None:
        """The person of a session, with the badge: its language is wanted for every page."""
        user = User.objects.select_related("badge").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class LoginForm(AuthenticationForm):
    """Says when a locked name may try again, which the plain form cannot know."""

    def get_invalid_login_error(self) -> ValidationError:
        name, address = who_asks(self.request, self.cleaned_data.get("username"))
        until = locked_until(name, address, at=timezone.now())
        if until is None:
            return super().get_invalid_login_error()
        text = "Too many wrong tries; this name may try again here at %(time)s."
        return ValidationError(text, code="locked", params={"time": our_clock(until)})
