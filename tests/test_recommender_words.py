"""Words beside the meaning of a text."""

import numpy as np
import pytest

from verticals.config import BackboneConfig
from verticals_recommender import text, words


def test_a_text_that_is_read_whole_is_its_meaning_alone() -> None:
    meaning = np.eye(2, dtype=np.float32)
    vectors = words.beside(meaning, ["Snow at Noon", "Snow at Noon"], np.zeros(2, np.float32))
    assert np.array_equal(vectors @ vectors.T, meaning)


def test_words_count_for_as_much_as_is_not_read() -> None:
    vectors = words.beside(np.eye(2, dtype=np.float32), ["龙井", "龙井"], np.array([0.4, 0.4], np.float32))
    assert vectors[0] @ vectors[1] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("left", "right", "other"),
    [
        ("明前龙井绿茶", "狮峰龙井", "滇红功夫红茶"),
        ("ラーメンの本", "味噌ラーメン", "うどん"),
        ("книга о море", "Море", "лес"),
        ("茶", "茶 2026", "酒"),
    ],
)
def test_words_are_found_in_scripts_with_blanks_and_without(left: str, right: str, other: str) -> None:
    vectors = words.vectors([left, right, other])
    near, far = vectors[0] @ vectors[1:].T
    assert near > 0.2
    assert abs(far) < near / 2


def test_what_a_backbone_cannot_read_counts_by_its_words_alone() -> None:
    meaning = np.eye(2, dtype=np.float32)
    vectors = words.beside(meaning, ["龙井", "龙井"], np.ones(2, np.float32))
    assert vectors[0] @ vectors[1] == pytest.approx(1)
    assert not vectors[:, :2].any()


def test_a_chinese_sentence_finds_what_it_names_though_the_backbone_reads_english() -> None:
    goods = [
        "汝窑盖碗，釉色温润，容量一百五十毫升",
        "祁门红茶，香气像蜜，礼盒装",
        "紫砂壶，手工制成，适合泡普洱",
        "旅行茶具，轻便耐摔",
    ]
    read = text.reader(BackboneConfig())
    (wish,) = read(["想给长辈买点红茶"])
    assert np.argmax(read(goods) @ wish) == 1


def test_a_text_without_words_has_its_meaning_left() -> None:
    vectors = words.beside(np.ones((1, 1), np.float32), ["!"], np.zeros(1, np.float32))
    assert np.isfinite(vectors).all()
    assert not vectors[:, 1:].any()
    assert vectors[0, 0] > 0
    assert words.vectors([]).shape == (0, words.WIDTH)
