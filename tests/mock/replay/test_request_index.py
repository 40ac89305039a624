"""The index of a recording finds what comparing with each exchange finds, in a bounded time."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_mock.core.credentials import BasicCredentials, Ticket
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym
from superoffice_mock.recordings.model import Headers, RecordedRequest
from superoffice_mock.recordings.pseudonyms import Pseudonyms, text_of_id
from superoffice_mock.replay import matching
from superoffice_mock.replay.matching import DEFAULT_FIELDS, FIELDS, Difference
from superoffice_mock.replay.player import (
    MAX_DIFFERENCES,
    Miss,
    Player,
    RecordedExchange,
    Rules,
    Script,
)
from superoffice_mock.replay.pseudonym_bindings import Attempt, Bindings
from superoffice_mock.replay.request_key import RequestKey, RequestKeys
from tests.support.cpu_time import usual_seconds
from tests.support.recordings import JSON, URL, entry

KEYS: Final = RequestKeys(operations.load())
ENTRY: Final = entry()
TEXT: Final[Headers] = (("content-type", "text/plain"),)
WORDS: Final = [Pseudonyms(b"key").of_text(text) for text in "123"]
HIDDEN: Final[Headers] = (("content-type", f"text/json; charset={WORDS[0]}"),)
SIZE: Final = 20_000
MAX_SECONDS: Final = 0.005


# ---- the reference: a comparison with each exchange --------------------------------------------


class Reference:
    """Plays *keys* by comparing a request with each of them."""

    def __init__(self, keys: Sequence[RequestKey], rules: Rules, bindings: Bindings) -> None:
        self._keys = keys
        self._rules = rules
        self._bindings = bindings
        self._unused = set(range(len(keys)))

    def take(self, request: RequestKey) -> int | tuple[Difference, ...] | str:
        """Return the match, else the differences from the nearest, or how many are used."""
        matches = self._matches(request)
        if self._rules.repeat and self._unused.isdisjoint(matches):
            self._unused |= matches.keys()
        for index, attempt in matches.items():
            if index in self._unused:
                attempt.commit()
                self._unused.remove(index)
                return index
        if matches:
            return "the only recorded" if len(matches) == 1 else f"all {len(matches)} recorded"
        candidates = (self._compare(key, request)[1] for key in self._keys)
        return min(candidates, key=distance)

    def _matches(self, request: RequestKey) -> dict[int, Attempt]:
        compared = (self._compare(key, request) for key in self._keys)
        return {index: attempt for index, (attempt, found) in enumerate(compared) if not found}

    def _compare(
        self, key: RequestKey, request: RequestKey
    ) -> tuple[Attempt, tuple[Difference, ...]]:
        attempt = Attempt(self._bindings)
        found = matching.differences(key, request, self._rules.fields, attempt)
        return attempt, tuple(islice(found, MAX_DIFFERENCES))


def distance(differences: Sequence[Difference]) -> int:
    weights = {"method": 6, "path": 6, "query": 2, "credentials": 2, "media-type": 1, "body": 1}
    return sum(weights[item.field] + 2 * (not item.where) for item in differences)


# ---- requests ----------------------------------------------------------------------------------

SHAPES: Final = (
    *("{}", "{}", "7T:{}", "<{}>", "{} {}", "-{}-", "pseudo-{}"),
    *("{}@example.invalid", "<{}@example.invalid>", "<{} (3 characters)>"),
)
VALUES: Final = ("Ada", "Bob", "<Ada>", "Ada Bob", "-Ada-", "", "pseudo-")
TENANT_URL: Final = URL.replace("/api", f"/{WORDS[0]}/api", 1)
ID: Final = next(filter(is_id_pseudonym, range(1_000_000_000, 1_000_000_097)))
OTHER_PATH: Final = "http://crm.example/api/v1/Agents/Sale/Other"
values = st.sampled_from(VALUES)
texts = values | st.builds(str.format, st.sampled_from(SHAPES), *[st.sampled_from(WORDS)] * 2)
scalars = st.sampled_from([1, 1.0, True, -1, -2, ID])
names = st.sampled_from(["a", "b", "AId", *WORDS, "Ada", "Bob"])
free_values = texts | scalars | st.lists(scalars) | st.dictionaries(names, scalars | texts)
free_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(names, free_values)


def accounts_with(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Return bodies with a few accounts of few different values."""
    accounts = st.fixed_dictionaries({"AccountId": st.sampled_from([-1, -2])}, optional=members)
    return st.lists(accounts, min_size=1, max_size=2).map(write_body)


