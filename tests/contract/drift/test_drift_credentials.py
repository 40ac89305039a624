"""Drift of the credentials in a Swagger or OpenAPI file: schemes, and how they are joined."""

from tests.contract.drift.documents import (
    CALL,
    Document,
    call_in,
    drift_of,
    schemes_in,
    security_in,
)

NEW_SCHEMES: dict[str, Document] = {
    "x-key (apikey)": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "digest": {"type": "http", "scheme": "digest"},
    "mutualtls": {"type": "mutualTLS"},
}
WAYS = "changed: ways to sign in:"


def test_a_new_scheme_is_reported_at_its_definition(document: Document) -> None:
    # An API key in the Authorization header is a ticket, which is known.
    ticket = {"type": "apiKey", "in": "header", "name": "Authorization"}
    schemes_in(document).update(NEW_SCHEMES, Ticket=ticket)
    security_in(document)[0] |= {name: [] for name in ("Ticket", *NEW_SCHEMES)}
    *drift, ways = drift_of(document)
    assert [(finding.place.split("/")[-1], *finding[1:]) for finding in drift] == [
        (name, f"added: scheme {name}", ("authorization-schemes",)) for name in NEW_SCHEMES
    ]
    assert ways.what == f"{WAYS} 6 schemes together instead of 2 schemes together"


def test_an_undefined_scheme_is_reported_as_such_and_none_as_removed(document: Document) -> None:
    security = security_in(document)
    defined = "the file defines Password, Identity"
    for names in (["Lost"], ["Lost", "Id 2"], ["Password", "Lost"], ["lost/found", "password"]):
        security[:] = [{key: [] for key in names}]
        undefined = [
            f'undefined: scheme "{name}": {defined}' for name in names if name != "Password"
        ]
        drift = [finding for finding in drift_of(document) if not finding.what.startswith(WAYS)]
        assert [finding.what for finding in drift] == undefined
        assert {finding.claims for finding in drift} == {()}
        last = drift[-1].place.split("/security/")[1]
        assert last == f"0/{names[-1].replace('/', '~1')}", names
    schemes_in(document).clear()
    assert drift_of(document)[0].what == 'undefined: scheme "lost/found": the file defines none'


def test_an_and_that_becomes_an_or_and_the_other_way_are_reported(document: Document) -> None:
    schemes_in(document)["Ticket"] = {"type": "apiKey", "name": "Authorization", "in": "header"}
    security = security_in(document)
    place = "#/security" if "security" in document else f"{CALL}/security"
    for alternatives, ways in (
        (["Password", "Identity"], "1 scheme or 1 scheme"),
        (["Password", "Identity", "Ticket", "Password"], "1 scheme or 1 scheme or 1 scheme"),
        (["Password Identity Ticket"], "3 schemes together"),
        (["Password Ticket", "Identity Ticket"], "2 schemes together or 2 schemes together"),
        (["Password Identity", ""], "no credentials or 2 schemes together"),
    ):
        security[:] = [{key: [] for key in names.split()} for names in alternatives]
        what = f"{WAYS} {ways} instead of 2 schemes together"
        assert drift_of(document) == [(place, what, ("credentials-alternatives",))]
    security[:] = [{"Identity": ["scope"], "Password": []}] * 2
    assert drift_of(document) == []
    security[:] = [{"Lost": []}, {"Found": []}]
    what = f"{WAYS} 1 scheme or 1 scheme instead of 2 schemes together"
    assert drift_of(document)[-1].what == what


def test_a_call_without_security_lacks_the_schemes(document: Document) -> None:
    document.pop("security", None)
    call_in(document).pop("security", None)
    assert [drift[1:] for drift in drift_of(document)] == [
        ("removed: scheme basic", ("authorization-schemes",)),
        ("removed: scheme bearer", ("authorization-schemes",)),
    ]
