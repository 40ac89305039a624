"""Entries with a seeded secret in every place of a request and its response."""

import base64
import gzip
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from superoffice_mock.recordings.model import Entry, Label
from superoffice_mock.redaction import headers
from tests.support.recordings import BASIC, JSON, URL, entry

MARK = "Zq7secret"
SEEDS = st.text("abcXYZ0189._-~@ äß", max_size=8).map(lambda more: f"{MARK}{more.strip()}7")
Place = Callable[[str], Entry]
ECHOED = ("user", "password", "app token", "session", "name", "XML name", "form value", "top")
SPELLINGS: dict[str, Callable[[str], str]] = {
    "unchanged": str,
    "in upper case": str.upper,
    "in lower case": str.lower,
    "in swapped case": str.swapcase,
}
LASTING = (
    *("user", "password", "broken Basic", "app token", "XSRF value", "session", "unknown header"),
    *("name", "escaped name", "name in UTF-16", "XML name", "form value", "value of the query"),
    *("user of the URL", "compressed", "set cookie", "member of an answer"),
)
"""Places whose values are secrets or names of persons in other exchanges as well."""
SURROGATES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])
ANYTHING = st.text(
    st.one_of(st.characters(), SURROGATES, st.sampled_from("[]/:@?%&=;,\"'\\")),
    max_size=12,
)
HEADER_NAMES = (*headers.REQUEST_RULES, *headers.RESPONSE_RULES, "x-other")


def json_body(seed: str) -> str:
    return json.dumps({"SyncUserAccounts": [{"AccountId": 507, "AssociateName": seed}]})


def xml_body(seed: str) -> str:
    item = f"<AccountId>507</AccountId><AssociateName>{seed}</AssociateName>"
    inner = f"<SyncUserAccounts><SyncUserAccount>{item}</SyncUserAccount></SyncUserAccounts>"
    return f"<SyncEmailAccountsRequest>{inner}</SyncEmailAccountsRequest>"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def latin(seed: str) -> str:
    """Return *seed* as a header value: its UTF-8 bytes, decoded as Latin-1."""
    return seed.encode("utf-8").decode("latin-1")


def in_request_body(
    make: Callable[[str], str | bytes], media_type: str = "application/json"
) -> Place:
    def place(seed: str) -> Entry:
        body = make(seed)
        raw = body.encode() if isinstance(body, str) else body
        return entry(headers=(*BASIC, ("content-type", media_type)), body=raw)

    return place


def in_response_body(
    make: Callable[[str], str | bytes], media_type: str = "application/json"
) -> Place:
    def place(seed: str) -> Entry:
        body = make(seed)
        raw = body.encode() if isinstance(body, str) else body
        return entry(
            status=400, response_headers=(("content-type", media_type),), response_body=raw
        )

    return place


def in_request_header(name: str, make: Callable[[str], str] = str) -> Place:
    return lambda seed: entry(headers=((name, make(latin(seed))), *JSON))


def in_response_header(name: str, make: Callable[[str], str] = str) -> Place:
    return lambda seed: entry(response_headers=((name, make(latin(seed))),))