def write_body(accounts: object) -> bytes:
    return json.dumps({"SyncUserAccounts": accounts}).encode()


BODIES: Final[Sequence[st.SearchStrategy[bytes | None]]] = (
    accounts_with(AssociateName=texts),
    accounts_with(AssociateName=st.none() | values, TableRight=free_objects),
    # All parts of these but the last few are equal, or they have too many differences.
    st.integers(1, 3).map(lambda id_: write_body([*[{"AccountId": 1}] * 30, {"AccountId": id_}])),
    st.integers(1, 3).map(lambda id_: write_body([{"AccountId": id_}] * 30)),
    texts.map(lambda text: text.encode()) | st.none(),
    free_objects.map(lambda value: json.dumps(value).encode()),
    st.lists(free_values).map(lambda value: json.dumps(value).encode()),
    accounts_with(AssociateName=texts) | texts.map(lambda text: text.encode()) | st.none(),
)
CREDENTIALS: Final = (
    st.just(BasicCredentials("Ada", "Bob")),
    st.builds(BasicCredentials, texts, texts),
    st.builds(Ticket, texts, st.none() | texts) | st.builds(BasicCredentials, texts, texts),
)
URLS: Final = (
    st.just(URL),
    st.sampled_from([URL, f"{URL}/x", TENANT_URL, TENANT_URL.replace(WORDS[0], WORDS[1])]),
    texts.map(lambda text: f"{URL}?$select={text}"),
    st.sampled_from(["", "?a", "?a=b", "?a=b&c=d"]).map(lambda query: f"{URL}{query}"),
    st.just(OTHER_PATH),
    st.lists(st.tuples(names, st.just(f"{ID}") | texts), max_size=3).map(
        lambda pairs: f"{OTHER_PATH}?{urlencode(pairs)}"
    ),
    st.sampled_from([f"{URL}/{ID}", f"{URL}/5", f"{OTHER_PATH}/{ID + 97}"]),
)


def request_keys(data: st.DataObject) -> st.SearchStrategy[RequestKey]:
    """Return a strategy of keys that differ in few ways."""
    body, credentials, url = (
        data.draw(st.sampled_from(each)) for each in (BODIES, CREDENTIALS, URLS)
    )
    media_types = data.draw(st.sampled_from([[JSON], [JSON, (), TEXT, HIDDEN]]))
    methods = data.draw(st.sampled_from([["POST"], ["POST", "PUT"]]))
    return st.builds(
        lambda request, credentials, is_known: replace(
            KEYS.key_of_recorded(request), credentials=credentials, any_credentials=not is_known
        ),
        st.builds(
            RecordedRequest,
            method=st.sampled_from(methods),
            url=url,
            headers=st.sampled_from(media_types),
            body=body,
            length=st.none() | st.sampled_from([3, len(write_body([{"AccountId": -1}]))]),
        ),
        credentials,
        st.sampled_from(data.draw(st.sampled_from([[True], [True, False]]))),
    )


def fill_in(value: Any, names: dict[str, str]) -> Any:
    """Return *value* with names in place of its pseudonyms."""
    if isinstance(value, str):
        for word, text in names.items():
            value = type(value)(value.replace(word, text))
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(fill_in(item, names) for item in value)
    if isinstance(value, dict):
        return {fill_in(name, names): fill_in(child, names) for name, child in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: fill_in(getattr(value, name), names) for name in value.__struct_fields__}
        return replace(value, **fields)
    return value


def exchanges_of(keys: Sequence[RequestKey]) -> list[RecordedExchange]:
    return [RecordedExchange(f"{index}", key, ENTRY) for index, key in enumerate(keys)]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_index_finds_what_a_comparison_with_each_exchange_finds(data: st.DataObject) -> None:
    keys = request_keys(data)
    different = data.draw(st.lists(keys, min_size=1, max_size=5))
    recorded = data.draw(st.lists(st.sampled_from(different), min_size=1, max_size=20))
    fields = data.draw(st.just(DEFAULT_FIELDS) | st.permutations(list(FIELDS)))
    rules = Rules(tuple(fields), "none", repeat=data.draw(st.booleans()))
    two_sided = data.draw(st.booleans())
    player = Player(Script(exchanges_of(recorded), rules), Bindings(two_sided=two_sided))
    reference = Reference(recorded, rules, Bindings(two_sided=two_sided))
    people = st.sampled_from(["Ada", "Bob"])
    meanings = st.fixed_dictionaries(dict.fromkeys((*WORDS, text_of_id(ID)), people))
    filled = st.builds(fill_in, st.sampled_from(different), meanings)
    for request in data.draw(st.lists(filled | st.sampled_from(different) | keys, max_size=15)):
        found, expected = player.take(request), reference.take(request)
        if isinstance(found, Miss):
            event("a miss" if found.differences else "all used")
            assert (found.differences or found.why[: len(str(expected))]) == expected
        else:
            event("a match")
            assert found == expected


