"""Who posts with an API token: asked by every post of a scanner, so its question is put together once."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed

from inventory.statements import Question, text


def _with_user() -> QuerySet[Token]:
    return Token.objects.select_related("user").filter(key=text("key")).order_by()


_TOKEN = Question(_with_user)


class ByToken(TokenAuthentication):
    """REST framework's own check of a token; refuses one that is not known and one whose user is blocked."""

    def authenticate_credentials(self, key: str) -> tuple[Any, Token]:
        token = _TOKEN.first(key=key)
        if token is None:
            raise AuthenticationFailed(_("Invalid token."))
        if not token.user.is_active:
            raise AuthenticationFailed(_("User inactive or deleted."))
        return token.user, token
