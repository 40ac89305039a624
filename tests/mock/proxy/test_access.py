"""Who may call the recorder: programs here, those with the token, and no foreign page."""

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import Rejected
from superoffice_mock.proxy.access import AccessRules

LOCAL = ("host", "127.0.0.1:8205")
PAGE = ("origin", "https://evil.example")


def admitted_path(path: bytes, *pairs: tuple[str, str], token: str | None = None) -> bytes:
    """Return the path that the upstream gets."""
    rules = AccessRules.of_settings(Settings(control_token=token))
    headers = [(name.encode(), value.encode()) for name, value in pairs]
    raw_path: bytes = rules.admit({"raw_path": path, "headers": headers})["raw_path"]
    return raw_path


def refusal(path: bytes, *pairs: tuple[str, str], token: str | None = None) -> str:
    with pytest.raises(Rejected) as error:
        admitted_path(path, *pairs, token=token)
    assert error.value.status == 403
    assert "sesame" not in error.value.message
    return error.value.message


def test_a_foreign_page_may_not_call_even_with_the_token() -> None:
    for pairs in ((LOCAL, PAGE), (LOCAL, ("sec-fetch-site", "cross-site"))):
        assert "see --cors-origins" in refusal(b"/", *pairs), pairs
        assert "see --cors-origins" in refusal(b"/sesame/", *pairs, token="sesame"), pairs
    page = ("origin", "http://localhost:3000")
    assert admitted_path(b"/a%20b", LOCAL, page, ("sec-fetch-site", "cross-site")) == b"/a%20b"


def test_a_host_that_may_be_rebound_is_refused_unless_a_token_protects() -> None:
    for pairs in ((), (("host", "evil.example"),), (("host", "10.0.0.1:8205"),), (("host", "["),)):
        assert "call 127.0.0.1, or set --control-token" in refusal(b"/", *pairs), pairs
        assert admitted_path(b"/sesame/", *pairs, token="sesame") == b"/", pairs


def test_with_a_token_every_path_begins_with_it_and_the_upstream_does_not_see_it() -> None:
    for path, expected in (
        (b"/sesame%201%2F2/Cust12345/api", b"/Cust12345/api"),
        (b"/%73esame 1%2f2//api/%zz", b"//api/%zz"),
        (b"/sesame%201%2F2", b"/"),
    ):
        assert admitted_path(path, LOCAL, token="sesame 1/2") == expected, path
    for path in (
        b"/",
        b"",
        b"*",
        b"/api",
        b"//sesame%201%2F2/",
        b"/sesame%201/2/",
        b"/SESAME%201%2F2",
    ):
        assert "begin the path with the control token" in refusal(path, token="sesame 1/2"), path