PLACES: dict[str, Place] = {
    "user": lambda seed: entry(headers=(("authorization", basic(seed, "x")),)),
    "password": lambda seed: entry(headers=(("authorization", basic("x", seed)),)),
    "broken Basic": in_request_header("authorization", lambda seed: f"Basic {seed}"),
    "ticket": in_request_header("authorization", lambda seed: f"SOTicket 7T:{seed}"),
    "access token": in_request_header("authorization", lambda seed: f"Bearer 8A:Cust12345.{seed}"),
    "unknown scheme": in_request_header("authorization", lambda seed: f"{seed} {seed}"),
    "scheme alone": in_request_header("authorization"),
    "app token": in_request_header("so-apptoken"),
    "XSRF value": in_request_header("x-xsrf-token"),
    "session": in_request_header("cookie", lambda seed: f"a=b; ASP.NET_SessionId={seed}"),
    "name of a cookie": in_request_header("cookie", lambda seed: f"{seed}=1; {seed}"),
    "unknown header": in_request_header("x-api-key"),
    "referer": in_request_header("referer", lambda seed: f"https://app.example/?token={seed}"),
    "user agent": in_request_header("user-agent", lambda seed: f"{seed} (Bob {seed}) {seed}/1.0"),
    "accept": in_request_header(
        "accept", lambda seed: f"text/{seed}; x={seed}, {seed}; charset={seed}"
    ),
    "content type": in_request_header("content-type", lambda seed: f"text/plain; boundary={seed}"),
    "language": in_request_header("accept-language", lambda seed: f"en-{seed}, {seed}"),
    "coding": in_request_header("accept-encoding", lambda seed: f"gzip;q={seed}, {seed}"),
    "host": in_request_header("host", lambda seed: f"{seed}:80"),
    "origin": in_request_header("origin", lambda seed: f"https://{seed}.example"),
    "requested header": in_request_header("access-control-request-headers"),
    "user of the URL": lambda seed: entry(f"http://{quote(seed)}:{quote(seed)}@x/api"),
    "host of the URL": lambda seed: entry(f"http://{quote(seed)}/api"),
    "first segment": lambda seed: entry(f"http://x/{quote(seed)}/api/v1"),
    "raw segment": lambda seed: entry(f"http://x/{seed}/api/v1"),
    "value of the query": lambda seed: entry(f"{URL}?ticket={quote_plus(seed)}"),
    "name in the query": lambda seed: entry(f"{URL}?{quote(seed)}"),
    "select": lambda seed: entry(f"{URL}?$select=name,{quote(seed)}/id"),
    "fragment": lambda seed: entry(f"{URL}#{quote(seed)}"),
    "method": lambda seed: entry(method=seed.upper()),
    "name": in_request_body(json_body),
    "escaped name": in_request_body(
        lambda seed: json_body("?").replace("?", "".join(f"\\u{ord(c):04x}" for c in seed))
    ),
    "name in UTF-16": in_request_body(lambda seed: json_body(seed).encode("utf-16")),
    "name in Latin-1": in_request_body(
        lambda seed: json_body(seed).encode("latin-1"), "text/json; charset=iso-8859-1"
    ),
    "unknown member": in_request_body(lambda seed: json.dumps({"x": {"y": [seed]}})),
    "name of a member": in_request_body(lambda seed: json.dumps({seed: {seed: 1}})),
    "text for a number": in_request_body(lambda seed: json.dumps({"AccountId": seed})),
    "top": in_request_body(json.dumps),
    "cut JSON": in_request_body(lambda seed: json_body(seed)[:-7]),
    "bare JSON": in_request_body(lambda seed: f'{{"AccountId": {seed}, // {seed}'),
    "broken escape": in_request_body(lambda seed: f'{{"AssociateName": "\\q{seed}"}}'),
    "XML name": in_request_body(xml_body, "application/xml"),
    "XML comment": in_request_body(lambda seed: f"<a><!-- {seed} --></a>", "text/xml"),
    "XML data": in_request_body(lambda seed: f"<a><![CDATA[{seed}]]></a>", "text/xml"),
    "XML instruction": in_request_body(lambda seed: f"<?{MARK} {seed}?><a/>", "text/xml"),
    "XML declaration": in_request_body(
        lambda seed: f'<?xml version="1.0" x="{seed}"?><a/>', "text/xml"
    ),
    "XML attribute": in_request_body(
        lambda seed: f"<a b='{seed}' xmlns:c=\"{seed}\"/>", "text/xml"
    ),
    "XML element": in_request_body(lambda _: f"<{MARK}><{MARK}:b/></{MARK}>", "text/xml"),
    "XML entity": in_request_body(
        lambda seed: f'<!DOCTYPE {MARK} [<!ENTITY x "{seed}">]><a>&x;</a>', "text/xml"
    ),
    "cut XML": in_request_body(lambda seed: f"<AssociateName>{seed}", "text/xml"),
    "cut tag": in_request_body(lambda seed: f"<a><AssociateName b={seed}", "text/xml"),
    "form value": in_request_body(
        lambda seed: f"SyncUserAccounts[0].AssociateName={quote(seed)}",
        "application/x-www-form-urlencoded",
    ),
    "form key": in_request_body(
        lambda seed: f"{quote(seed)}[0]={seed}&{seed}", "application/x-www-form-urlencoded"
    ),
    "broken form": in_request_body(
        lambda seed: f"AssociateName={seed}%FF", "application/x-www-form-urlencoded"
    ),
    "plain text": in_request_body(str, "text/plain"),
    "part": in_request_body(
        lambda seed: f"--x\r\nname={seed}\r\n\r\n{seed}\r\n--x--", "multipart/form-data"
    ),
    "bytes": in_request_body(lambda seed: b"\xff\x00" + seed.encode(), "application/octet-stream"),
    "mistyped": in_request_body(json_body, "application/x-www-form-urlencoded"),
    "compressed": lambda seed: entry(
        headers=(("content-encoding", "gzip"), *JSON), body=gzip.compress(json_body(seed).encode())
    ),
    "compressed twice": lambda seed: entry(
        headers=(("content-encoding", "gzip, gzip"), *JSON),
        body=gzip.compress(gzip.compress(json_body(seed).encode())),
    ),
    "set cookie": in_response_header(
        "set-cookie", lambda seed: f"a={seed}; domain={seed}; Path=/{seed}"
    ),
    "location": in_response_header("location", lambda seed: f"https://x/{seed}?code={seed}"),
    "challenge": in_response_header(
        "www-authenticate", lambda seed: f'Basic realm="{seed}", {seed}'
    ),
    "unknown header of an answer": in_response_header("x-correlation"),
    "cache": in_response_header("cache-control", lambda seed: f"no-cache, {seed}"),
    "date": in_response_header("date"),
    "expires": in_response_header("expires"),
    "retry": in_response_header("retry-after"),
    "type of an answer": in_response_header("content-type", lambda seed: f"text/{seed}"),
    "member of an answer": in_response_body(lambda seed: json.dumps({"Ticket": seed, seed: seed})),
    "XML answer": in_response_body(
        lambda seed: f"<Error><Ticket>{seed}</Ticket></Error>", "text/xml"
    ),
    "page": in_response_body(lambda seed: f'<input name="XSRF_TOKEN" value="{seed}">', "text/html"),
    "binary answer": in_response_body(lambda seed: b"\xff" + seed.encode(), "image/png"),
    "error": lambda seed: entry(status=0, failure=f"net::ERR {seed}"),
    "tenant": lambda seed: entry(label=Label(tenant=seed)),
    "claim": lambda seed: entry(label=Label(claims=(seed,))),
}


