"""Hypothesis without a memory: what it makes up depends on the seed and on versions alone."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from unittest import mock

from hypothesis import configuration
from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.internal.intervalsets import IntervalSet

UTF8: Final = (IntervalSet(((0, 0xD7FF), (0xE000, 0x10FFFF))), IntervalSet(()))
"""What UTF-8 can say, all but surrogates, and what of that it does not read back as it was."""


@contextmanager
def hermetic() -> Iterator[None]:
    """Mine nobody's source for constants, and store nothing in the current folder."""
    with _no_mining(), _knowing_utf8(), tempfile.TemporaryDirectory() as aside, _stored_in(aside):
        yield


@contextmanager
def _no_mining() -> Iterator[None]:
    """Keep Hypothesis from drawing the literals in the source files that happen to be loaded."""
    nothing: Callable[[], Constants] = Constants
    with mock.patch.object(providers, "_get_local_constants", nothing):
        providers.CONSTANTS_CACHE.cache.clear()
        yield
    providers.CONSTANTS_CACHE.cache.clear()


@contextmanager
def _knowing_utf8() -> Iterator[None]:
    """Say what UTF-8 can: finding out takes Hypothesis a second, as it may store nothing."""
    find_out = charmap.intervals_from_codec

    def intervals(codec: str) -> tuple[IntervalSet, IntervalSet]:
        return UTF8 if codec == "utf-8" else find_out(codec)

    with mock.patch.object(charmap, "intervals_from_codec", intervals):
        yield


@contextmanager
def _stored_in(directory: str) -> Iterator[None]:
    """Let Hypothesis keep what it insists on keeping in *directory*, not in the current one."""
    before = configuration.storage_directory(intent_to_write=False).path
    configuration.set_hypothesis_home_dir(directory)
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(before)
