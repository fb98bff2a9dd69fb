"""Which responder a bot has: the one that its settings name."""

from pathlib import Path

from verticals import objectives
from verticals.errors import ConfigError
from verticals.runs import open_run
from verticals_customer_service.chat import chat_responder
from verticals_customer_service.responder import Responder, Seq2SeqResponder, Template
from verticals_customer_service.settings import Settings


def load(settings: Settings) -> Responder:
    """Return the responder that the settings name.

    Raises:
        ConfigError: the model is not named, or is none.
    """
    if settings.responder == "template":
        return Template()
    if not settings.responder_model:
        raise ConfigError(f"app.responder is '{settings.responder}', but app.responder_model names no model")
    if settings.responder == "chat":
        return chat_responder(settings.responder_model, settings.responder_name)
    run = open_run(Path(settings.responder_model))
    if run.objective != "generate":
        raise ConfigError(
            f"app.responder_model: {run.folder} learned '{run.objective}'; train one with: verticals tune generate"
        )
    return Seq2SeqResponder(objectives.get("generate").load(run))
