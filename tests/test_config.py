"""Settings: what wins over what, and what a typing mistake says."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verticals.config import Config, assignment, build, merge, read_yaml
from verticals.errors import ConfigError
from verticals_customer_service.settings import Settings


def test_later_layers_win_and_siblings_stay() -> None:
    config = build([{"train": {"epochs": 2, "seed": 5}}, {"train": {"epochs": 3}}], Settings)
    assert (config.train.epochs, config.train.seed) == (3, 5)


def test_settings_survive_yaml(tmp_path: Path) -> None:
    config = build([{"train": {"learning_rate": "2e-4"}, "app": {"articles": "é.jsonl"}}], Settings)
    (tmp_path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    assert Config.model_validate(read_yaml(tmp_path / "config.yaml")) == config
    assert config.train.learning_rate == 2e-4  # PyYAML alone reads 2e-4 as text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.epoch=3", "unknown setting train.epoch; did you mean 'epochs'"),
        ("trian.epochs=3", "unknown setting trian; did you mean 'train'"),
        ("app.article=x", "unknown setting app.article; did you mean 'articles'"),
        ("train.epochs=many", "setting train.epochs: .*found 'many'"),
        ("train.epochs=0", "setting train.epochs: .*greater than or equal to 1"),
        ("train.seed=4294967296", "setting train.seed: .*less than or equal to 4294967295"),
        ("train.precision=float16", "setting train.precision: .*'float32', 'bfloat16' or 'auto'; found 'float16'"),
        ("method.options.rank=2024-01-01", "setting method.options.rank: input was not a valid JSON value"),
        ("train.epochs", "expected section.name=value"),
        ("train.epochs=[", "the value is not YAML"),
        (
            "data.text=2024-13-45",
            "the value is not YAML; .*inside those of the shell: --set \"data.text='2024-13-45'\"",
        ),
        ("train.seed=4294967296", "setting train.seed: .*less than or equal to 4294967295"),
    ],
)
def test_a_mistake_names_the_setting_and_the_remedy(text: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        build([assignment(text)], Settings)


@pytest.mark.parametrize("mark", ["|", "#", "~", ">", "-", ",", "&", ":", "||", "->", " | ", "---", ";"])
def test_a_value_of_punctuation_alone_is_text(mark: str) -> None:
    assert assignment(f"objective.label_separator={mark}") == {"objective": {"label_separator": mark}}


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("", None),
        ("[]", []),
        ("{}", {}),
        ('""', ""),
        ("''", ""),
        ("'|'", "|"),
        ("null", None),
        ("-1", -1),
        ("[a]", ["a"]),
    ],
)
def test_other_values_mean_what_they_mean_in_yaml(value: str, meaning: object) -> None:
    assert assignment(f"app.name={value}") == {"app": {"name": meaning}}


def test_the_documented_separator_arrives_through_a_shell() -> None:
    page = (Path(__file__).parent.parent / "docs" / "methods.md").read_text(encoding="utf-8")
    (line,) = (each for each in page.splitlines() if each.startswith("verticals ") and "label_separator" in each)
    assert assignment(shlex.split(line)[-1]) == {"objective": {"label_separator": "|"}}


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    for content in ("train: [", "data: {text: 2024-13-45}"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"my\.yaml: not YAML"):
            read_yaml(path)
    path.write_bytes("退款: {en: Refund}".encode("gbk"))
    with pytest.raises(ConfigError, match=r"my\.yaml: expected UTF-8, .* save the file as UTF-8"):
        read_yaml(path)
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot read"):
        read_yaml(tmp_path / "absent.yaml")


trees = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.sampled_from("abc"), trees), st.dictionaries(st.sampled_from("abc"), trees))
def test_merging_keeps_every_leaf_of_the_change(base: dict[str, object], change: dict[str, object]) -> None:
    merged = merge(base, change)
    assert merge(merged, change) == merged
    assert set(merged) == set(base) | set(change)


def test_equal_settings_have_equal_digests() -> None:
    first, same, other = (build([{"train": {"seed": seed}}], Settings) for seed in (1, 1, 2))
    assert first.digest() == same.digest() != other.digest()
