"""Sample exports: see `write_sample`."""

from chiso766.sample.generate import Written, write_sample

__all__ = ["Written", "write_sample"]
