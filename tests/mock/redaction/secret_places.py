"""Entries with a seeded secret in every place of a request and its response."""

import base64
import gzip
import json
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.recordings.model import Entry, Label, RecordedRequest, RecordedResponse
from superoffice_mock.redaction import headers
from tests.mock.redaction.builders import answer, question
from tests.support.recordings import JSON, URL, entry

MARK = "Zq7secret"
SEEDS = st.text("abcXYZ0189._-~@ äß", max_size=8).map(lambda more: f"{MARK}{more.strip()}7")
Place = Callable[[str], Entry]
ECHOED = (
    *("user", "password", "app token", "XSRF value", "session", "name", "escaped name"),
    *("name in UTF-16", "XML name", "form value", "top", "value of the query", "user of the URL"),
    *("compressed", "unknown header"),
)
"""Places whose values the message of the same exchange may repeat."""
SURROGATES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])
ANYTHING = st.text(
    st.one_of(st.characters(), SURROGATES, st.sampled_from("[]/:@?%&=;,\"'\\")), max_size=12
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
    return lambda seed: question(make(seed), media_type)


def in_response_body(
    make: Callable[[str], str | bytes], media_type: str = "application/json"
) -> Place:
    return lambda seed: answer(make(seed), media_type)


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
    "name of a member": in_request_body(lambda seed: json.dumps({f"{seed} 1": {f"{seed}2024": 1}})),
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
    "XML element": in_request_body(
        lambda _: f"<{MARK}2024><{MARK}2024:b/></{MARK}2024>", "text/xml"
    ),
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
        lambda seed: f"2024{quote(seed)}[0]={seed}&{seed}", "application/x-www-form-urlencoded"
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
    "member of an answer": in_response_body(
        lambda seed: json.dumps({"Ticket": seed, f"{seed} 1": seed})
    ),
    "XML answer": in_response_body(
        lambda seed: f"<Error><Ticket>{seed}</Ticket></Error>", "text/xml"
    ),
    "message": in_response_body(lambda seed: json.dumps({"Message": f"no {seed}!"})),
    "name in a dictionary": in_response_body(
        lambda seed: json.dumps({"FieldProperties": {seed: {"FieldRight": seed}}})
    ),
    "word as a name in a dictionary": in_response_body(
        lambda _: json.dumps({"ExtraFields": {MARK: 1}, "CustomFields": [{MARK: None}]})
    ),
    "type beside the headers": lambda seed: Entry(
        request=RecordedRequest("POST", URL, body=seed.encode(), declared_type="text/yaml"),
        response=RecordedResponse(200, body=seed.encode(), declared_type="text/html"),
    ),
    "name of a type beside the headers": lambda seed: Entry(
        request=RecordedRequest("POST", URL, declared_type=f"text/{seed}; x={seed}"),
        response=RecordedResponse(200, declared_type=f"{seed}/html"),
    ),
    "page": in_response_body(lambda seed: f'<input name="XSRF_TOKEN" value="{seed}">', "text/html"),
    "binary answer": in_response_body(lambda seed: b"\xff" + seed.encode(), "image/png"),
    "error": lambda seed: entry(status=0, failure=f"net::ERR {seed}"),
    "tenant": lambda seed: entry(label=Label(tenant=seed)),
    "claim": lambda seed: entry(label=Label(claims=(seed,))),
    "note": lambda seed: entry(label=Label(proves=seed, notes=(seed,))),
}


def with_echo(place: Place) -> Place:
    """Return *place* with an answer that repeats the seed."""

    def echo(seed: str) -> Entry:
        message = f"what is '{seed}'?"
        body = json.dumps({"Message": message, "MessageDetail": f"x{quote(seed)}y"})
        return replace(answer(body), request=place(seed).request)

    return echo


OTHER_TYPES = {
    "": "{}",
    "text/html": '<input name="XSRF_TOKEN" value="{}"><script>p = "{}"</script>',
    "application/xhtml+xml": "<p>{}</p>",
    "text/csv": "name,password\n{},{}\n",
    "text/vcard": "BEGIN:VCARD\nFN:{}\nEND:VCARD\n",
    "text/calendar": "BEGIN:VEVENT\nSUMMARY:{}\n",
    "message/rfc822": "From: {}\n\n{}\n",
    "application/javascript": 'callback({{"password": "{}"}})',
    "text/css": ".{} {{}}",
    "text/event-stream": "data: {}\n\n",
    "application/yaml": "password: {}\n",
    "text/markdown": "# {}\n",
    "application/x-env": "PASSWORD={}\n",
    "multipart/form-data; boundary=x": '--x\r\nname="{}"\r\n\r\n{}\r\n--x--',
    "image/svg+xml; charset=ebcdic": "<svg>{}</svg>",
}
PLACES |= {
    f"{media_type or 'no type'} in {name}": make_place(partial(text.replace, "{}"), media_type)
    for media_type, text in OTHER_TYPES.items()
    for name, make_place in (("a request", in_request_body), ("an answer", in_response_body))
}
PLACES |= {f"{name}, echoed": with_echo(PLACES[name]) for name in ECHOED}


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
