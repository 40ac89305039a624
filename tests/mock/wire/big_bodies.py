"""Bodies of up to 1 MiB that are built to take long, made when they are needed."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tests.mock.wire.builders import FORM, JSON, MEBIBYTE, XML, wrap_xml


class BigBody(NamedTuple):
    """A body: its name, media type, expected status (204 if it is valid) and maker."""

    name: str
    media_type: str
    status: int
    make: Callable[[], str]


def fill(before: str, item: str, after: str = "", wrap: Callable[[str], str] = str) -> str:
    """Return *before*, as many of *item* as fit into 1 MiB, and *after*, wrapped by *wrap*."""
    size = len(wrap(before + after).encode())
    return wrap(before + item * ((MEBIBYTE - size) // len(item.encode())) + after)


def repeat_numbered(template: str, count: int, separator: str = "") -> str:
    """Return *template* for every number below *count*."""
    return separator.join(template.replace("%d", str(number)) for number in range(count))


def wrap_json(*items: str) -> str:
    """Return the JSON body with *items*."""
    return f'{{"SyncUserAccounts":[{",".join(items)}]}}'


def write_object(fields: Iterable[str]) -> str:
    """Return a JSON object with *fields*."""
    return f"{{{','.join(fields)}}}"


def wrap_root(content: str, attributes: str = "") -> str:
    """Return the root element with *content*."""
    return f"<SyncEmailAccountsRequest {attributes}>{content}</SyncEmailAccountsRequest>"


def wrap_id(text: str) -> str:
    """Return the XML body whose only id is *text*."""
    return wrap_xml(f"<SyncUserAccount><AccountId>{text}</AccountId></SyncUserAccount>")


DEEP: Final = 10_000
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
WIDE: Final = f'{{"AccountId":1,"AssociateName":"{"x" * 70}"}}'
BAD: Final = (
    '{"AccountId":"","AssociateId":"","AssociateName":1,"TableRight":1,"FieldProperties":1}'
)
ELEMENT: Final = (
    "<SyncUserAccount><AccountId>1</AccountId><AssociateName>w</AssociateName></SyncUserAccount>"
)
ITEM: Final = "SyncUserAccounts[%d].AccountId=1"
THREE: Final = "&".join(
    ITEM.replace("AccountId", name) for name in ("AccountId", "AssociateId", "AssociateName")
)
RIGHT: Final = "SyncUserAccounts[%d].FieldProperties.AccountId.FieldRight.Mask=Full"
ID: Final = "SyncUserAccounts[0].AccountId="

BIG_BODIES: Final = [
    # JSON
    BigBody("bad last item", JSON, 400, lambda: wrap_json(*[WIDE] * 9_900, '{"AccountId":"x"}')),
    BigBody(
        "unknown member first, bad last item",
        JSON,
        400,
        lambda: wrap_json('{"q":0}', *[WIDE] * 9_900, "5"),
    ),
    BigBody("all items bad five times", JSON, 400, lambda: wrap_json(*[BAD] * 10_000)),
    BigBody("350,000 tiny items", JSON, 413, lambda: fill("", "{},", "{}", wrap_json)),
    BigBody("500,000 numbers", JSON, 413, lambda: fill("", "0,", "0", wrap_json)),
    BigBody("350,000 objects at the root", JSON, 400, lambda: fill("[", "{},", "{}]")),
    BigBody(
        "350,000 objects as id", JSON, 400, lambda: fill('{"AccountId":[', "{},", "0]}", wrap_json)
    ),
    BigBody("10,000 deep", JSON, 400, lambda: wrap_json("[" * DEEP + "]" * DEEP)),
    BigBody("500,000 deep", JSON, 400, lambda: "[" * 500_000 + "]" * 500_000),
    BigBody("arrays never closed", JSON, 400, lambda: "[" * MEBIBYTE),
    BigBody("objects never closed", JSON, 400, lambda: fill("", '{"a":')),
    BigBody("90,000 unknown", JSON, 204, lambda: write_object(f'"m{n}":0' for n in range(90_000))),
    BigBody(
        "duplicate member last",
        JSON,
        400,
        lambda: wrap_json(*[WIDE] * 9_900, '{"Q":1,"q":2,"accountId":1,"AccountId":"x"}'),
    ),
    BigBody(
        "a list 20,000 times",
        JSON,
        400,
        lambda: fill("{", '"SyncUserAccounts":[],"syncUserAccounts":[],', '"syncuseraccounts":0}'),
    ),
    BigBody("a million digits", JSON, 400, lambda: wrap_json(f'{{"AccountId":{"9" * 1_000_000}}}')),
    BigBody("digits after 500,000 numbers", JSON, 400, lambda: fill("[", "0,", "9" * 5_000 + "]")),
    BigBody("digits after 340,000 texts", JSON, 400, lambda: fill("[", '"",', "9" * 5_000 + "]")),
    BigBody("digits again and again", JSON, 400, lambda: fill("[", "9" * 4_301 + ",", "0]")),
    BigBody(
        "half a surrogate pair after many pairs",
        JSON,
        400,
        lambda: fill('["', "\\ud83d\\ude00", '\\ud800"]'),
    ),
    BigBody(
        "half a surrogate pair after backslashes",
        JSON,
        400,
        lambda: fill('["', "\\\\", '\\ud800"]'),
    ),
    BigBody("4,000 digits", JSON, 400, lambda: wrap_json(f'{{"AccountId":{"9" * 4_000}}}')),
    BigBody("one long string", JSON, 400, lambda: wrap_json(f'"{"9" * 1_000_000}"')),
    BigBody("escaped letters", JSON, 400, lambda: fill('"', "\\u0041", '"', wrap_json)),
    BigBody("cut off", JSON, 400, lambda: fill('{"SyncUserAccounts":[', '{"AccountId":1},')),
    # XML
    BigBody(
        "bad last item",
        XML,
        400,
        lambda: wrap_xml(ELEMENT * 9_999 + "<SyncUserAccount>x</SyncUserAccount>"),
    ),
    BigBody("misnamed last item", XML, 400, lambda: wrap_xml(ELEMENT * 9_999 + "<Account/>")),
    BigBody("260,000 tiny elements", XML, 413, lambda: fill("", "<a/>", "", wrap_root)),
    BigBody("260,000 tiny items", XML, 413, lambda: fill("", "<a/>", "", wrap_xml)),
    BigBody(
        "100,000 unknown names", XML, 413, lambda: wrap_root(repeat_numbered("<m%d/>", 100_000))
    ),
    BigBody(
        "90,000 attributes", XML, 204, lambda: wrap_root("", repeat_numbered("a%d='' ", 90_000))
    ),
    BigBody(
        "45,000 declarations",
        XML,
        204,
        lambda: wrap_root("", repeat_numbered("xmlns:a%d='u' ", 45_000)),
    ),
    BigBody(
        "long namespace", XML, 413, lambda: wrap_root("<a/>" * 100_000, f"xmlns='{'u' * 500_000}'")
    ),
    BigBody(
        "long namespace of attributes",
        XML,
        204,
        lambda: wrap_root("<a x:b=''/>" * 45_000, f"xmlns:x='{'u' * 500_000}'"),
    ),
    BigBody(
        "prefixes to look up",
        XML,
        400,
        lambda: wrap_xml(f"<SyncUserAccount xmlns:i='{XSI}' i:nil='0'/>" * 9_999 + "5"),
    ),
    BigBody("10,000 deep", XML, 400, lambda: wrap_root("<a>" * DEEP + "</a>" * DEEP)),
    BigBody("elements never closed", XML, 400, lambda: fill("<SyncEmailAccountsRequest>", "<a>")),
    BigBody("a comment before all", XML, 400, lambda: fill("<!--", "x", "--><a/>")),
    BigBody("a comment never closed", XML, 400, lambda: fill("<!--", "x")),
    BigBody("comments before all", XML, 400, lambda: fill("", "<!---->", "<a/>")),
    BigBody("comments never closed", XML, 400, lambda: fill("", "<!--")),
    BigBody("instructions before all", XML, 400, lambda: fill("", "<?a?>", "<a/>")),
    BigBody("instructions never closed", XML, 400, lambda: fill("", "<?")),
    BigBody("blanks before all", XML, 400, lambda: fill("", " \n", "<a/>")),
    BigBody("a declaration never closed", XML, 400, lambda: fill("<?xml ", " encoding")),
    BigBody("blanks in the declaration", XML, 400, lambda: fill("<?xml encoding", " ")),
    BigBody("character references", XML, 400, lambda: fill("", "&#65;", "", wrap_id)),
    BigBody("line breaks", XML, 400, lambda: fill("", "\r", "", wrap_id)),
    BigBody("text between elements", XML, 413, lambda: fill("", "x<a/>", "", wrap_id)),
    BigBody(
        "long text, then text between", XML, 400, lambda: wrap_id("x" * 500_000 + "x<a/>" * 35_000)
    ),
    BigBody("text between comments", XML, 400, lambda: fill("", "x<!---->", "", wrap_id)),
    BigBody("tiny sections", XML, 400, lambda: fill("", "<![CDATA[9]]>", "", wrap_id)),
    BigBody(
        "a section never closed",
        XML,
        400,
        lambda: fill("<SyncEmailAccountsRequest><![CDATA[", "x"),
    ),
    BigBody(
        "an attribute never closed", XML, 400, lambda: fill("<SyncEmailAccountsRequest a='", "x")
    ),
    # forms
    BigBody(
        "bad last item",
        FORM,
        400,
        lambda: f"{repeat_numbered(ITEM, 9_999, '&')}&SyncUserAccounts[9999].AccountId=x",
    ),
    BigBody(
        "three members each, bad last",
        FORM,
        400,
        lambda: f"{repeat_numbered(THREE, 9_000, '&')}&SyncUserAccounts[9999]=x",
    ),
    BigBody("one key 30,000 times", FORM, 400, lambda: fill("", f"{ID}1&", f"{ID}x")),
    BigBody("29,000 items", FORM, 413, lambda: repeat_numbered(ITEM, 29_000, "&")),
    BigBody("a million ampersands", FORM, 413, lambda: "&" * MEBIBYTE),
    BigBody("500,000 fields", FORM, 413, lambda: fill("", "a&")),
    BigBody("150,000 unknown members", FORM, 413, lambda: repeat_numbered("%d", 150_000, "&")),
    BigBody(
        "30,000 escaped", FORM, 400, lambda: repeat_numbered(f"%61%d={'%41' * 8}", 30_000, "&")
    ),
    BigBody(
        "30,000 parents",
        FORM,
        204,
        lambda: repeat_numbered("SyncUserAccounts[0].a%d.bcdef=", 30_000, "&"),
    ),
    BigBody("a million equals signs", FORM, 400, lambda: "=" * MEBIBYTE),
    BigBody("brackets", FORM, 400, lambda: "[" * MEBIBYTE),
    BigBody("10,000 deep", FORM, 400, lambda: f"SyncUserAccounts{'[0]' * DEEP}.=1"),
    BigBody("500,000 deep", FORM, 400, lambda: fill("a", ".a", "=1")),
    BigBody(
        "4,500 keys a hundred deep",
        FORM,
        204,
        lambda: repeat_numbered(f"SyncUserAccounts[0].a%d{'.a' * 99}", 4_500, "&"),
    ),
    BigBody(
        "27,000 carrier members",
        FORM,
        204,
        lambda: repeat_numbered("SyncUserAccounts[0].TableRight.%d=", 27_000, "&"),
    ),
    BigBody("5,000 real carriers", FORM, 204, lambda: repeat_numbered(RIGHT, 5_000, "&")),
    BigBody(
        "25,000 parents in a carrier",
        FORM,
        413,
        lambda: repeat_numbered("SyncUserAccounts[0].TableRight.%d.a=", 25_000, "&"),
    ),
    BigBody(
        "20,000 escaped parents with a dot",
        FORM,
        413,
        lambda: repeat_numbered("SyncUserAccounts[0][TableRight][%61.%d][b]=", 20_000, "&"),
    ),
    BigBody(
        "4,500 carriers a hundred deep",
        FORM,
        413,
        lambda: repeat_numbered(f"SyncUserAccounts[0].TableRight.%d{'.a' * 95}=", 4_500, "&"),
    ),
    BigBody(
        "a carrier too deep",
        FORM,
        400,
        lambda: fill("SyncUserAccounts[0].TableRight", "[a]"),
    ),
    BigBody(
        "long names a hundred deep",
        FORM,
        204,
        lambda: f"SyncUserAccounts[0].TableRight{('.' + 'a' * 10_000) * 98}=",
    ),
    BigBody("escapes", FORM, 400, lambda: fill(ID, "%39")),
    BigBody("escapes between letters", FORM, 400, lambda: fill(ID, "%39a")),
    BigBody("escapes that are not utf-8", FORM, 400, lambda: fill("a=%ff", "%61")),
    BigBody("percent signs", FORM, 400, lambda: fill(ID, "%")),
    BigBody("percent signs between letters", FORM, 400, lambda: fill(ID, "%a")),
    BigBody("plus signs", FORM, 400, lambda: fill(ID, "+")),
    BigBody("a million digits", FORM, 400, lambda: fill(ID, "9")),
    BigBody(
        "an index of many digits",
        FORM,
        400,
        lambda: fill("SyncUserAccounts[", "9", "].AccountId=1"),
    ),
]
