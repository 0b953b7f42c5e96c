"""Promise D2: known problems are accepted by a file; only new ones fail, and stale entries are reported."""

import warnings
from pathlib import Path
from typing import Any

import pytest

from di import Container, Lazy, errors
from di._baseline import Baseline, read_baseline
from di._roots import read_roots
from di._validation import examine


class Session: ...


class Mailer: ...


class Cache:
    def __init__(self, session: Session) -> None: ...


class Newsletter:
    def __init__(self, mailer: Mailer) -> None: ...


class Campaign:
    def __init__(self, newsletter: Newsletter) -> None: ...


class Left:
    def __init__(self, right: "Right") -> None: ...


class Right:
    def __init__(self, left: Left) -> None: ...


class Middle:
    def __init__(self, left: Left) -> None: ...


class Untyped:
    def __init__(self, thing) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001 - the mistake under test


class Clock: ...


def make_clock(mailer) -> Clock:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the mistake under test
    raise AssertionError(mailer)


def troubled() -> Container:
    container = Container()
    container.scoped(Session)
    container.singleton(Cache)
    container.scoped(Newsletter)
    container.singleton(Left)
    container.singleton(Right)
    container.scoped(Untyped)
    return container


def write_baseline(container: Container, path: Path, roots: Any = None) -> Path:
    findings = examine(container.root_layer, None if roots is None else read_roots(roots))
    path.write_text(Baseline().renewed(findings.problems).to_toml())
    return path


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    return write_baseline(troubled(), tmp_path / "di-baseline.toml")


def test_d2_accepted_problems_are_one_warning(baseline: Path) -> None:
    with pytest.warns(errors.AcceptedProblemsWarning) as caught:
        troubled().validate(baseline=baseline)
    (warning,) = caught
    assert "1 captive-dependency, 1 cycle, 1 missing-provider, 1 unresolvable-hint" in str(warning.message)


def test_d2_only_new_problems_fail(baseline: Path) -> None:
    container = troubled()
    container.scoped(Campaign)
    container.singleton(Clock, make_clock)
    with (
        pytest.warns(errors.AcceptedProblemsWarning),
        pytest.raises(errors.GraphError, match="1 problem in the dependency graph") as caught,
    ):
        container.validate(baseline=baseline)
    (problem,) = caught.value.problems
    assert "'mailer' of Clock" in str(problem)


def test_d2_another_captive_of_the_same_holder_is_new(tmp_path: Path) -> None:
    def one(session: Session) -> Cache:
        return Cache(session)

    def two(session: Session, newsletter: Newsletter) -> Cache:
        return Cache(session)

    def container(make: Any) -> Container:
        made = Container()
        made.scoped(Session)
        made.singleton(Mailer)
        made.scoped(Newsletter)
        made.singleton(Cache, make)
        return made

    baseline = write_baseline(container(one), tmp_path / "baseline.toml")
    with pytest.warns(errors.AcceptedProblemsWarning), pytest.raises(errors.GraphError, match="scoped Newsletter"):
        container(two).validate(baseline=baseline)


def test_d2_stale_entries_are_reported_where_the_roots_are_known(baseline: Path) -> None:
    container = Container()
    container.scoped(Session)
    with pytest.warns(errors.StaleBaselineWarning, match=r"cycle: .*Left -> .*Right"):
        container.validate([Session], baseline=baseline)


def test_d2_nothing_is_stale_where_only_a_part_was_looked_at(baseline: Path) -> None:
    container = Container()
    container.scoped(Session)
    with warnings.catch_warnings(record=True) as told:
        container.validate(baseline=baseline)
    assert told == []


async def test_d2_start_goes_on_without_what_cannot_be_built(baseline: Path) -> None:
    container = troubled()
    container.singleton(Clock)
    container.singleton(Middle)
    with pytest.warns(errors.AcceptedProblemsWarning):
        container.validate(baseline=baseline)
    async with container:
        assert isinstance(container[Clock], Clock)
        assert container.failures.keys() == {Cache, Left, Right, Middle}
        assert isinstance(container.failures[Cache], errors.CaptiveDependencyError)
        with pytest.raises(errors.CycleError):
            container[Middle]
        async with container.scope() as scope:
            assert isinstance(await scope.resolve(Session), Session)
            with pytest.raises(errors.MissingProviderError):
                await scope.resolve(Newsletter)


async def test_d2_start_fails_on_a_problem_that_came_after_validation(baseline: Path) -> None:
    container = troubled()
    with pytest.warns(errors.AcceptedProblemsWarning):
        container.validate(baseline=baseline)
    container.scoped(Clock, make_clock)
    with pytest.raises(errors.GraphError):
        await container.start()


async def test_d2_a_lazy_way_into_an_accepted_cycle_does_not_hang_the_start(tmp_path: Path) -> None:
    def make(left: Lazy[Left]) -> Clock:
        return Clock()

    container = Container()
    container.singleton(Left)
    container.singleton(Right)
    container.singleton(Clock, make)
    with pytest.warns(errors.AcceptedProblemsWarning):
        container.validate(baseline=write_baseline(container, tmp_path / "baseline.toml"))
    async with container:
        assert container.failures.keys() == {Left, Right}


def test_d2_a_cycle_is_the_same_wherever_the_walk_enters_it(baseline: Path) -> None:
    container = Container()
    container.singleton(Right)
    container.singleton(Left)
    with pytest.warns(errors.AcceptedProblemsWarning, match="1 cycle"):
        container.validate(baseline=baseline)


def test_d2_the_file_holds_no_lines_and_no_folders(baseline: Path) -> None:
    text = baseline.read_text()
    assert "test_baseline.py" not in text
    assert str(Path(__file__).parent) not in text
    entry = '[[accepted]]\nproblem = "missing-provider"\nconcerns = ["{0}.Newsletter", "{0}.Mailer"]\nreason = ""\n'
    assert entry.format(__name__) in text


def test_d2_a_root_is_known_by_its_name_alone(tmp_path: Path) -> None:
    baseline = write_baseline(Container(), tmp_path / "baseline.toml", {"GET /mails": Mailer})
    assert f'concerns = ["GET /mails", "{__name__}.Mailer"]' in baseline.read_text()
    with pytest.warns(errors.AcceptedProblemsWarning):
        Container().validate({"GET /mails": Mailer}, baseline=baseline)


def test_d2_reasons_survive_when_the_file_is_written_anew(baseline: Path) -> None:
    text = baseline.read_text().replace('reason = ""', 'reason = "ticket \\"42\\""', 1)
    baseline.write_text(text)
    again = read_baseline(baseline).renewed(examine(troubled().root_layer, None).problems)
    assert again.to_toml() == text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("accepted = [", "no TOML"),
        ("version = 2", "version = 1 was expected, not 2"),
        ("version = 1\naccepted = 3", r"entries are \[\[accepted\]\] blocks"),
        ("version = 1\n[[accepted]]\nproblem = 'cycle'", "entry 1 lacks"),
        ("version = 1\n[[accepted]]\nproblem = 'cycle'\nconcerns = [1]", "entry 1 lacks"),
    ],
)
def test_d2_a_bad_file_says_what_is_wrong_and_what_to_do(tmp_path: Path, content: str | None, reason: str) -> None:
    path = tmp_path / "baseline.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(errors.BaselineFileError, match=rf"baseline.toml cannot be used: .*{reason}.*--write-baseline"):
        Container().validate(baseline=path)
