"""The log-in lock: by name and address together, for a time, and told to the person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.utils import timezone

from sequencer.logins import LOCKED_FOR, WRONG_ALLOWED, LoginForm, locked_until
from sequencer.models import LoginTries

pytestmark = pytest.mark.django_db(transaction=True)
RIGHT = "seven-green-racks"


@pytest.fixture(autouse=True)
def person() -> User:
    return User.objects.create_superuser("lena", password=RIGHT)


def try_log_in(password: str, *, name: str = "lena", address: str = "10.1.1.7") -> bool:
    request = RequestFactory(REMOTE_ADDR=address).post("/login/")
    return authenticate(request, username=name, password=password) is not None


def lock(address: str = "10.1.1.7") -> None:
    for _ in range(WRONG_ALLOWED):
        assert not try_log_in("wrong", address=address)


def test_four_wrong_tries_still_let_the_right_password_in() -> None:
    for _ in range(WRONG_ALLOWED - 1):
        try_log_in("wrong")
    assert try_log_in(RIGHT)
    assert not LoginTries.objects.exists(), "a log-in forgets the wrong tries before it"


def test_five_wrong_tries_refuse_even_the_right_password() -> None:
    lock()
    assert not try_log_in(RIGHT)


def test_another_address_is_not_locked() -> None:
    lock()
    assert try_log_in(RIGHT, address="10.1.1.8")


def test_another_name_from_the_same_address_is_not_locked() -> None:
    User.objects.create_superuser("omar", password=RIGHT)
    lock()
    assert try_log_in(RIGHT, name="omar")


def test_case_of_the_name_does_not_give_more_tries() -> None:
    for name in ("lena", "LENA", "Lena", "leNa", "lEna"):
        try_log_in("wrong", name=name)
    assert not try_log_in(RIGHT)


def test_the_form_says_when_a_locked_name_may_try_again() -> None:
    lock()
    request = RequestFactory(REMOTE_ADDR="10.1.1.7").post("/login/")
    form = LoginForm(request, {"username": "lena", "password": RIGHT})
    assert not form.is_valid()
    assert "may try again here at" in form.non_field_errors()[0]


def test_tries_while_locked_do_not_lengthen_it_and_it_ends() -> None:
    lock()
    LoginTries.objects.update(last_at=timezone.now() - LOCKED_FOR + timedelta(seconds=5))
    assert not try_log_in(RIGHT)
    LoginTries.objects.update(last_at=timezone.now() - LOCKED_FOR)
    assert try_log_in(RIGHT)


def test_after_the_lock_the_count_begins_anew() -> None:
    lock()
    LoginTries.objects.update(last_at=timezone.now() - LOCKED_FOR)
    try_log_in("wrong")
    assert locked_until("lena", "10.1.1.7", at=timezone.now()) is None
