"""Recordings: what others did in a conducted world, to be lived through again."""

from trimtab.lab.recording.files import Recorder, read_recording
from trimtab.lab.recording.recording import Recording, SetUp
from trimtab.lab.recording.script import FirstPrices, Replayed, named_in

__all__ = [
    "FirstPrices",
    "Recorder",
    "Recording",
    "Replayed",
    "SetUp",
    "named_in",
    "read_recording",
]
