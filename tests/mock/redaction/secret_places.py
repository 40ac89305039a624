"""A seeded secret in every place that a request and its answer have."""

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


def named(seed: str) -> str:
    return json.dumps({"SyncUserAccounts": [{"AccountId": 507, "AssociateName": seed}]})


def xml(seed: str) -> str:
    item = f"<AccountId>507</AccountId><AssociateName>{seed}</AssociateName>"
    inner = f"<SyncUserAccounts><SyncUserAccount>{item}</SyncUserAccount></SyncUserAccounts>"
    return f"<SyncEmailAccountsRequest>{inner}</SyncEmailAccountsRequest>"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def latin(seed: str) -> str:
    """A header's value: bytes that HTTP can carry."""
    return seed.encode("utf-8").decode("latin-1")


def bodied(make: Callable[[str], str | bytes], media_type: str = "application/json") -> Place:
    def place(seed: str) -> Entry:
        made = make(seed)
        raw = made.encode() if isinstance(made, str) else made
        return entry(headers=(*BASIC, ("content-type", media_type)), body=raw)

    return place


def answered(make: Callable[[str], str | bytes], media_type: str = "application/json") -> Place:
    def place(seed: str) -> Entry:
        made = make(seed)
        raw = made.encode() if isinstance(made, str) else made
        return entry(status=400, answered=(("content-type", media_type),), answer=raw)

    return place


def with_header(name: str, make: Callable[[str], str] = str) -> Place:
    return lambda seed: entry(headers=((name, make(latin(seed))), *JSON))


def answered_with(name: str, make: Callable[[str], str] = str) -> Place:
    return lambda seed: entry(answered=((name, make(latin(seed))),))


PLACES: dict[str, Place] = {
    "user": lambda seed: entry(headers=(("authorization", basic(seed, "x")),)),
    "password": lambda seed: entry(headers=(("authorization", basic("x", seed)),)),
    "broken Basic": with_header("authorization", lambda seed: f"Basic {seed}"),
    "ticket": with_header("authorization", lambda seed: f"SOTicket 7T:{seed}"),
    "access token": with_header("authorization", lambda seed: f"Bearer 8A:Cust12345.{seed}"),
    "unknown scheme": with_header("authorization", lambda seed: f"{seed} {seed}"),
    "scheme alone": with_header("authorization"),
    "app token": with_header("so-apptoken"),
    "XSRF value": with_header("x-xsrf-token"),
    "session": with_header("cookie", lambda seed: f"a=b; ASP.NET_SessionId={seed}"),
    "name of a cookie": with_header("cookie", lambda seed: f"{seed}=1; {seed}"),
    "unknown header": with_header("x-api-key"),
    "referer": with_header("referer", lambda seed: f"https://app.example/?token={seed}"),
    "user agent": with_header("user-agent", lambda seed: f"{seed} (Bob {seed}) {seed}/1.0"),
    "accept": with_header("accept", lambda seed: f"text/{seed}; x={seed}, {seed}; charset={seed}"),
    "content type": with_header("content-type", lambda seed: f"text/plain; boundary={seed}"),
    "language": with_header("accept-language", lambda seed: f"en-{seed}, {seed}"),
    "coding": with_header("accept-encoding", lambda seed: f"gzip;q={seed}, {seed}"),
    "host": with_header("host", lambda seed: f"{seed}:80"),
    "origin": with_header("origin", lambda seed: f"https://{seed}.example"),
    "asked header": with_header("access-control-request-headers"),
    "user of the URL": lambda seed: entry(f"http://{quote(seed)}:{quote(seed)}@x/api"),
    "host of the URL": lambda seed: entry(f"http://{quote(seed)}/api"),
    "first segment": lambda seed: entry(f"http://x/{quote(seed)}/api/v1"),
    "raw segment": lambda seed: entry(f"http://x/{seed}/api/v1"),
    "value of the query": lambda seed: entry(f"{URL}?ticket={quote_plus(seed)}"),
    "name in the query": lambda seed: entry(f"{URL}?{quote(seed)}"),
    "select": lambda seed: entry(f"{URL}?$select=name,{quote(seed)}/id"),
    "fragment": lambda seed: entry(f"{URL}#{quote(seed)}"),
    "method": lambda seed: entry(method=seed.upper()),
    "name": bodied(named),
    "escaped name": bodied(
        lambda seed: named("?").replace("?", "".join(f"\\u{ord(c):04x}" for c in seed))
    ),
    "name in UTF-16": bodied(lambda seed: named(seed).encode("utf-16")),
    "name in Latin-1": bodied(
        lambda seed: named(seed).encode("latin-1"), "text/json; charset=iso-8859-1"
    ),
    "unknown member": bodied(lambda seed: json.dumps({"x": {"y": [seed]}})),
    "name of a member": bodied(lambda seed: json.dumps({seed: {seed: 1}})),
    "text for a number": bodied(lambda seed: json.dumps({"AccountId": seed})),
    "top": bodied(json.dumps),
    "cut JSON": bodied(lambda seed: named(seed)[:-7]),
    "bare JSON": bodied(lambda seed: f'{{"AccountId": {seed}, // {seed}'),
    "broken escape": bodied(lambda seed: f'{{"AssociateName": "\\q{seed}"}}'),
    "XML name": bodied(xml, "application/xml"),
    "XML comment": bodied(lambda seed: f"<a><!-- {seed} --></a>", "text/xml"),
    "XML data": bodied(lambda seed: f"<a><![CDATA[{seed}]]></a>", "text/xml"),
    "XML instruction": bodied(lambda seed: f"<?{MARK} {seed}?><a/>", "text/xml"),
    "XML declaration": bodied(lambda seed: f'<?xml version="1.0" x="{seed}"?><a/>', "text/xml"),
    "XML attribute": bodied(lambda seed: f"<a b='{seed}' xmlns:c=\"{seed}\"/>", "text/xml"),
    "XML element": bodied(lambda _: f"<{MARK}><{MARK}:b/></{MARK}>", "text/xml"),
    "XML entity": bodied(
        lambda seed: f'<!DOCTYPE {MARK} [<!ENTITY x "{seed}">]><a>&x;</a>', "text/xml"
    ),
    "cut XML": bodied(lambda seed: f"<AssociateName>{seed}", "text/xml"),
    "cut tag": bodied(lambda seed: f"<a><AssociateName b={seed}", "text/xml"),
    "form value": bodied(
        lambda seed: f"SyncUserAccounts[0].AssociateName={quote(seed)}",
        "application/x-www-form-urlencoded",
    ),
    "form key": bodied(
        lambda seed: f"{quote(seed)}[0]={seed}&{seed}", "application/x-www-form-urlencoded"
    ),
    "broken form": bodied(
        lambda seed: f"AssociateName={seed}%FF", "application/x-www-form-urlencoded"
    ),
    "plain text": bodied(str, "text/plain"),
    "part": bodied(
        lambda seed: f"--x\r\nname={seed}\r\n\r\n{seed}\r\n--x--", "multipart/form-data"
    ),
    "bytes": bodied(lambda seed: b"\xff\x00" + seed.encode(), "application/octet-stream"),
    "mistyped": bodied(named, "application/x-www-form-urlencoded"),
    "packed": lambda seed: entry(
        headers=(("content-encoding", "gzip"), *JSON), body=gzip.compress(named(seed).encode())
    ),
    "packed twice": lambda seed: entry(
        headers=(("content-encoding", "gzip, gzip"), *JSON),
        body=gzip.compress(gzip.compress(named(seed).encode())),
    ),
    "set cookie": answered_with(
        "set-cookie", lambda seed: f"a={seed}; domain={seed}; Path=/{seed}"
    ),
    "location": answered_with("location", lambda seed: f"https://x/{seed}?code={seed}"),
    "challenge": answered_with("www-authenticate", lambda seed: f'Basic realm="{seed}", {seed}'),
    "unknown header of an answer": answered_with("x-correlation"),
    "cache": answered_with("cache-control", lambda seed: f"no-cache, {seed}"),
    "date": answered_with("date"),
    "expires": answered_with("expires"),
    "retry": answered_with("retry-after"),
    "type of an answer": answered_with("content-type", lambda seed: f"text/{seed}"),
    "member of an answer": answered(lambda seed: json.dumps({"Ticket": seed, seed: seed})),
    "XML answer": answered(lambda seed: f"<Error><Ticket>{seed}</Ticket></Error>", "text/xml"),
    "page": answered(lambda seed: f'<input name="XSRF_TOKEN" value="{seed}">', "text/html"),
    "binary answer": answered(lambda seed: b"\xff" + seed.encode(), "image/png"),
    "error": lambda seed: entry(status=0, failed=f"net::ERR {seed}"),
    "tenant": lambda seed: entry(label=Label(tenant=seed)),
    "claim": lambda seed: entry(label=Label(claims=(seed,))),
}


