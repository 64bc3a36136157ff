"""The one error this software raises on purpose."""

from __future__ import annotations


class ChisoError(Exception):
    """One Vietnamese sentence: what is wrong, where, and what to do about it."""
