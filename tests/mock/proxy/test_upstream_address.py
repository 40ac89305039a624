"""The upstream of a recorder: which URLs and addresses are accepted."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_mock.errors import SetupError
from superoffice_mock.proxy import upstream_address

PRIVATE = (
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("0.1.2.3", "192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.19.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("fe80::1", "fec0::1", "fc00::1", "::", "ff02::1", "ff0e::1", "100::1", "5f00::1"),
    *("2001:db8::1", "3fff::1", "2001:0:a00:1::1", "2001:2::1", "2001:20::1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:192.0.0.1"),
    *("64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "64:ff9b:1::808:808"),
    *("2002:a00:1::", "2002:7f00:1::", "::10.0.0.1", "::127.0.0.1", "::8.8.8.8"),
    *("::ffff:0:10.0.0.1", "::ffff:0:127.0.0.1"),
)
OPEN = (
    *("8.8.8.8", "191.255.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::"),
    *("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
)


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


def test_a_private_address_is_found_in_any_spelling() -> None:
    spellings = ("0xa000001", "167772161", "012.1", "\uff11\uff10.0.0.1", "10\u30020\u30020\u30021")
    for host, address in (
        *((spelling, "10.0.0.1") for spelling in spellings),
        *(("0", "0.0.0.0"), ("[fe80::1%lo]", "fe80::1"), ("[::ffff:a00:1]", "::ffff:a00:1")),
    ):
        with pytest.raises(SetupError, match="not a public address") as error:
            upstream_address.look_up(f"http://{host}", allow_private=False)
        assert address in str(error.value), host


@settings(max_examples=300)
@given(st.ip_addresses())
def test_what_is_not_global_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if upstream_address.may_be_called(address) and not address.is_loopback:
        assert address.is_global or (isinstance(address, IPv6Address) and address.ipv4_mapped)
        assert not address.is_multicast


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
    only_host = "give only http://a; the app appends "
    for url, message in (
        ("127.0.0.1:80", "expected a URL, such as https://online.example.com"),
        ("ftp://a", "expected a URL"),
        ("http://", "expected a URL"),
        ("http://a:99999", "expected a URL"),
        ("http://a:0", "expected a URL"),
        ("http://[::1", "expected a URL"),
        ("http://me:secret@a", "leave out user and password"),
        ("http://a/Cust12345", f"{only_host}/Cust12345 to the address of the recorder"),
        ("http://a?token=secret", f"{only_host}the rest to"),
        ("http://a/?k=secret", f"{only_host}the rest to"),
        ("https://a:81/b/;token=secret#secret", "give only https://a:81; the app appends /b to"),
        ("http://a#secret", f"{only_host}the rest to"),
        ("http://a/me:secret@b", f"{only_host}the rest to"),
        ("http://a;secret/path", "no valid host name"),
        ("http://a:secret", "expected a URL"),
        ("me:secret@crm.example", "expected a URL"),
        ("https:/me:secret@crm.example", "expected a URL"),
        ("ftp://me:secret@crm.example", "expected a URL"),
        ("http://nobody.invalid", "nobody.invalid can't be found: "),
        ("http://\u00e4..b", "no valid host name"),
    ):
        with pytest.raises(SetupError) as error:
            upstream_address.look_up(url, allow_private=False)
        assert message in str(error.value), url
        assert "secret" not in str(error.value), url
        assert "\n" not in str(error.value), url