def test_members_match_in_any_order_and_types_differ_beside_pseudonyms() -> None:
    for text, name in ((WORDS[0], "Ada"), ("pseudo-", "pseudo-"), ("Ada", "Ada")):

        def carrier(a: object, text: str) -> RequestKey:
            body = write_body([{"TableRight": {"a": a, "b": text}}])
            return KEYS.key_of_recorded(RecordedRequest("POST", URL, headers=JSON, body=body))

        recorded = [*[carrier(True, text)] * 5, carrier(1, text)]
        player = Player(Script(exchanges_of(recorded), Rules()))
        reordered = write_body([{"TableRight": {"b": name, "a": 1}}])
        request = RecordedRequest("POST", URL, headers=JSON, body=reordered)
        match = player.take(KEYS.key_of_recorded(request))
        assert match == (0 if text == "Ada" else 5), text  # as Python compares 1 and true


# ---- time ----------------------------------------------------------------------------------------


def test_a_match_or_a_miss_among_20_000_exchanges_takes_less_than_5_ms() -> None:
    names = Pseudonyms(b"key")

    def make(body: bytes, url: str = URL) -> RequestKey:
        request = RecordedRequest("POST", url, headers=JSON, body=body)
        signed_in = BasicCredentials(WORDS[0], WORDS[1])
        return replace(KEYS.key_of_recorded(request), credentials=signed_in)

    def account(id_: int, name: str) -> bytes:
        return write_body([{"AccountId": id_, "AssociateName": name, "AssociateId": id_}])

    makers: Sequence[Callable[[int], RequestKey]] = (
        lambda _: make(account(0, "Ada")),
        lambda id_: make(account(id_, f"a{id_}")),
        lambda id_: make(account(-1, names.of_text(f"b{id_}"))),
        lambda id_: make(account(0, "Ada"), f"{URL}?$select=a{id_}"),
        lambda id_: make(f"<c>{names.of_text(f'c{id_}')}</c>".encode()),
    )
    count = SIZE // len(makers)
    recorded = [maker(id_) for maker in makers for id_ in range(1, count + 1)]
    player = Player(Script(exchanges_of(recorded), Rules()))
    some = makers[1](count + 1)
    requests = {
        **{f"the last of kind {kind}": maker(count) for kind, maker in enumerate(makers)},
        **{f"kind {kind} again": maker(count) for kind, maker in enumerate(makers)},
        "one in the middle": makers[1](count // 2),
        "a name that is bound to another": make(account(-1, f"b{count}")),
        "a new name": make(account(-1, "b")),
        "another body": some,
        "many accounts": make(write_body([{"AccountId": id_} for id_ in range(1000)])),
        "an unreadable body": make(b"<d>"),
        "no body": make(b""),
        "another method": replace(recorded[0], method="PUT"),
        "another path": replace(recorded[0], path=("other",)),
        "another query": make(account(0, "Ada"), f"{URL}?b"),
        "other credentials": replace(recorded[0], credentials=Ticket("b", None)),
        "nothing in common": replace(
            some, method="GET", path=(), query={}, credentials=Ticket("b", None)
        ),
    }
    for name, request in requests.items():
        seconds = usual_seconds(partial(player.take, request), MAX_SECONDS)
        assert seconds < MAX_SECONDS, name
    for _ in range(count):
        player.take(recorded[0])
    seconds = usual_seconds(partial(player.take, recorded[0]), MAX_SECONDS)
    assert seconds < MAX_SECONDS
    miss = player.take(recorded[0])
    assert isinstance(miss, Miss)
    assert miss.why.startswith(f"all {count} recorded answers to this request have been given")
