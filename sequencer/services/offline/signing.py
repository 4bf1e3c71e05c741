"""The plant's signature under a work pack: ECDSA P-256, as every browser's WebCrypto can check it."""

from __future__ import annotations

import base64
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.conf import settings

NAME = "work-pack.pem"


def sign(text: str) -> str:
    """The signature of a text: r and s of 32 bytes each, in base64."""
    made = _key(_path()).sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(made)
    return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def public_key() -> str:
    """What the page carries so that its browser can check packs: SubjectPublicKeyInfo in base64."""
    spki = (
        _key(_path())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(spki).decode()


def _path() -> Path:
    return Path(settings.EDI_SECRETS_DIR) / NAME


@lru_cache(maxsize=2)
def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key of this plant, made once. Of several processes that start together one makes it, the others read it."""
    if not path.exists():
        _make(path)
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is no EC key; delete it and a new one is made")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # mkstemp gives 0600; the link appears whole or not at all, and the first one stays.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".work-pack-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        os.unlink(name)
