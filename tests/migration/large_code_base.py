"""Generates a large backend in the former style, and knows exactly what an audit of it must find.

`python -m tests.migration.large_code_base FOLDER [--lines 175000]` writes one to look at.
"""

import argparse
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROUTE_FILES = 35
CALL_FORMS = ("plain", "module", "alias", "local", "chained", "closure", "awaited", "conditional")


@dataclass
class Truth:
    """What was written, by file and line."""

    accessors: set[tuple[str, int, str, str, str]] = field(default_factory=set)  # file, line, name, kind, class
    calls: list[tuple[str, int, str, str]] = field(default_factory=list)  # file, line, accessor, context
    resets: set[tuple[str, int, str]] = field(default_factory=set)  # file, line, accessor
    patches: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Service:
    """One service of the generated backend."""

    number: int
    kind: str

    @property
    def module(self) -> str:
        """Its module."""
        return f"shop.services.area_{self.number % 10}.service_{self.number}"

    @property
    def class_name(self) -> str:
        """Its class."""
        return f"Thing{self.number}Service"

    @property
    def accessor(self) -> str:
        """Its accessor."""
        if self.kind == "class":
            return f"{self.class_name}.get_instance"
        return f"thing_{self.number}_service" if self.kind == "eager" else f"get_thing_{self.number}_service"

    @property
    def imported(self) -> str:
        """What others import."""
        return self.accessor.partition(".")[0]

    @property
    def expression(self) -> str:
        """What yields the instance."""
        asked = self.accessor if self.kind == "eager" else f"{self.accessor}()"
        return f"(await {asked})" if self.kind == "async" else asked


