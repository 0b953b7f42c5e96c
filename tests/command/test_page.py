"""Promise D3: the page of `di graph --html`, in a real browser, without any network."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, ViewportSize, async_playwright, expect

from tests.command.conftest import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

TROUBLE = """
class Lost: ...
class Digest:
    def __init__(self, lost: Lost, session: Session) -> None: ...
class Cache:
    def __init__(self, session: Session) -> None: ...

container.scoped(Digest)
container.singleton(Cache)
with_trouble = make_app(container)
"""

Open = Callable[[Path], Awaitable[Page]]


@pytest.fixture
async def open_page() -> AsyncIterator[Open]:
    """Open a browser that fails the test if a page complains or asks anybody for anything."""
    complaints: list[str] = []

    async def stay_at_home(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:")):
            await route.continue_()
        else:
            complaints.append(f"asked for {route.request.url}")
            await route.abort()

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        async def open_file(path: Path) -> Page:
            page = await browser.new_page(viewport=ViewportSize(width=1440, height=900), color_scheme="light")
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.route("**/*", stay_at_home)
            await page.goto(path.as_uri())
            return page

        yield open_file
        await browser.close()
    assert complaints == []


@pytest.fixture
async def page(run: Run, folder: Path, open_page: Open) -> Page:
    (folder / "shop.py").write_text((folder / "shop.py").read_text() + TROUBLE)
    assert run("graph", "shop:with_trouble", "--html", "--output", "graph.html").code == 0
    return await open_page(folder / "graph.html")


def related(page: Page, relation: str) -> Callable[[], Awaitable[list[str]]]:
    return page.locator(f".row.{relation} span").all_inner_texts


async def test_d3_services_stand_in_groups_between_routes_and_clients(page: Page) -> None:
    await expect(page.locator(".heading")).to_have_text(["Routes and other roots", "Services", "Clients and settings"])
    columns: dict[str, set[float]] = {}
    for name in ("/orders", "Orders", "Mailer", "Settings"):
        box = await page.locator(f".row:has(span:text-is('{name}'))").bounding_box()
        assert box is not None
        columns[name] = {box["x"]}
    assert columns["/orders"] < columns["Orders"] or min(columns["/orders"]) < min(columns["Orders"])
    assert min(columns["/orders"]) < min(columns["Orders"]) < min(columns["Mailer"])
    assert columns["Mailer"] == columns["Settings"]


async def test_d3_lifetimes_have_their_colours_and_can_be_hidden(page: Page) -> None:
    dot = "getComputedStyle(document.querySelector(`.row[data-id='shop.NAME'] .dot`)).backgroundColor"
    mailer, orders = [await page.evaluate(dot.replace("NAME", name)) for name in ("Mailer", "Orders")]
    assert mailer != orders
    await page.get_by_role("button", name="singleton 3").click()
    await expect(page.locator(".row[data-id='shop.Mailer']")).to_have_count(0)
    await expect(page.locator(".row[data-id='shop.Orders']")).to_be_visible()


async def test_d3_a_click_shows_what_a_type_needs_and_who_needs_it(page: Page) -> None:
    await page.locator(".row[data-id='shop.Orders']").click()
    assert set(await related(page, "needs")()) == {"Session", "Mailer", "Settings"}
    assert set(await related(page, "needed")()) == {"Stock", "Sweeper", "/orders", "/stock/{item}", "/live"}
    panel = page.locator("#panel")
    await expect(panel.get_by_role("heading", level=2)).to_contain_text("Orders")
    await expect(panel).to_contain_text("Needs 2, and 1 through them")
    await expect(panel).to_contain_text("Reached by 4 of 4 routes and other roots")
    await expect(page.locator("#wires path.needs.near")).to_have_count(2)
    await panel.get_by_role("button", name="Mailer").click()
    await expect(panel).to_contain_text("external")
    await page.go_back()
    await expect(panel.get_by_role("heading", level=2)).to_contain_text("Orders")


async def test_d3_search_finds_types_and_routes(page: Page) -> None:
    await page.keyboard.press("/")
    await page.keyboard.type("stoc")
    hits = page.get_by_role("option")
    await expect(hits.locator("span")).to_have_text(["Stock", "/stock/{item}"])
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row.chosen")).to_contain_text("/stock/{item}")
    assert page.url.endswith("#GET%20%2Fstock%2F%7Bitem%7D")
    await page.reload()
    await expect(page.locator(".row.chosen")).to_contain_text("/stock/{item}")


async def test_d3_the_way_between_two_is_drawn_and_listed(page: Page) -> None:
    await page.locator(".row[data-id='shop.Sweeper']").click()
    await page.keyboard.press("p")
    await page.locator(".row[data-id='shop.Settings']").click()
    panel = page.locator("#panel")
    await expect(panel.get_by_role("heading")).to_have_text("Sweeper needs Settings")
    await expect(panel.locator("li span")).to_have_text(["Sweeper", "Stock", "Orders", "Mailer", "Settings"])
    await expect(page.locator("#wires path.way")).to_have_count(4)
    await expect(page.locator(".row.way")).to_have_count(5)
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await page.locator(".row[data-id='shop.Session']").click()
    await expect(page.locator(".row.way span")).to_have_text(["Session", "Stock", "Sweeper"])
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await page.locator(".row[data-id='shop.Digest']").click()
    await expect(panel).to_contain_text("Neither Sweeper needs Digest, nor the other way round.")


async def test_d3_only_what_is_related_can_be_shown(page: Page) -> None:
    await page.locator(".row[data-id='shop.Mailer']").click()
    await page.keyboard.press("o")
    await expect(page.locator(".row[data-id='shop.Session']")).to_have_count(0)
    places = [
        await page.locator(f".row[data-id='shop.{name}']").bounding_box() for name in ("Orders", "Mailer", "Settings")
    ]
    lefts = [place["x"] for place in places if place is not None]
    assert lefts == sorted(set(lefts))
    assert len(lefts) == 3


async def test_d3_problems_are_red_and_say_what_to_do(page: Page) -> None:
    await expect(page.locator(".row.troubled span")).to_have_text(["Cache", "Digest", "Lost"])
    await page.get_by_role("button", name="2 problems").click()
    fixes = page.locator(".problem .fix")
    await expect(fixes).to_have_text(
        [
            "Register it, e.g. container.scoped(Lost), or give the parameter a default.",
            "Register Cache as scoped, or pass Session to its methods.",
        ]
    )
    await expect(page.locator(".problem").first).to_contain_text("Digest (scoped, shop.py:")
    await page.locator("#panel").get_by_role("button", name="Lost").click()
    await expect(page.locator("#panel")).to_contain_text("not registered")


async def test_d3_the_keyboard_is_enough(page: Page) -> None:
    await page.locator("#theme").focus()
    await page.keyboard.press("Tab")
    await expect(page.locator("#stage :focus")).to_have_count(1)
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    focused = page.locator("#stage .row:focus")
    name = await focused.locator("span").inner_text()
    await page.keyboard.press("Enter")
    await expect(page.locator(".row.chosen span")).to_have_text(name)
    await expect(page.locator(".row.chosen")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(".row.chosen")).to_have_count(0)


async def test_d3_light_and_dark(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(background)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await page.evaluate(background) != light
    await page.keyboard.press("t")
    assert await page.evaluate(background) == light


async def test_d3_a_name_cannot_break_out_of_the_page(run: Run, folder: Path, open_page: Open) -> None:
    (folder / "odd.py").write_text(
        "from di import Container\n"
        "odd = type('</script><script>document.title=1</script>', (), {'__module__': '<!-- script -->'})\n"
        "container = Container()\ncontainer.scoped(odd)\n"
    )
    assert run("graph", "odd:container", "--html", "-o", "odd.html").code == 0
    page = await open_page(folder / "odd.html")
    await expect(page.locator(".row span")).to_have_text("</script><script>document.title=1</script>")
    assert await page.title() == "Graph of odd:container"


async def test_d3_a_thousand_services_begin_as_closed_groups(run: Run, folder: Path, open_page: Open) -> None:
    target = ("tests.command.large:create_app", "--app-dir", str(Path(__file__).parents[2]))
    assert run("graph", *target, "--html", "--output", "large.html").code == 0
    page = await open_page(folder / "large.html")
    assert 40 < await page.locator(".card").count() < 120
    await expect(page.locator(".row")).to_have_count(0)
    assert not await overlaps(page)
    await page.keyboard.press("g")
    assert await page.locator(".row").count() > 1400
    assert not await overlaps(page)
    await page.keyboard.press("g")
    await page.keyboard.press("/")
    await page.keyboard.type("Newsletter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".row.chosen")).to_be_in_viewport()
    await expect(page.locator(".row span")).to_have_text(["LostMailer", "Newsletter", "Session"])


OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect());
  const apart = (a, b) => a.right <= b.left + 1 || a.bottom <= b.top + 1;
  return boxes.some((a, i) => boxes.slice(i + 1).some((b) => !apart(a, b) && !apart(b, a)));
}"""


async def overlaps(page: Page) -> bool:
    """Whether any card covers another."""
    return bool(await page.evaluate(OVERLAPS))
