"""The brand kit routes, through the whole application."""

from typing import Any
from uuid import uuid4

import httpx

from tests.support.accounts import SignedIn

KITS = "/api/v1/brand-kits"
KIT: dict[str, Any] = {
    "name": "  Night Owl ",
    "primary_colors": ["#1a2b3c", "#ffffff"],
    "fonts": {"headline": "Oswald", "body": "Open Sans"},
}
SECTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("colors", "colors", {"primary": [{"hex": "#ff0000", "name": "Signal", "usage": "buttons"}]}),
    ("typography", "typography", {"headline": {"family": "Anything", "weight": 900, "style": "italic"}}),
    ("voice", "voice", {"tone": "wholesome", "catchphrases": ["hoot hoot"]}),
    ("guidelines", "guidelines", {"logo_min_size_px": 64, "style_do": "be bold"}),
    (
        "streamer-assets",
        "streamer_assets",
        {"emotes": [{"id": "e1", "name": "hoot", "url": "https://example.com/e.png", "tier": "bits"}]},
    ),
    (
        "social-profiles",
        "social_profiles",
        {"profiles": [{"platform": "twitch", "username": "owl", "url": "https://twitch.tv/owl"}]},
    ),
    ("logo-settings", "logos", {"watermark_opacity": 20, "alt_text": "An owl"}),
]


