"""Runs Hypothesis so that what it generates depends only on the seed and on versions."""

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
"""The characters that UTF-8 can encode, and those that encoding and decoding changes: none."""


@contextmanager
def isolated_hypothesis() -> Iterator[None]:
    """Take no constants from source files, and store nothing in the current folder."""
    with _no_source_constants(), _utf8_intervals(), _temporary_storage():
        yield


@contextmanager
def _no_source_constants() -> Iterator[None]:
    """Keep Hypothesis from drawing literals from the source files that happen to be loaded."""
    no_constants: Callable[[], Constants] = Constants
    with mock.patch.object(providers, "_get_local_constants", no_constants):
        providers.CONSTANTS_CACHE.cache.clear()
        yield
    providers.CONSTANTS_CACHE.cache.clear()


@contextmanager
def _utf8_intervals() -> Iterator[None]:
    """Give Hypothesis the intervals of UTF-8, which take a second to compute without a cache."""
    compute = charmap.intervals_from_codec

    def intervals(codec: str) -> tuple[IntervalSet, IntervalSet]:
        return UTF8 if codec == "utf-8" else compute(codec)

    with mock.patch.object(charmap, "intervals_from_codec", intervals):
        yield


@contextmanager
def _temporary_storage() -> Iterator[None]:
    """Let Hypothesis store its files in a temporary folder instead of the current one."""
    previous_directory = configuration.storage_directory(intent_to_write=False).path
    with tempfile.TemporaryDirectory() as directory:
        configuration.set_hypothesis_home_dir(directory)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(previous_directory)