class File:
    """A file that is being written; remembers which line says what."""

    def __init__(self, path: str, truth: Truth) -> None:
        self.path = path
        self._truth = truth
        self.lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Write lines."""
        self.lines += lines

    def call(self, line: str, service: Service, context: str) -> None:
        """Write a line that asks an accessor."""
        self.lines.append(line)
        self._truth.calls.append((self.path, len(self.lines), service.accessor, context))

    def accessor(self, line: str, service: Service) -> None:
        """Write the line that declares an accessor."""
        self.lines.append(line)
        self._truth.accessors.add((self.path, len(self.lines), service.accessor, service.kind, service.class_name))

    def reset(self, line: str, service: Service) -> None:
        """Write the line that declares a reset function."""
        self.lines.append(line)
        self._truth.resets.add((self.path, len(self.lines), service.accessor))


KINDS = ("global",) * 6 + ("cached", "async", "eager", "class")


class Generator:
    """Writes the code base; the same seed writes the same."""

    def __init__(self, folder: Path, *, accessors: int, calls: int, patches: int, lines: int, seed: int = 5) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._services = [Service(number, KINDS[number % len(KINDS)]) for number in range(accessors)]
        self._calls, self._patches, self._lines = calls, patches, lines
        self.truth = Truth()
        self._patched: list[str] = []

    def write(self) -> Truth:
        """Write all files and return what they hold."""
        for package in (
            "shop",
            "shop/services",
            "shop/api",
            "shop/lib",
            *(f"shop/services/area_{n}" for n in range(10)),
        ):
            self._save(File(f"{package}/__init__.py", self.truth))
        for service in self._services:
            self._write_service(service)
        self._write_routes()
        self._write_main()
        self._write_tests()
        self._write_filling()
        self.truth.calls.sort()
        return self.truth

    def _save(self, file: File) -> None:
        path = self._folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(file.lines) + "\n" if file.lines else "", encoding="utf-8")
        self.truth.lines += len(file.lines)

    def _write_service(self, service: Service) -> None:
        file = File(f"{service.module.replace('.', '/')}.py", self.truth)
        below = [each for each in self._services[: service.number] if each.kind in {"global", "cached"}]
        needed = self._random.sample(below, min(len(below), 2))
        file.add(f'"""Service {service.number}; get_thing_0_service() is only spoken of."""', "", "import functools")
        file.add(*(f"from {each.module} import {each.imported}" for each in needed[:1]), "", "")
        file.add(f"class {service.class_name}:", "    def __init__(self):")
        if needed:
            file.call(f"        self._first = {needed[0].expression}", needed[0], "service")
        file.add(f"        self.number = {service.number}", "", "    def act(self):", "        return self.number", "")
        if len(needed) > 1:
            file.add(
                "    @property", "    def second(self):", f"        from {needed[1].module} import {needed[1].imported}"
            )
            file.call(f"        return {needed[1].expression}", needed[1], "service")
            file.add("")
        _WRITERS[service.kind](file, service)
        self._save(file)

    def _write_routes(self) -> None:
        per_file = [self._calls // ROUTE_FILES + (n < self._calls % ROUTE_FILES) for n in range(ROUTE_FILES)]
        for number, count in enumerate(per_file):
            file = File(f"shop/api/routes_{number}.py", self.truth)
            chosen = [self._random.choice(self._services) for _ in range(count)]
            file.add("from fastapi import APIRouter, Depends", "")
            for service in dict.fromkeys(chosen):
                home, _, last = service.module.rpartition(".")
                file.add(f"from {home} import {last}", f"from {service.module} import {service.imported}")
                file.add(f"from {service.module} import {service.imported} as _alias_{service.number}")
            file.add("", f'router = APIRouter(prefix="/part{number}")', "")
            for position, service in enumerate(chosen):
                self._write_handler(file, position, service)
                self._patched.append(f"shop.api.routes_{number}.{service.imported}")
            self._save(file)

    def _write_handler(self, file: File, position: int, service: Service) -> None:
        form = CALL_FORMS[position % len(CALL_FORMS)]
        file.add("", f'@router.get("/{position}")', f"async def handler_{position}(limit: int = 3):")
        file.add(f'    """Answers; {service.imported} is not called here."""')
        local = service.module.rpartition(".")[2]
        match form:
            case "module":
                expression = service.expression.replace(service.imported, f"{local}.{service.imported}", 1)
                file.call(f"    return {expression}.act()", service, "route")
            case "alias":
                expression = service.expression.replace(service.imported, f"_alias_{service.number}", 1)
                file.call(f"    return {expression}.act()", service, "route")
            case "local":
                file.add(f"    from {service.module} import {service.imported} as mine")
                file.call(
                    f"    return {service.expression.replace(service.imported, 'mine', 1)}.act()", service, "route"
                )
            case "closure":
                file.add("", "    async def later():")
                file.call(f"        return {service.expression}.act()", service, "route")
                file.add("", "    return await later()")
            case "conditional":
                file.add("    if limit > 100:")
                file.call(f"        return {service.expression}.act()", service, "route")
                file.add("    return limit")
            case _:
                file.call(f"    service = {service.expression}", service, "route")
                file.add("    return service.act()")
        file.add("")

    def _write_main(self) -> None:
        file = File("shop/main.py", self.truth)
        file.add("from fastapi import FastAPI", "", "from shop.api import (")
        file.add(*(f"    routes_{number}," for number in range(ROUTE_FILES)), ")", "", "app = FastAPI()")
        file.add(*(f"app.include_router(routes_{number}.router)" for number in range(ROUTE_FILES)))
        self._save(file)

    def _write_tests(self) -> None:
        targets = [self._patched[number % len(self._patched)] for number in range(self._patches)]
        for number in range(0, len(targets), 50):
            file = File(f"tests/test_part_{number // 50}.py", self.truth)
            service = self._services[number // 50 % len(self._services)]
            file.add("from unittest.mock import patch", "", "from fastapi.testclient import TestClient")
            file.add("", "from shop.main import app", f"from {service.module} import {service.imported}", "")
            for position, target in enumerate(targets[number : number + 50]):
                file.add("", f"def test_{position}():", f'    with patch("{target}"):')
                file.add("        assert TestClient(app) is not None", "")
                self.truth.patches += 1
            if service.kind != "async":
                file.add("", "def test_service():")
                file.call(f"    assert {service.expression}.act() == {service.number}", service, "test")
            self._save(file)

    def _write_filling(self) -> None:
        """Write ordinary code until the size is reached: classes, functions, branches, comprehensions."""
        number = 0
        while self.truth.lines < self._lines:
            file = File(f"shop/lib/part_{number}.py", self.truth)
            file.add(
                "import json",
                "import logging",
                "from dataclasses import dataclass",
                "",
                "logger = logging.getLogger(__name__)",
            )
            for block in range(min(40, 1 + (self._lines - self.truth.lines) // 26)):
                file.add(*_FILLING.format(n=f"{number}_{block}").splitlines())
            self._save(file)
            number += 1


def _write_global(file: File, service: Service) -> None:
    slot = f"_thing_{service.number}_service"
    file.add("", f"{slot} = None", "", "")
    file.accessor(f"def {service.accessor}() -> {service.class_name}:", service)
    file.add(f"    global {slot}", f"    if {slot} is None:", f"        {slot} = {service.class_name}()")
    file.add(f"    return {slot}", "", "")
    file.reset(f"def reset_thing_{service.number}_service() -> None:", service)
    file.add(f"    global {slot}", f"    {slot} = None")


def _write_async(file: File, service: Service) -> None:
    slot = f"_thing_{service.number}_service"
    file.add("", f"{slot} = None", "", "")
    file.accessor(f"async def {service.accessor}() -> {service.class_name}:", service)
    file.add(f"    global {slot}", f"    if {slot} is not None:", f"        return {slot}")
    file.add(f"    {slot} = {service.class_name}()", f"    return {slot}")


def _write_cached(file: File, service: Service) -> None:
    file.add("", "@functools.lru_cache(maxsize=1)")
    file.accessor(f"def {service.accessor}():", service)
    file.add(f"    return {service.class_name}()")


def _write_eager(file: File, service: Service) -> None:
    file.add("")
    file.accessor(f"{service.accessor} = {service.class_name}()", service)


def _write_class(file: File, service: Service) -> None:
    file.add("    _instance = None", "", "    @classmethod")
    file.accessor("    def get_instance(cls):", service)
    file.add("        if cls._instance is None:", "            cls._instance = cls()", "        return cls._instance")


_WRITERS: dict[str, Callable[[File, Service], None]] = {
    "global": _write_global,
    "async": _write_async,
    "cached": _write_cached,
    "eager": _write_eager,
    "class": _write_class,
}

_FILLING = '''

@dataclass
class Row_{n}:
    """One row, as the report of part {n} has it."""

    name: str
    amount: float = 0.0
    tags: tuple[str, ...] = ()

    def total(self, rate: float, *, rounded: bool = True) -> float:
        value = self.amount * (1 + rate) - len(self.tags) / 100
        return round(value, 2) if rounded else value


def read_{n}(text: str, limit: int = 100) -> list[Row_{n}]:
    rows = []
    for entry in json.loads(text)[:limit]:
        if not entry.get("name"):
            logger.warning("row without a name: %s", entry)
            continue
        rows.append(Row_{n}(entry["name"], float(entry.get("amount", 0)), tuple(sorted(entry.get("tags", ())))))
    totals = {{row.name: row.total(0.19) for row in rows if row.amount > 0}}
    return sorted(rows, key=lambda row: (-totals.get(row.name, 0.0), row.name))
'''


def main() -> None:
    """Write a code base to look at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=175_000)
    options = parser.parse_args()
    Generator(options.folder, accessors=100, calls=400, patches=600, lines=options.lines).write()


if __name__ == "__main__":
    main()