def echoed(place: Place) -> Place:
    """The same, and the answer repeats what was sent."""

    def also(seed: str) -> Entry:
        one = place(seed)
        said = json.dumps({"Message": f"what is '{seed}'?", "MessageDetail": f"x{quote(seed)}y"})
        answer = entry(status=400, answered=JSON, answer=said.encode())
        return Entry(request=one.request, response=answer.response)

    return also


ECHOED = ("user", "password", "app token", "session", "name", "XML name", "form value", "top")
PLACES |= {f"{name}, echoed": echoed(PLACES[name]) for name in ECHOED}


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it was": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "the other way round": str.swapcase,
}


def told(seed: str) -> Entry:
    """An exchange of somebody else, whose answer says what was said elsewhere."""
    said = f"Sync by {seed} is running, signed in with '{seed}' ({quote(seed)})"
    answer = json.dumps({"Message": said, "MessageDetail": f"x{seed}y"})
    return entry(headers=JSON, status=400, answered=JSON, answer=answer.encode())


LASTING = (
    *("user", "password", "broken Basic", "app token", "XSRF value", "session", "unknown header"),
    *("name", "escaped name", "name in UTF-16", "XML name", "form value", "value of the query"),
    *("user of the URL", "packed", "set cookie", "member of an answer"),
)
"""Places of what is a secret, or somebody's name, in other exchanges, too."""


SURROGATES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])
ANYTHING = st.text(
    st.one_of(st.characters(), SURROGATES, st.sampled_from("[]/:@?%&=;,\"'\\")),
    max_size=12,
)
HEADER_NAMES = (*headers.REQUEST, *headers.RESPONSE, "x-other")


@st.composite
def odd(draw: st.DrawFn) -> Entry:
    """An exchange with anything in one header, the URL, the answer and the label."""
    said, value = draw(ANYTHING), draw(ANYTHING)
    name = draw(st.sampled_from(HEADER_NAMES))
    return entry(
        draw(st.sampled_from(["", "http://", "http://x/", URL])) + said,
        ((name, value), *JSON),
        status=400,
        answered=((name, said), *JSON),
        answer=json.dumps({"Message": f"what is {said} {value}?"}).encode(),
        failed=value,
        label=Label(tenant=said, proves=value, notes=(said,)),
    )


ODD = odd()
