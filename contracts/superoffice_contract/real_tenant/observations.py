"""Observations: which claims a tenant agreed with, in the form in which claims.toml takes them.

They name no tenant and hold no secret.
"""

import tomllib
from datetime import date
from typing import Final

import msgspec

from superoffice_contract.openapi import claims
from superoffice_contract.openapi.claims import Observation
from superoffice_contract.report import WRONG_GUESS, Report

HEADER: Final = """\
# What tenants showed of the claims of this contract, by `superoffice-mock check --real`.
# To use it, append these tables to claims.toml. An inferred claim with which every tenant agreed is
# then observed: a server that differs from it fails. One that a tenant refuted stays a guess.
# No tenant is named here, and nothing that was sent or answered is repeated.
"""
_AGREES_BY_STATUS: Final = {"agrees": True, "differs": False, WRONG_GUESS: False}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    observation: tuple[Observation, ...] = ()


def read_observations(text: str) -> tuple[Observation, ...]:
    """Return the observations in *text*. Raise ValueError if it has anything else."""
    try:
        return msgspec.convert(tomllib.loads(text), _File).observation
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}") from error


def add_observations(text: str, report: Report, day: date) -> str:
    """Return *text*, a file of observations or nothing, with those of *report*, made on *day*.

    They follow in the order of claims.toml. What the file already says of that day stays once.
    Raise ValueError if it is another file.
    """
    known = read_observations(text)
    status_by_claim = {result.check: result.status for result in report.results}
    tables = []
    for id_ in claims.load():
        agrees = _AGREES_BY_STATUS.get(status_by_claim.get(id_, ""))
        if agrees is not None and Observation(id_, agrees, day) not in known:
            value = str(agrees).lower()
            tables.append(
                f'\n[[observation]]\nclaim = "{id_}"\nagrees = {value}\ndate = {day.isoformat()}\n'
            )
    start = text if text.endswith("\n") or not text else f"{text}\n"
    return (start or HEADER) + "".join(tables)
