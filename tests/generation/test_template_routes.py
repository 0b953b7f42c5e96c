import httpx
import pytest


async def test_everybody_may_list_the_templates(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/templates")

    assert answer.status_code == 200
    listed = {template["id"]: template for template in answer.json()["templates"]}
    assert len(listed) == 10
    assert listed["going-live"]["asset_type"] == "story_graphic"
    assert listed["going-live"]["dimensions"] == {"width": 1080, "height": 1920, "aspect_ratio": "9:16"}
    assert [vibe["id"] for vibe in listed["panel"]["vibes"]] == ["pro", "anime", "playful"]


async def test_a_template_comes_with_its_form_and_without_prompts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/templates/going-live")

    assert answer.status_code == 200
    template = answer.json()
    assert template["version"] == "v1"
    title, *_, accent = template["fields"]
    assert (title["id"], title["required"], title["max_length"]) == ("title", True, 50)
    assert accent["show_presets"] is True
    assert "A vertical announcement" not in answer.text
    assert "prompt" not in answer.text


@pytest.mark.parametrize("template_id", ["nope", "..%2F..%2Fpanel", "panel%2Fv1", "%F0%9F%8E%AE"])
async def test_an_unknown_template_is_not_found(client: httpx.AsyncClient, template_id: str) -> None:
    answer = await client.get(f"/api/v1/templates/{template_id}")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] in {"TEMPLATE_NOT_FOUND", "NOT_FOUND"}
