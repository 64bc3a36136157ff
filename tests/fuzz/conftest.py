"""Every test of the database starts with an empty warehouse."""

from ..deliveries import empty_warehouse

__all__ = ["empty_warehouse"]
