"""The wheel: the packages, their samples and settings, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_samples_and_settings_and_only_our_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    inside = "verticals_customer_service/"
    assert {f"{inside}config.yaml", f"{inside}samples/utterances.csv", f"{inside}samples/articles.jsonl"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "verticals", *(path.name for path in (ROOT / "apps").iterdir() if path.is_dir())
    }  # fmt: skip
    assert not [name for name in names if "__pycache__" in name]


def test_ignore_patterns_are_anchored_so_that_samples_stay_in() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert not [line for line in lines if line.startswith("*.") and line != "*.egg-info/"]


def test_no_file_names_a_machine_path_or_a_package_index() -> None:
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True
    ).stdout.split()
    for name in listing:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".json"} or path.name in {
            "Makefile",
            "Dockerfile",
            "run",
        }:
            text = path.read_text(encoding="utf-8")
            assert "/ho" + "me/" not in text, name
            assert "file:" + "//" not in text, name
