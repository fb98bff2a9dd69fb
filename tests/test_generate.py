"""Replies: a tiny encoder-decoder learns to echo, what the tokens of a pair are, and what the scores mean."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5ForConditionalGeneration,
    set_seed,
)

from toys import COMMON, Outcome, settings
from verticals import backbones, objectives
from verticals.backbones import Backbone
from verticals.config import Config, MethodConfig
from verticals.data.pairs import Pairs, PairSplits
from verticals.errors import BackboneError, MethodError
from verticals.evaluation.generation import bleu, bleu_counts, chrf_by_row, perplexity
from verticals.objectives import generate
from verticals.objectives.generators import IGNORED, cut_notes, load_generator
from verticals.runs import open_run

Command = Callable[..., Outcome]
WORDS = 12


def echo_file(path: Path, fillers: tuple[str, ...]) -> Path:
    """Write prompts in which one word matters, and the replies that repeat it twice."""
    rows = [f"{filler} n{word},n{word} n{word}" for filler in fillers for word in range(WORDS)]
    path.write_text("prompt,reply\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tiny_causal(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random two-layer GPT-2 with the tiny backbone's words."""
    folder = tmp_path_factory.mktemp("causal")
    tokenizer = AutoTokenizer.from_pretrained(tiny_backbone, eos_token="[SEP]")
    tokenizer.save_pretrained(folder)
    set_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=3, eos_token_id=3
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny_t5(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random T5, an encoder-decoder whose cross-attention comes with it."""
    folder = tmp_path_factory.mktemp("t5")
    tokenizer = AutoTokenizer.from_pretrained(tiny_backbone)
    tokenizer.save_pretrained(folder)
    set_seed(0)
    config = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2)
    config.decoder_start_token_id = 0
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_more_tokens_than_positions_are_refused_before_training(tiny_causal: Path, tmp_path: Path) -> None:
    config = tiny_config(tiny_causal)
    long = config.model_copy(update={"backbone": config.backbone.model_copy(update={"max_tokens": 59})})
    with pytest.raises(MethodError, match=r"max_tokens 59 and .*max_reply_tokens 6: 65 tokens, .* 64 positions"):
        generate.fit(echoes(), long, tmp_path)


@pytest.mark.parametrize(("backbone", "targets"), [("tiny_t5", "q,v"), ("tiny_causal", "c_attn")])
def test_lora_learns_to_reply_where_nothing_in_the_model_is_new(
    backbone: str, targets: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    config = tiny_config(request.getfixturevalue(backbone), "lora", epochs=1)
    config = config.model_copy(update={"method": MethodConfig(name="lora", options={"targets": targets})})
    assert generate.fit(echoes(), config, tmp_path).log.trained_parameters > 0


def tiny_config(backbone: Path, method: str = "full", **train: object) -> Config:
    """Return settings for a quick training with short replies."""
    return settings(
        method={"name": method},
        backbone={"name": str(backbone), "max_tokens": 16},
        train={"epochs": 2, "batch_size": 12, "learning_rate": 0.003, **train},
    ).model_copy(update={"objective": {"max_reply_tokens": 6}})


def echoes() -> PairSplits:
    rows = [(f"{filler} n{word}", f"n{word} n{word}") for filler in COMMON for word in range(WORDS)]
    left, right = zip(*rows, strict=True)
    everything = Pairs(left, right, ((),) * len(rows), tuple(range(2, len(rows) + 2)))
    return PairSplits("echoes", everything.take(range(4 * WORDS)), everything.take(range(4 * WORDS, 5 * WORDS)))


def test_a_tiny_encoder_decoder_learns_to_echo_the_word_that_matters(
    verticals: Command, tmp_path: Path, tiny_backbone: Path
) -> None:
    train, test = echo_file(tmp_path / "train.csv", COMMON[:4]), echo_file(tmp_path / "test.csv", COMMON[4:])
    outcome = verticals(
        "tune", "generate", "--data", train, "--test", test, "--backbone", tiny_backbone, "--json",
        "--set", "train.epochs=40", "--set", "train.batch_size=12", "--set", "train.learning_rate=0.003",
        "--set", "objective.max_reply_tokens=6",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)["results"][0]
    assert result["metrics"]["chrf"]["value"] == pytest.approx(100)
    assert result["metrics"]["perplexity"]["value"] < 1.5
    assert result["baseline"]["method"] == "nearest-prompt"
    assert result["baseline"].keys() >= {"metrics", "chrf_gain"}
    run = open_run(Path(result["run"]))
    model = objectives.get("generate").load(run)
    assert model.reply(["i n7", "i n3"]) == ["n7 n7", "n3 n3"]
    beams = generate.Generator(model.model, model.codec, "full", beams=3)
    assert beams.reply(["i n7", "i n3"]) == ["n7 n7", "n3 n3"]
    assert run.metrics["replies"][0] == {"prompt": "i n0", "reply": "n0 n0", "reference": "n0 n0"}


@pytest.mark.parametrize(("method", "left"), [("full", 0.5), ("lora", 0.8)])  # LoRA leaves the random embeddings alone
def test_a_causal_model_learns_and_reloads_with_the_same_losses(
    tiny_causal: Path, tmp_path: Path, method: str, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verticals import pilot

    monkeypatch.setenv("VERTICALS_HOME", str(tmp_path))
    config, splits = tiny_config(tiny_causal, method, epochs=4), echoes()
    untuned = perplexity(generate._from_backbone(config).losses(splits.test.left, splits.test.right))
    run = pilot.train("generate", objectives.get("generate"), config, splits)  # saves, reloads and compares
    assert run.metrics["metrics"]["perplexity"]["value"] < untuned * left
    assert (run.folder / ("adapter" if method == "lora" else "model")).is_dir()


def test_the_saved_model_generates_the_same_in_plain_transformers(tiny_backbone: Path, tmp_path: Path) -> None:
    from transformers import EncoderDecoderModel

    model = generate.fit(echoes(), tiny_config(tiny_backbone), tmp_path / "work").model
    model.save(tmp_path)
    plain = EncoderDecoderModel.from_pretrained(tmp_path / "model").eval()
    ids = torch.tensor([model.codec.prompt("i n5")])
    made = plain.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=6)
    assert model.codec.reply(made[0, 1:].tolist()) == model.reply(["i n5"])[0]


def test_both_halves_start_from_the_backbone_and_the_output_is_tied(tiny_backbone: Path) -> None:
    folder = backbones.locate(str(tiny_backbone))
    encoder = backbones.load_encoder(folder).state_dict()
    model = load_generator(tiny_backbone, backbones.load_tokenizer(folder))
    weights = model.state_dict()
    for half in ("encoder.", "decoder.bert."):
        assert all(torch.equal(weights[half + name], value) for name, value in encoder.items())
    tied = [
        weights[f"decoder.{name}.weight"] for name in ("cls.predictions.decoder", "bert.embeddings.word_embeddings")
    ]
    assert tied[0].data_ptr() == tied[1].data_ptr()


def test_targets_stand_where_they_are_predicted(tiny_backbone: Path, tiny_causal: Path) -> None:
    paired = generate._from_backbone(tiny_config(tiny_backbone)).codec
    ids = {word: paired.tokenizer.convert_tokens_to_ids(word) for word in ("[CLS]", "[SEP]", "please", "n1", "n2")}
    cls, sep, please, one, two = ids.values()
    assert paired.example("please", "n1 n2") == {
        "input_ids": [cls, please, sep], "decoder_input_ids": [cls, one, two], "targets": [one, two, sep],
    }  # fmt: skip
    causal = generate._from_backbone(tiny_config(tiny_causal)).codec
    row = causal.example("please", "n1 n2")
    assert row["input_ids"][-4:] == [please, sep, one, two]
    assert row["targets"][-4:] == [IGNORED, one, two, sep]
    assert len(row["input_ids"]) == len(row["targets"])


@pytest.mark.parametrize("backbone", ["tiny_backbone", "tiny_causal"])
def test_what_is_cut_of_prompts_and_replies_is_counted_apart(backbone: str, request: pytest.FixtureRequest) -> None:
    codec = generate._from_backbone(tiny_config(request.getfixturevalue(backbone))).codec
    fits, cut = (" ".join(["please"] * count) for count in (14, 15))  # prompts of 16 tokens, two of them marks
    replies = ["my " * 5, "my " * 6, "my " * 7]  # of 6 tokens, one of them the end
    notes = cut_notes(codec, [fits, cut, "i"], replies)
    assert [(note.code, note.count) for note in notes] == [("text_cut", 1), ("reply_cut", 2)]
    assert "objective.max_reply_tokens=6" in notes[1].message


def test_a_loss_does_not_depend_on_what_else_is_in_the_batch(tiny_backbone: Path, tiny_causal: Path) -> None:
    prompts, replies = ["n1", "please the n2 n3 n4", "my n5"], ["n1 n2 n3", "n4", "n5 n6"]
    for backbone in (tiny_backbone, tiny_causal):
        model = generate._from_backbone(tiny_config(backbone))
        together = model.losses(prompts, replies)
        alone = np.concatenate(
            [model.losses([prompt], [reply]) for prompt, reply in zip(prompts, replies, strict=True)]
        )
        assert np.allclose(together, alone, atol=1e-4)


def test_an_encoder_decoder_refuses_a_method_that_leaves_its_new_attention_untrained(
    tiny_backbone: Path, tmp_path: Path
) -> None:
    with pytest.raises(MethodError, match="use full, or a causal language model"):
        generate.fit(echoes(), tiny_config(tiny_backbone, "lora"), tmp_path)


def test_an_encoder_without_cross_attention_is_refused_by_name(tiny_backbone: Path, tmp_path: Path) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    DistilBertModel(DistilBertConfig(vocab_size=64, dim=32, n_layers=1, n_heads=2, hidden_dim=64)).save_pretrained(
        tmp_path
    )
    tokenizer = backbones.load_tokenizer(Backbone("tiny", tiny_backbone))
    with pytest.raises(BackboneError, match="cannot be made to generate"):
        load_generator(tmp_path, tokenizer)


def test_a_causal_model_that_was_saved_without_its_head_is_refused_by_name(tiny_causal: Path, tmp_path: Path) -> None:
    AutoModel.from_pretrained(tiny_causal).save_pretrained(tmp_path)
    tokenizer = backbones.load_tokenizer(Backbone("tiny", tiny_causal))
    tokenizer.cls_token = None
    with pytest.raises(BackboneError, match=r"no cls_token, .* that was saved with its head"):
        load_generator(tmp_path, tokenizer)


def test_the_nearest_prompt_gives_its_reply(tiny_backbone: Path) -> None:
    train = Pairs(("blue paint", "late parcel"), ("yes", "no"), ((), ()), (2, 3))
    splits = PairSplits("toy", train, Pairs(("my parcel",), ("no",), ((),), (2,)))
    assert generate.nearest_prompt(splits, tiny_config(tiny_backbone)).by_row.tolist() == [100.0]


def test_bleu_of_summed_counts_is_sacrebleus_corpus_bleu() -> None:
    from sacrebleu import corpus_bleu

    replies = ["the parcel is late today, sorry", "a green shade of paint it is", "no"]
    references = ["the parcel is late, sorry for that", "a green shade of paint", "yes"]
    assert bleu(bleu_counts(replies, references)) == pytest.approx(corpus_bleu(replies, [references]).score)
    reply, reference = ["the parcel is here today"], ["my parcel is not here today"]  # share no three words in a row
    assert bleu(bleu_counts(reply, reference)) == pytest.approx(corpus_bleu(reply, [reference]).score)
    assert bleu(bleu_counts(reply, reference)) > 20
    assert chrf_by_row(["same", "abc"], ["same", "xyz"]).tolist() == [100.0, 0.0]
    assert perplexity(np.array([[np.log(4.0), 1.0], [np.log(4.0), 1.0]])) == pytest.approx(4)
