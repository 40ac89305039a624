"""Bodies of up to 1 MiB that could take long, made when they are needed."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from tests.mock.wire.builders import FORM, JSON, MEBIBYTE, XML, xml_of


class Big(NamedTuple):
    """A body: what is odd about it, its media type, and the status it gets, 204 if it is legal."""

    name: str
    media_type: str
    status: int
    make: Callable[[], str]


def filled(before: str, item: str, after: str = "", within: Callable[[str], str] = str) -> str:
    """Return *before*, *item* as often as it fits into 1 MiB, and *after*, all of it *within*."""
    taken = len(within(before + after).encode())
    return within(before + item * ((MEBIBYTE - taken) // len(item.encode())) + after)


def numbered(template: str, count: int, separator: str = "") -> str:
    """Return *template* with every number below *count*."""
    return separator.join(template.replace("%d", str(number)) for number in range(count))


def json_of(*items: str) -> str:
    """Return the JSON body that lists *items*."""
    return f'{{"SyncUserAccounts":[{",".join(items)}]}}'


def json_fields(fields: Iterable[str]) -> str:
    """Return an object with *fields*."""
    return f"{{{','.join(fields)}}}"


def root(content: str, attributes: str = "") -> str:
    """Return *content* in the root element."""
    return f"<SyncEmailAccountsRequest {attributes}>{content}</SyncEmailAccountsRequest>"


def as_id(text: str) -> str:
    """Return *text* in the place of an id."""
    return xml_of(f"<SyncUserAccount><AccountId>{text}</AccountId></SyncUserAccount>")


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

BIG: Final = [
    # JSON
    Big("bad last item", JSON, 400, lambda: json_of(*[WIDE] * 9_900, '{"AccountId":"x"}')),
    Big("odd first, bad last item", JSON, 400, lambda: json_of('{"q":0}', *[WIDE] * 9_900, "5")),
    Big("all items bad five times", JSON, 400, lambda: json_of(*[BAD] * 10_000)),
    Big("350,000 tiny items", JSON, 413, lambda: filled("", "{},", "{}", json_of)),
    Big("500,000 numbers", JSON, 413, lambda: filled("", "0,", "0", json_of)),
    Big("350,000 objects at the root", JSON, 400, lambda: filled("[", "{},", "{}]")),
    Big(
        "350,000 objects as id", JSON, 400, lambda: filled('{"AccountId":[', "{},", "0]}", json_of)
    ),
    Big("10,000 deep", JSON, 400, lambda: json_of("[" * DEEP + "]" * DEEP)),
    Big("500,000 deep", JSON, 400, lambda: "[" * 500_000 + "]" * 500_000),
    Big("arrays never closed", JSON, 400, lambda: "[" * MEBIBYTE),
    Big("objects never closed", JSON, 400, lambda: filled("", '{"a":')),
    Big("90,000 unknown", JSON, 204, lambda: json_fields(f'"m{n}":0' for n in range(90_000))),
    Big(
        "two spellings last",
        JSON,
        400,
        lambda: json_of(*[WIDE] * 9_900, '{"Q":1,"q":2,"accountId":1,"AccountId":"x"}'),
    ),
    Big(
        "a list 20,000 times",
        JSON,
        400,
        lambda: filled(
            "{", '"SyncUserAccounts":[],"syncUserAccounts":[],', '"syncuseraccounts":0}'
        ),
    ),
    Big("a million digits", JSON, 400, lambda: json_of(f'{{"AccountId":{"9" * 1_000_000}}}')),
    Big("digits after 500,000 numbers", JSON, 400, lambda: filled("[", "0,", "9" * 5_000 + "]")),
    Big("digits after 340,000 texts", JSON, 400, lambda: filled("[", '"",', "9" * 5_000 + "]")),
    Big("digits again and again", JSON, 400, lambda: filled("[", "9" * 4_301 + ",", "0]")),
    Big(
        "half a letter behind others",
        JSON,
        400,
        lambda: filled('["', "\\ud83d\\ude00", '\\ud800"]'),
    ),
    Big("half a letter behind backslashes", JSON, 400, lambda: filled('["', "\\\\", '\\ud800"]')),
    Big("4,000 digits", JSON, 400, lambda: json_of(f'{{"AccountId":{"9" * 4_000}}}')),
    Big("one long string", JSON, 400, lambda: json_of(f'"{"9" * 1_000_000}"')),
    Big("escaped letters", JSON, 400, lambda: filled('"', "\\u0041", '"', json_of)),
    Big("cut off", JSON, 400, lambda: filled('{"SyncUserAccounts":[', '{"AccountId":1},')),
    # XML
    Big(
        "bad last item",
        XML,
        400,
        lambda: xml_of(ELEMENT * 9_999 + "<SyncUserAccount>x</SyncUserAccount>"),
    ),
    Big("misnamed last item", XML, 400, lambda: xml_of(ELEMENT * 9_999 + "<Account/>")),
    Big("260,000 tiny elements", XML, 413, lambda: filled("", "<a/>", "", root)),
    Big("260,000 tiny items", XML, 413, lambda: filled("", "<a/>", "", xml_of)),
    Big("100,000 unknown names", XML, 413, lambda: root(numbered("<m%d/>", 100_000))),
    Big("90,000 attributes", XML, 204, lambda: root("", numbered("a%d='' ", 90_000))),
    Big("45,000 declarations", XML, 204, lambda: root("", numbered("xmlns:a%d='u' ", 45_000))),
    Big("long namespace", XML, 413, lambda: root("<a/>" * 100_000, f"xmlns='{'u' * 500_000}'")),
    Big(
        "long namespace of attributes",
        XML,
        204,
        lambda: root("<a x:b=''/>" * 45_000, f"xmlns:x='{'u' * 500_000}'"),
    ),
    Big(
        "prefixes to look up",
        XML,
        400,
        lambda: xml_of(f"<SyncUserAccount xmlns:i='{XSI}' i:nil='0'/>" * 9_999 + "5"),
    ),
    Big("10,000 deep", XML, 400, lambda: root("<a>" * DEEP + "</a>" * DEEP)),
    Big("elements never closed", XML, 400, lambda: filled("<SyncEmailAccountsRequest>", "<a>")),
    Big("a comment before all", XML, 400, lambda: filled("<!--", "x", "--><a/>")),
    Big("a comment never closed", XML, 400, lambda: filled("<!--", "x")),
    Big("comments before all", XML, 400, lambda: filled("", "<!---->", "<a/>")),
    Big("comments never closed", XML, 400, lambda: filled("", "<!--")),
    Big("instructions before all", XML, 400, lambda: filled("", "<?a?>", "<a/>")),
    Big("instructions never closed", XML, 400, lambda: filled("", "<?")),
    Big("blanks before all", XML, 400, lambda: filled("", " \n", "<a/>")),
    Big("a declaration never closed", XML, 400, lambda: filled("<?xml ", " encoding")),
    Big("blanks in the declaration", XML, 400, lambda: filled("<?xml encoding", " ")),
    Big("character references", XML, 400, lambda: filled("", "&#65;", "", as_id)),
    Big("line breaks", XML, 400, lambda: filled("", "\r", "", as_id)),
    Big("text between elements", XML, 413, lambda: filled("", "x<a/>", "", as_id)),
    Big("long text, then text between", XML, 400, lambda: as_id("x" * 500_000 + "x<a/>" * 35_000)),
    Big("text between comments", XML, 400, lambda: filled("", "x<!---->", "", as_id)),
    Big("tiny sections", XML, 400, lambda: filled("", "<![CDATA[9]]>", "", as_id)),
    Big(
        "a section never closed",
        XML,
        400,
        lambda: filled("<SyncEmailAccountsRequest><![CDATA[", "x"),
    ),
    Big(
        "an attribute never closed", XML, 400, lambda: filled("<SyncEmailAccountsRequest a='", "x")
    ),
    # forms
    Big(
        "bad last item",
        FORM,
        400,
        lambda: f"{numbered(ITEM, 9_999, '&')}&SyncUserAccounts[9999].AccountId=x",
    ),
    Big(
        "three members each, bad last",
        FORM,
        400,
        lambda: f"{numbered(THREE, 9_000, '&')}&SyncUserAccounts[9999]=x",
    ),
    Big("one key 30,000 times", FORM, 400, lambda: filled("", f"{ID}1&", f"{ID}x")),
    Big("29,000 items", FORM, 413, lambda: numbered(ITEM, 29_000, "&")),
    Big("a million ampersands", FORM, 413, lambda: "&" * MEBIBYTE),
    Big("500,000 fields", FORM, 413, lambda: filled("", "a&")),
    Big("150,000 unknown members", FORM, 413, lambda: numbered("%d", 150_000, "&")),
    Big("30,000 escaped", FORM, 400, lambda: numbered(f"%61%d={'%41' * 8}", 30_000, "&")),
    Big(
        "30,000 parents", FORM, 204, lambda: numbered("SyncUserAccounts[0].a%d.bcdef=", 30_000, "&")
    ),
    Big("a million equals signs", FORM, 400, lambda: "=" * MEBIBYTE),
    Big("brackets", FORM, 400, lambda: "[" * MEBIBYTE),
    Big("10,000 deep", FORM, 400, lambda: f"SyncUserAccounts{'[0]' * DEEP}.=1"),
    Big("500,000 deep", FORM, 400, lambda: filled("a", ".a", "=1")),
    Big(
        "4,500 keys a hundred deep",
        FORM,
        204,
        lambda: numbered(f"SyncUserAccounts[0].a%d{'.a' * 99}", 4_500, "&"),
    ),
    Big(
        "27,000 carrier members",
        FORM,
        204,
        lambda: numbered("SyncUserAccounts[0].TableRight.%d=", 27_000, "&"),
    ),
    Big("5,000 real carriers", FORM, 204, lambda: numbered(RIGHT, 5_000, "&")),
    Big(
        "25,000 parents in a carrier",
        FORM,
        413,
        lambda: numbered("SyncUserAccounts[0].TableRight.%d.a=", 25_000, "&"),
    ),
    Big(
        "20,000 escaped parents with a dot",
        FORM,
        413,
        lambda: numbered("SyncUserAccounts[0][TableRight][%61.%d][b]=", 20_000, "&"),
    ),
    Big(
        "4,500 carriers a hundred deep",
        FORM,
        413,
        lambda: numbered(f"SyncUserAccounts[0].TableRight.%d{'.a' * 95}=", 4_500, "&"),
    ),
    Big(
        "a carrier too deep",
        FORM,
        400,
        lambda: filled("SyncUserAccounts[0].TableRight", "[a]"),
    ),
    Big(
        "long names a hundred deep",
        FORM,
        204,
        lambda: f"SyncUserAccounts[0].TableRight{('.' + 'a' * 10_000) * 98}=",
    ),
    Big("escapes", FORM, 400, lambda: filled(ID, "%39")),
    Big("escapes between letters", FORM, 400, lambda: filled(ID, "%39a")),
    Big("escapes that are not utf-8", FORM, 400, lambda: filled("a=%ff", "%61")),
    Big("percent signs", FORM, 400, lambda: filled(ID, "%")),
    Big("percent signs between letters", FORM, 400, lambda: filled(ID, "%a")),
    Big("plus signs", FORM, 400, lambda: filled(ID, "+")),
    Big("a million digits", FORM, 400, lambda: filled(ID, "9")),
    Big(
        "an index of many digits",
        FORM,
        400,
        lambda: filled("SyncUserAccounts[", "9", "].AccountId=1"),
    ),
]