def with_echo(place: Place) -> Place:
    """Return *place* with an answer that repeats the seed."""

    def echo(seed: str) -> Entry:
        message = f"what is '{seed}'?"
        body = json.dumps({"Message": message, "MessageDetail": f"x{quote(seed)}y"})
        answer = entry(status=400, response_headers=JSON, response_body=body.encode())
        return Entry(request=place(seed).request, response=answer.response)

    return echo


PLACES |= {f"{name}, echoed": with_echo(PLACES[name]) for name in ECHOED}


def repeated_by_another_answer(seed: str) -> Entry:
    """Return an exchange of another client whose answer repeats *seed*."""
    message = f"Sync by {seed} is running, signed in with '{seed}' ({quote(seed)})"
    body = json.dumps({"Message": message, "MessageDetail": f"x{seed}y"})
    return entry(headers=JSON, status=400, response_headers=JSON, response_body=body.encode())


@st.composite
def odd_entries(draw: st.DrawFn) -> Entry:
    """Draw an exchange with any text in one header, the URL, the answer and the label."""
    text, value = draw(ANYTHING), draw(ANYTHING)
    name = draw(st.sampled_from(HEADER_NAMES))
    return entry(
        draw(st.sampled_from(["", "http://", "http://x/", URL])) + text,
        ((name, value), *JSON),
        status=400,
        response_headers=((name, text), *JSON),
        response_body=json.dumps({"Message": f"what is {text} {value}?"}).encode(),
        failure=value,
        label=Label(tenant=text, proves=value, notes=(text,)),
    )


ODD_ENTRIES = odd_entries()
