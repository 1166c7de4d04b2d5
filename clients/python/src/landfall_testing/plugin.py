"""The fixtures for pytest: `landfall_org` for a whole run, `landfall` for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .org import Org
from .process import join, start


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("landfall_project", "folder of the Salesforce DX project of the org", type="string", default="")
    parser.addini("landfall_seeds", "files of the records that the org begins with", type="linelist", default=[])
    parser.addini("landfall_strict_faults", "a fault that never fired fails its test", type="bool", default=True)


@pytest.fixture(scope="session")
def landfall_org(pytestconfig: pytest.Config) -> Iterator[Org]:
    """An org for the whole run: an isolated one of the process that `LANDFALL_TARGET` names, or one that is started."""
    joined = join()
    if joined is not None:
        opened = joined.open()
    else:
        root = pytestconfig.rootpath
        project = pytestconfig.getini("landfall_project")
        seeds = [root / seed for seed in pytestconfig.getini("landfall_seeds")]
        opened = start(project=root / project if project else None, seeds=seeds)
    with opened as org:
        yield org


@pytest.fixture
def landfall(landfall_org: Org, pytestconfig: pytest.Config) -> Iterator[Org]:
    """The org, as it began. A fault that the test has armed and that never fired fails it."""
    landfall_org.reset()
    yield landfall_org
    if pytestconfig.getini("landfall_strict_faults"):
        unfired = ", ".join(fault["fault"] for fault in landfall_org.unfired())
        if unfired:
            pytest.fail(f"armed and never fired: {unfired}")
