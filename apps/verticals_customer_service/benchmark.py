"""The suites of this app: `verticals benchmark customer-service`."""

from collections.abc import Callable, Mapping
from typing import Any

from verticals import objectives, pilot
from verticals.config import Config, DataConfig
from verticals.evaluation import results
from verticals_customer_service import (
    benchmark_conversations,
    benchmark_dialogues,
    benchmark_load,
    benchmark_stackfaq,
    data,
    recipe,
)
from verticals_customer_service.benchmark_conversations import DEVELOPMENT, HARD, HELD_OUT
from verticals_customer_service.dialogue import Bot
from verticals_customer_service.turns import Conversation


def intents(name: str | None) -> Callable[[Config], list[dict[str, Any]]]:
    """Return the suite that trains on a public data set, or on the shipped samples where there is no name."""

    def run(config: Config) -> list[dict[str, Any]]:
        trained = recipe.train(config.model_copy(update={"data": config.data.model_copy(update={"train": name})}))
        return [pilot.result(trained, trained.metrics)]

    return run


def turns(config: Config) -> list[dict[str, Any]]:
    """Time whole turns of the shipped bot, one request at a time in one process."""
    run = recipe.trained_once(config)
    bot, splits = Bot.load(run), data.splits(run.config)
    cost = results.latency(lambda text: bot.turn(Conversation(), text), splits.test.texts, rounds=400)
    facts = {**run.manifest["data"], "split": splits.sizes()}
    method, train, backbone = run.config.method.name, run.config.train, run.config.backbone.name
    return [results.row(run.app, "turns", method, {}, {}, cost, facts, train.seed, backbone)]


def snips(config: Config) -> list[dict[str, Any]]:
    """Train the intents and, by the same method, the slots of SNIPS."""
    settings = config.model_copy(update={"data": DataConfig(train="snips")})
    tag = objectives.get("tag")
    slots_config = settings.model_copy(update={"objective": {}, "app": {}})
    tagged = pilot.train("customer-service-slots", tag, slots_config, tag.read(slots_config))
    slots = {**pilot.result(tagged, tagged.metrics), "app": "customer-service"}
    return [*intents("snips")(config), slots]


SUITES: Mapping[str, Callable[[Config], list[dict[str, Any]]]] = {
    "shipped": intents(None),
    "turns": turns,
    "scripted-conversations": benchmark_conversations.suite("scripted-conversations", HELD_OUT),
    "hard-conversations": benchmark_conversations.suite("hard-conversations", HARD),
    "development-conversations": benchmark_conversations.suite("development-conversations", DEVELOPMENT),
    "load": benchmark_load.run,
    "dialogues": benchmark_dialogues.run,
    "stackfaq": benchmark_stackfaq.run,
    "stackfaq-matched": benchmark_stackfaq.run_matched,
    "snips": snips,
    "banking77": intents("banking77"),
    "clinc150": intents("clinc150"),
}
