"""The lock files hold what pyproject.toml asks for, agree with each other, and tie nobody to one package index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("run", "dev", "build", "model", "openmp", "uv")


def lock_text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock_text(name), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def unsatisfied(requirements: list[str], lock: str) -> list[str]:
    locked = pins(lock)
    wanted = [Requirement(text) for text in requirements]
    return [str(r) for r in wanted if not r.specifier.contains(locked.get(canonicalize_name(r.name), "0"))]


def run_requirements() -> list[str]:
    extras: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
    return [*PROJECT["project"]["dependencies"], *(r for group in extras.values() for r in group)]


def test_what_the_gateway_needs_is_locked() -> None:
    assert unsatisfied(run_requirements(), "run") == []


def test_what_the_tests_need_is_locked_together_with_what_the_gateway_needs() -> None:
    assert unsatisfied([*run_requirements(), *PROJECT["dependency-groups"]["dev"]], "dev") == []


def test_what_building_needs_is_locked() -> None:
    assert unsatisfied(PROJECT["build-system"]["requires"], "build") == []


@pytest.mark.parametrize("name", ["run", "build", "model", "openmp"])
def test_a_package_in_two_locks_has_one_version(name: str) -> None:
    shared = pins(name).items() & pins("dev").items()
    assert {package for package, _ in shared} == pins(name).keys() & pins("dev").keys()


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", lock_text(name), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in lock_text(name)
