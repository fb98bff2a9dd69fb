"""Who may import whom, and what importing may do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE, APPS = ROOT / "shared" / "verticals", ROOT / "apps"
FLOORS = (  # from the ground up; a module imports only from floors below its own, or from its own
    ("errors", "problems", "provenance", "arrays"),
    ("config", "privacy"),
    ("data",),
    ("runs", "storage", "access", "distributed", "trackers"),
    ("promotion",),
    ("backbones", "coverage", "pooling", "precision"),
    ("inference",),
    ("evaluation",),
    ("methods",),
    ("token_rows",),
    ("adversarial", "callbacks", "checkpoints"),
    ("training",),
    ("objectives", "evaluation.predictor"),
    ("parity",),
    ("pilot", "remeasure", "advisor"),
    ("transfer", "export"),
    ("vertical", "theme", "html_page", "notices"),
    ("registry", "new_app"),
    ("benchmark", "comparison", "comparison_page", "health_page"),
    ("hub", "first_start"),
    ("cli", "__main__"),
)
FLOOR_OF = {name: number for number, floor in enumerate(FLOORS) for name in floor}


def floor(name: str) -> int | None:
    """Return the floor of a module by its dotted name below `verticals`, None where it has none."""
    parts = name.split(".")
    return FLOOR_OF.get(".".join(parts[:2]), FLOOR_OF.get(parts[0]))


def imports(path: Path) -> set[str]:
    """Return the dotted names that a file imports, inside functions too, but not for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


CORE_FILES = sorted(CORE.rglob("*.py"))
APP_FILES = sorted(APPS.rglob("*.py"))


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_imports_no_app_and_only_floors_below(path: Path) -> None:
    parts = path.relative_to(CORE).with_suffix("").parts
    own = floor(".".join(parts))
    for name in imports(path):
        assert not name.startswith("verticals_"), f"the core imports an app: {name}"
        target = floor(name.removeprefix("verticals.")) if name.startswith("verticals.") else None
        if target is not None and own is not None:
            assert target <= own, f"{'.'.join(parts)} imports {name}, which is on a higher floor"


def test_every_module_of_the_core_has_a_floor() -> None:
    modules = {path.relative_to(CORE).with_suffix("").parts[0] for path in CORE_FILES} - {"__init__"}
    assert modules == {name for name in FLOOR_OF if "." not in name}


@pytest.mark.parametrize("path", APP_FILES, ids=lambda path: str(path.relative_to(APPS)))
def test_apps_do_not_import_each_other(path: Path) -> None:
    own = path.relative_to(APPS).parts[0]
    foreign = {name for name in imports(path) if name.startswith("verticals_") and name.split(".")[0] != own}
    assert not foreign


def test_no_module_is_a_dumping_ground() -> None:
    assert not {path.stem for path in CORE_FILES + APP_FILES} & {"utils", "util", "common", "helpers", "misc"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["apps"],
        ["train", "--help"],
        ["tune", "--help"],
        ["transfer", "--help"],
        ["advise", "--help"],
        ["config", "customer-service"],
    ],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from verticals import cli\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'gradio', 'pandas', 'sklearn', 'faiss'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_every_module_writes_nothing_and_draws_no_random_number(tmp_path: Path) -> None:
    modules = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for root in (CORE.parent, APPS)
        for path in root.rglob("*.py")
    ]
    names = [name.removesuffix(".__init__") for name in modules]
    program = (
        "import importlib, logging, random, sys\n"
        "import gradio, peft, torch, transformers\n"  # libraries may draw; we may not
        "before = random.getstate()\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert random.getstate() == before, 'the random generator moved'\n"
        "assert not logging.getLogger().handlers, 'logging was configured'\n"
        "assert not torch.cuda.is_initialized(), 'a device was chosen'\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []
