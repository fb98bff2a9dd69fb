"""Fine-tune small language models and run them as domain applications."""

from importlib.metadata import version

__version__ = version("verticals")
