"""The door: log-in, and what there is to look at for a person's role."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from sequencer import boards, demo
from sequencer.access import guarded, may, turned_away
from sequencer.logins import LoginForm


@guarded
def home(request: HttpRequest) -> HttpResponseBase:
    return render(request, "home.html", {"plant": boards.overview()})


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """Admin sends here whom it does not let in: the plant has one log-in."""
    if may(request.user, "admin"):
        return redirect("admin:index")
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))
    return turned_away(request, "admin")


class Login(LoginView):
    """Django's own log-in; a demo plant shows its log-ins beside it."""

    template_name = "login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        logins = [(name, demo.password(name), does) for name, does in demo.LOGINS] if settings.DEMO else []
        return super().get_context_data(demo_logins=logins, **kwargs)
