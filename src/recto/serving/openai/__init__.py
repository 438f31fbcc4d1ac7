"""OpenAI's way of asking: chat completions whose images are read, and the list of models."""

from recto.serving.openai.routes import router

__all__ = ["router"]
