"""The door: log-in, and what there is to look at for a person's role."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from sequencer import boards, demo
from sequencer.access import guarded, may, turned_away
from sequencer.languages import speak_here
from sequencer.logins import LoginForm
from sequencer.services.speech import choose_language


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


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    """A person's own language, from the top bar: kept with the badge, without one with this browser."""
    code = request.POST.get("language", "")
    kept = choose_language(request.user, code)
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    answer = redirect(back if here else "home")
    if not kept:
        speak_here(answer, code)
    return answer


class Login(LoginView):
    """Django's own log-in; a demo plant shows its log-ins beside it."""

    template_name = "login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        logins = [(name, demo.password(name), does) for name, does in demo.LOGINS] if settings.DEMO else []
        return super().get_context_data(demo_logins=logins, **kwargs)
