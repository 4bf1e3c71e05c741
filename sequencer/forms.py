"""What a browser may send: syntax only, the meaning is for the verbs."""

from __future__ import annotations

from django import forms


class ScanForm(forms.Form):
    """One scan. `raw` is kept to the last control character; `nonce` makes a repeated post the same scan,
    `shown` is the group the page asked for when it was made."""

    raw = forms.CharField(max_length=400, strip=False)
    nonce = forms.RegexField(r"\A[0-9A-Za-z-]{8,40}\Z")
    scanned_at = forms.DateTimeField()
    shown = forms.IntegerField(required=False)
