"""Each hazard of the corpus has tests of its own, which pass on the code as it was written."""

from tests.migration.migrating import CORPUS, run_own_tests

HAZARDS = sorted(CORPUS.glob("hazard_*"))


def test_every_hazard_passes_its_own_tests_as_written() -> None:
    assert len(HAZARDS) >= 13
    finished = run_own_tests(HAZARDS)
    assert finished.returncode == 0, finished.stdout + finished.stderr
