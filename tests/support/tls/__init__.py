"""A certificate for this machine and its private key, made for tests and trusted by nobody else."""

from __future__ import annotations

from pathlib import Path

CERT = Path(__file__).parent / "cert.pem"
KEY = Path(__file__).parent / "key.pem"
