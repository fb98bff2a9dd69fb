"""Chat models behind one interface: a causal language model on this machine, or any server that speaks OpenAI's protocol."""

import json
from collections.abc import Iterator
from typing import Protocol

import httpx
import torch
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from verticals import backbones
from verticals.objectives.generators import load_generator
from verticals_customer_service.responder import Request, Responder, ResponderError, chat_messages

_MOST_TOKENS = 160
_SECONDS = 20.0  # of silence, before the article answers instead
Message = dict[str, str]


class ChatModel(Protocol):
    """Continues a conversation; raises ResponderError where it cannot."""

    def stream(self, messages: list[Message]) -> Iterator[str]:
        """Yield the reply in pieces."""


class ChatResponder:
    """Puts articles into words by a chat model."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    def stream(self, request: Request) -> Iterator[str]:
        """Yield the reply as the model writes it; all that it reads from customers is redacted."""
        return self._model.stream(chat_messages(request))


class LocalChat:
    """A causal language model in this process, read greedily."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, name: str) -> "LocalChat":
        """Load a model by folder or hub id.

        Raises:
            BackboneError: there is none, or it cannot generate.
        """
        backbone = backbones.locate(name)
        tokenizer = backbones.load_tokenizer(backbone)
        return cls(load_generator(backbone.folder, tokenizer), tokenizer)

    def stream(self, messages: list[Message]) -> Iterator[str]:
        """Yield the whole reply."""
        yield self.reply(messages, _MOST_TOKENS)

    def reply(self, messages: list[Message], most: int) -> str:
        """Return a reply of at most so many tokens, or a quarter of what the model can read; the oldest text beyond the rest is left out."""
        positions = int(self._model.config.max_position_embeddings)
        most = min(most, positions // 4)
        ids = torch.tensor([self._tokenizer(self._text(messages), add_special_tokens=False)["input_ids"]])
        ids = ids[:, most - positions :]
        settings = GenerationConfig.from_dict({**self._model.generation_config.to_dict(), "max_new_tokens": most})
        with torch.inference_mode():
            made = self._model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=settings)
        return str(self._tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)).strip()

    def _text(self, messages: list[Message]) -> str:
        if self._tokenizer.chat_template:
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        return "\n".join([*(f"{each['role']}: {each['content']}" for each in messages), "assistant:"])


class EndpointChat:
    """A server at `url`, such as http://localhost:8000/v1, that has `/chat/completions` and streams."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url.rstrip("/") + "/chat/completions"
        self._name = name

    def stream(self, messages: list[Message]) -> Iterator[str]:
        """Yield the reply as it arrives."""
        body = {"model": self._name, "messages": messages, "stream": True, "max_tokens": _MOST_TOKENS}
        try:
            with httpx.stream("POST", self._url, json=body, timeout=_SECONDS) as response:
                response.raise_for_status()
                yield from _pieces(response.iter_lines())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ResponderError(f"{self._url}: {error}") from error


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Yield the texts of server-sent events, up to the one that says that all is said.

    Raises:
        ResponderError: an event is not of the protocol.
    """
    for line in lines:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        try:
            choices = json.loads(data)["choices"]
            yield from (str(each["delta"].get("content") or "") for each in choices)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ResponderError(f"not an event of a chat completion: {data[:80]}") from error


def chat_responder(model: str, name: str) -> Responder:
    """Return the responder of a server by its address, or of a model by its folder or hub id."""
    if model.startswith(("http://", "https://")):
        return ChatResponder(EndpointChat(model, name))
    return ChatResponder(LocalChat.load(model))
