"""A person who follows the README, tries again when the service is away, and remembers every promise it made."""

import io
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from PIL import Image

LOGO: Final = Path(__file__).resolve().parents[2] / "docs" / "images" / "logo.png"
PASSWORD: Final = "Correct-horse-7"
PATIENCE: Final = 120.0  # seconds the service may be away or a job may take
PAUSE: Final = 0.1
THUMBNAIL: Final = (1280, 720)


class PromiseBroken(AssertionError):
    """Something the service had confirmed is gone or wrong."""


class Person:
    """One account and what was promised to it: a kit, a logo, jobs, pictures, and the quota they cost."""

    def __init__(self, address: str) -> None:
        self.email = f"ada-{uuid4().hex[:8]}@example.com"
        self.tries = 0
        self._http = httpx.Client(base_url=f"{address}/api/v1", timeout=10)
        self._tokens: dict[str, str] = {}
        self._kit: str | None = None
        self._jobs: list[str] = []
        self._pictures: dict[str, bytes] = {}

    def follow_the_readme(self, pictures: int) -> None:
        """Do every step once, and request as many pictures."""
        self._sign_up()
        self._log_in()
        self._make_kit()
        self._upload_logo()
        for _ in range(pictures):
            self._request_picture()
        for job in self._jobs:
            self._watch(job)
            self._pictures[job] = self._download(job)
        self._call("GET", "/usage/status")

    def check_promises(self) -> None:
        """Raise `PromiseBroken` unless all that was confirmed is there, once, and cost what it should."""
        refreshed = self._call("POST", "/auth/refresh", json={"refresh_token": self._tokens["refresh_token"]})
        self._tokens |= refreshed.json()
        kits = [kit["id"] for kit in self._call("GET", "/brand-kits").json()["brand_kits"]]
        self._expect("brand kits", kits, [self._kit])
        logo = self._call("GET", f"/brand-kits/{self._kit}/logos/primary").json()
        self._expect("logo", _size_of(self._fetch(logo["url"])), _size_of(LOGO.read_bytes()))
        jobs = {job["id"]: job["status"] for job in self._call("GET", "/jobs").json()["jobs"]}
        self._expect("jobs", jobs, dict.fromkeys(self._jobs, "completed"))
        for job in self._jobs:
            self._expect(f"picture of job {job}", self._download(job), self._pictures[job])
        creations = self._call("GET", "/usage/status").json()["features"]["creations"]
        self._expect("creations used", creations["used"], len(self._jobs))

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _sign_up(self) -> None:
        body = {"email": self.email, "password": PASSWORD, "display_name": "Ada", "accept_terms": True}
        # A try whose answer was lost may have made the account: then the next one is told that it exists.
        self._call("POST", "/auth/signup", json=body, fine=(201, 409))

    def _log_in(self) -> None:
        self._tokens = self._call("POST", "/auth/login", json={"email": self.email, "password": PASSWORD}).json()

    def _make_kit(self) -> None:
        body = {
            "name": "Night Shift",
            "primary_colors": ["#7C3AED", "#22D3EE"],
            "fonts": {"headline": "Montserrat", "body": "Inter"},
        }
        while self._kit is None:
            known = self._call("GET", "/brand-kits").json()["brand_kits"]
            answer = None if known else self._try("POST", "/brand-kits", json=body)
            if known or answer is not None:
                self._kit = known[0]["id"] if known else answer.json()["id"] if answer else None

    def _upload_logo(self) -> None:
        files = {"file": ("logo.png", LOGO.read_bytes(), "image/png")}
        self._call(
            "POST", f"/brand-kits/{self._kit}/logos", data={"logo_type": "primary"}, files=files, fine=(200, 201)
        )

    def _request_picture(self) -> None:
        body = {
            "asset_type": "thumbnail",
            "brand_kit_id": self._kit,
            "custom_prompt": "Ranked grind, road to Diamond",
            "brand_customization": {"include_logo": True},
        }
        answer = self._call("POST", "/generate", json=body, headers={"Idempotency-Key": uuid4().hex}, fine=(201, 200))
        self._jobs.append(answer.json()["id"])

    def _watch(self, job: str) -> None:
        """Follow the stream to its end; when it breaks, go on after the last event seen."""
        deadline = time.monotonic() + PATIENCE
        seen: dict[str, str] = {}
        while time.monotonic() < deadline:
            try:
                with self._http.stream("GET", f"/jobs/{job}/stream", headers=self._headers(seen)) as answer:
                    for line in answer.iter_lines():
                        if line.startswith("id: "):
                            seen = {"Last-Event-ID": line.removeprefix("id: ")}
            except httpx.HTTPError:
                self.tries += 1
            status = self._call("GET", f"/jobs/{job}").json()["status"]
            if status not in {"queued", "processing"}:
                self._expect(f"status of job {job}", status, "completed")
                return
            time.sleep(PAUSE)
        raise PromiseBroken(f"{self.email}: job {job} did not end in {PATIENCE:.0f} s")

    def _download(self, job: str) -> bytes:
        assets = self._call("GET", f"/jobs/{job}/assets").json()
        self._expect(f"number of assets of job {job}", len(assets), 1)
        picture = self._fetch(assets[0]["url"])
        self._expect(f"size of the picture of job {job}", _size_of(picture), THUMBNAIL)
        return picture

    def _fetch(self, url: str) -> bytes:
        return self._call("GET", url).content

    def _call(self, method: str, path: str, *, fine: tuple[int, ...] = (200,), **request: Any) -> httpx.Response:
        """Repeat a request until it is answered; a refusal of the wrong kind is a broken promise."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self._try(method, path, **request)
            if answer is not None:
                if answer.status_code not in fine:
                    raise PromiseBroken(f"{self.email}: {method} {path}: {answer.status_code} {answer.text}")
                return answer
        raise PromiseBroken(f"{self.email}: {method} {path}: not answered in {PATIENCE:.0f} s")

    def _try(self, method: str, path: str, **request: Any) -> httpx.Response | None:
        """Return an answer, or None when the service is away."""
        headers = self._headers(request.pop("headers", {}))
        try:
            answer = self._http.request(method, path, headers=headers, **request)
        except httpx.HTTPError:
            answer = None
        if answer is None or answer.status_code >= 500:
            if answer is not None and answer.status_code != 503:
                raise PromiseBroken(f"{self.email}: {method} {path}: {answer.status_code} {answer.text}")
            self.tries += 1
            time.sleep(PAUSE)
            return None
        return answer

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        token = self._tokens.get("access_token")
        return headers | ({"Authorization": f"Bearer {token}"} if token else {})

    def _expect(self, what: str, found: object, promised: object) -> None:
        if found != promised:
            raise PromiseBroken(f"{self.email}: {what}: found {_short(found)}, promised {_short(promised)}")


def _size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


def _short(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
