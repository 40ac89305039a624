"""The upstream of a recorder: which URLs and addresses are accepted."""

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


def test_a_private_address_is_called_only_if_that_is_allowed() -> None:
    for address in PRIVATE:
        url = f"http://[{address}]:81" if ":" in address else f"http://{address}:81"
        with pytest.raises(SetupError, match="not a public address; add --allow-private if"):
            upstream_address.look_up(url, allow_private=False)
        (resolved,) = upstream_address.look_up(url, allow_private=True).addresses
        assert ip_address(resolved) == ip_address(address)


def test_public_and_loopback_addresses_may_be_called() -> None:
    for address in OPEN:
        assert upstream_address.may_be_called(ip_address(address)), address


def test_a_name_with_one_private_address_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ("8.8.8.8", "10.0.0.1")
    results = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: results)
    with pytest.raises(SetupError, match=r"crm\.example is at 10\.0\.0\.1, which is not a public"):
        upstream_address.look_up("https://crm.example", allow_private=False)


def test_the_authority_and_url_are_those_of_the_given_url() -> None:
    for url, authority, base in (
        ("http://127.0.0.1", "127.0.0.1", "http://127.0.0.1"),
        ("http://127.0.0.1:80/", "127.0.0.1", "http://127.0.0.1"),
        ("https://127.0.0.1:80", "127.0.0.1:80", "https://127.0.0.1:80"),
        ("HTTP://[::1]:8204", "[::1]:8204", "http://[::1]:8204"),
    ):
        upstream = upstream_address.look_up(url, allow_private=False)
        assert (upstream.authority, upstream.url) == (authority, base)


def test_an_unusable_url_is_rejected_in_one_line_without_secrets() -> None:
    for url, message in (
        ("127.0.0.1:80", "expected a URL, such as https://online.example.com"),
        ("ftp://a", "expected a URL"),
        ("http://", "expected a URL"),
        ("http://a:99999", "expected a URL"),
        ("http://a:0", "expected a URL"),
        ("http://[::1", "expected a URL"),
        ("http://me:secret@a", "leave out user and password"),
        (
            "http://a/Cust12345",
            "give only http://a; the app appends /Cust12345 to the address of the recorder",
        ),
        ("http://a?token=secret", "give only http://a"),
        ("http://nobody.invalid", "nobody.invalid can't be found: "),
        ("http://\u00e4..b", "is not a valid host name"),
    ):
        with pytest.raises(SetupError) as error:
            upstream_address.look_up(url, allow_private=False)
        assert message in str(error.value), url
        assert "secret" not in str(error.value), url
        assert "\n" not in str(error.value), url
