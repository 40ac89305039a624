"""Who may be recorded: named once, and only what the name is known to mean is called."""

import socket
from ipaddress import ip_address

import pytest

from superoffice_mock.errors import SetupError
from superoffice_mock.proxy import upstream_address

PRIVATE = (
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "fe80::1", "fc00::1", "::", "ff02::1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::"),
)
OPEN = ("8.8.8.8", "2606:4700::1111", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_others_can_not_reach_is_called_only_if_that_is_allowed(
    address: str,
) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(SetupError, match="no public address; if you mean it: --allow-private"):
        upstream_address.found(f"http://{host}:81", private=False)
    (found,) = upstream_address.found(f"http://{host}:81", private=True).addresses
    assert ip_address(found) == ip_address(address)


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_and_this_machine_may_be_called(address: str) -> None:
    assert upstream_address.may_be_called(ip_address(address))


def test_a_name_of_which_one_address_is_private_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [(socket.AF_INET, 1, 6, "", (one, 443)) for one in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    with pytest.raises(SetupError, match=r"crm\.example is at 10\.0\.0\.1, which is no public"):
        upstream_address.found("https://crm.example", private=False)


@pytest.mark.parametrize(
    ("url", "authority", "base"),
    [
        ("http://127.0.0.1", "127.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.1:80/", "127.0.0.1", "http://127.0.0.1"),
        ("https://127.0.0.1:80", "127.0.0.1:80", "https://127.0.0.1:80"),
        ("HTTP://[::1]:8204", "[::1]:8204", "http://[::1]:8204"),
    ],
)
def test_host_is_what_the_upstream_is_called(url: str, authority: str, base: str) -> None:
    found = upstream_address.found(url, private=False)
    assert (found.authority, found.url) == (authority, base)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:80", "expected a URL, such as https://online.example.com"),
        ("ftp://a", "expected a URL"),
        ("http://", "expected a URL"),
        ("http://a:99999", "expected a URL"),
        ("http://a:0", "expected a URL"),
        ("http://[::1", "expected a URL"),
        ("http://me:secret@a", "leave out user and password"),
        ("http://a/Cust12345", "give http://a, and /Cust12345 to the app, behind our address"),
        ("http://a?token=secret", "give http://a"),
        ("http://nobody.invalid", "nobody.invalid is not found: "),
        ("http://\u00e4..b", "is no name of a host"),
    ],
)
def test_what_can_not_be_called_is_refused_in_one_line(url: str, said: str) -> None:
    with pytest.raises(SetupError) as refused:
        upstream_address.found(url, private=False)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
