"""Some tests here start with an empty warehouse."""

from ..deliveries import empty_warehouse

__all__ = ["empty_warehouse"]
