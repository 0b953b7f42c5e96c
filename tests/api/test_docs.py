"""The documentation works without internet, in a real browser, with log-in and "try it out"."""

import json
import re
import shutil
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Page, Route, async_playwright, expect

from tests.conftest import SignUp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
async def page(live_url: str) -> AsyncIterator[Page]:
    """Open a browser that fails the test if a page complains or asks another host for anything."""
    complaints: list[str] = []

    async def stay_at_home(route: Route) -> None:
        if route.request.url.startswith((live_url, "data:", "blob:")):
            await route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(base_url=live_url, viewport={"width": 1300, "height": 1600})
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.route("**/*", stay_at_home)
        yield page
        await browser.close()
    assert complaints == []


async def test_page_refers_to_this_server_only(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    addresses = re.findall(r'(?:src|href|data-openapi-url)="([^"]*)"', page)
    assert len(addresses) == 5
    assert all(address.startswith("/") and not address.startswith("//") for address in addresses)


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png", "docs.js"])
async def test_assets_are_served(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/docs/assets/{name}")
    assert response.status_code == 200
    assert len(response.content) > 100


@pytest.mark.parametrize("name", ["__init__.py", "..%2Fdocs.py", "%2E%2E"])
async def test_nothing_but_assets_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/docs/assets/{name}")).status_code == 404


@needs_browser
async def test_log_in_and_try_it_out_work_in_a_browser(page: Page, sign_up: SignUp) -> None:
    person = await sign_up("reader@example.com")
    await page.goto("/docs")
    await page.get_by_role("button", name="Authorize", exact=True).click()
    dialog = page.locator(".dialog-ux")
    await dialog.locator("#oauth_username").fill("reader@example.com")
    await dialog.locator("#oauth_password").fill(person.password)
    await (
        dialog.locator(".auth-container", has=page.locator("#oauth_username"))
        .get_by_role("button", name="Apply given OAuth2 credentials")
        .click()
    )
    await expect(dialog.get_by_text("Authorized").first).to_be_visible()
    await dialog.get_by_role("button", name="Close", exact=True).last.click()
    operation = page.locator("#operations-usage-usage_read_usage")
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response")
    await expect(answer.locator(".response-col_status")).to_contain_text("200")
    shown = await answer.locator(".response-col_description code").first.inner_text()
    assert json.loads(shown)