async def create(person: SignedIn, **changes: Any) -> Any:
    answer = await person.post(KITS, json=KIT | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_created_kit_is_described(alice: SignedIn) -> None:
    kit = await create(alice)
    times = {kit.pop("created_at"), kit.pop("updated_at")}
    assert len(times) == 1
    assert kit.pop("id")
    assert kit == {
        "user_id": str(alice.user_id),
        "name": "Night Owl",
        "is_active": False,
        "primary_colors": ["#1A2B3C", "#FFFFFF"],
        "accent_colors": [],
        "fonts": {"headline": "Oswald", "body": "Open Sans"},
        "logo_url": None,
        "tone": "professional",
        "style_reference": "",
        "default_logo_type": "primary",
        "extracted_from": None,
    }


async def test_invalid_kit_is_refused_by_field(alice: SignedIn) -> None:
    answer = await alice.post(KITS, json=KIT | {"tone": "grumpy"})
    assert code_of(answer) == (422, "VALIDATION_FAILED")
    assert answer.json()["error"]["details"]["errors"][0]["field"] == "tone"


async def test_text_that_cannot_be_stored_is_refused(alice: SignedIn) -> None:
    assert code_of(await alice.post(KITS, json=KIT | {"name": "a\x00b"})) == (422, "VALIDATION_FAILED")


async def test_invalid_kit_leaves_nothing(alice: SignedIn) -> None:
    await alice.post(KITS, json=KIT | {"tone": "grumpy"})
    assert (await alice.get(KITS)).json()["total"] == 0


async def test_list_names_the_active_kit(alice: SignedIn) -> None:
    first, second = await create(alice), await create(alice)
    await alice.post(f"{KITS}/{first['id']}/activate")
    listed = (await alice.get(KITS)).json()
    assert [kit["id"] for kit in listed["brand_kits"]] == [second["id"], first["id"]]
    assert (listed["total"], listed["active_id"]) == (2, first["id"])


async def test_eleventh_kit_is_refused(alice: SignedIn) -> None:
    for _ in range(10):
        await create(alice)
    answer = await alice.post(KITS, json=KIT)
    assert code_of(answer) == (403, "BRAND_KIT_LIMIT_EXCEEDED")


async def test_no_active_kit_is_null(alice: SignedIn) -> None:
    await create(alice)
    answer = await alice.get(f"{KITS}/active")
    assert (answer.status_code, answer.json()) == (200, None)


async def test_activated_kit_is_the_active_one(alice: SignedIn) -> None:
    kit = await create(alice)
    activated = (await alice.post(f"{KITS}/{kit['id']}/activate")).json()
    assert activated["is_active"]
    assert (await alice.get(f"{KITS}/active")).json() == activated


async def test_update_keeps_what_is_not_given(alice: SignedIn) -> None:
    kit = await create(alice, logo_url="https://example.com/a.png")
    changed = (await alice.put(f"{KITS}/{kit['id']}", json={"fonts": {"body": "Lato"}, "tone": "casual"})).json()
    assert changed["fonts"] == {"headline": "Oswald", "body": "Lato"}
    assert (changed["tone"], changed["name"], changed["logo_url"]) == ("casual", "Night Owl", kit["logo_url"])


async def test_null_clears_the_logo_url(alice: SignedIn) -> None:
    kit = await create(alice, logo_url="https://example.com/a.png")
    assert (await alice.put(f"{KITS}/{kit['id']}", json={"logo_url": None})).json()["logo_url"] is None


async def test_null_is_refused_where_a_kit_needs_a_value(alice: SignedIn) -> None:
    kit = await create(alice)
    assert code_of(await alice.put(f"{KITS}/{kit['id']}", json={"name": None})) == (422, "VALIDATION_FAILED")


async def test_deleted_kit_is_gone(alice: SignedIn) -> None:
    kit = await create(alice)
    assert (await alice.delete(f"{KITS}/{kit['id']}")).status_code == 204
    assert code_of(await alice.get(f"{KITS}/{kit['id']}")) == (404, "RESOURCE_NOT_FOUND")


async def test_every_section_is_stored_and_read_back(alice: SignedIn) -> None:
    kit = (await create(alice))["id"]
    written = {path: (await alice.put(f"{KITS}/{kit}/{path}", json=value)).json() for path, _, value in SECTIONS}
    read = {path: (await alice.get(f"{KITS}/{kit}/{path}")).json() for path, _, _ in SECTIONS}
    assert read == written
    for path, field, value in SECTIONS:
        assert read[path]["brand_kit_id"] == kit
        assert value.items() <= _only(value, read[path][field]).items()


async def test_invalid_section_is_refused_and_changes_nothing(alice: SignedIn) -> None:
    url = f"{KITS}/{(await create(alice))['id']}/voice"
    before = (await alice.put(url, json={"tagline": "Hoot"})).json()
    assert code_of(await alice.put(url, json={"tone": "grumpy"})) == (422, "VALIDATION_FAILED")
    assert (await alice.get(url)).json() == before


def _only(wanted: Any, found: Any) -> Any:
    """Leave out of an answer what was not sent: defaults, and the case of colours."""
    if isinstance(wanted, dict):
        return {name: _only(value, found[name]) for name, value in wanted.items()}
    if isinstance(wanted, list):
        return [_only(*pair) for pair in zip(wanted, found, strict=True)]
    return wanted if str(wanted).upper() == str(found).upper() else found


def _requests(kit_id: object) -> list[tuple[str, str, Any]]:
    return [
        ("GET", f"{KITS}/{kit_id}", None),
        ("PUT", f"{KITS}/{kit_id}", {"name": "Mine now"}),
        ("DELETE", f"{KITS}/{kit_id}", None),
        ("POST", f"{KITS}/{kit_id}/activate", None),
        *(("GET", f"{KITS}/{kit_id}/{path}", None) for path, _, _ in SECTIONS),
        *(("PUT", f"{KITS}/{kit_id}/{path}", value) for path, _, value in SECTIONS),
    ]


async def test_another_users_kit_is_as_good_as_missing(alice: SignedIn, bob: SignedIn) -> None:
    kit = await create(alice)
    for kit_id in (kit["id"], uuid4()):
        answers = [await bob.request(method, url, json=body) for method, url, body in _requests(kit_id)]
        assert {code_of(answer) for answer in answers} == {(404, "RESOURCE_NOT_FOUND")}
    assert (await alice.get(f"{KITS}/{kit['id']}")).json() == kit


async def test_anonymous_requests_are_refused(client: httpx.AsyncClient) -> None:
    answers = [await client.request(method, url, json=body) for method, url, body in _requests(uuid4())]
    assert {code_of(answer) for answer in answers} == {(401, "AUTH_REQUIRED")}


async def test_lists_do_not_show_kits_of_others(alice: SignedIn, bob: SignedIn) -> None:
    await create(alice)
    assert (await bob.get(KITS)).json() == {"brand_kits": [], "total": 0, "active_id": None}


async def test_malformed_id_is_refused(alice: SignedIn) -> None:
    assert {(await alice.get(f"{KITS}/{kit_id}")).status_code for kit_id in ("nonsense", "1", "%00")} == {422}
