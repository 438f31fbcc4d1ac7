"""The tables of `recto.toml` for engines that have something to set: [vlm], [text] and [remote]."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from recto.settings.serving import url_or_empty
from recto.settings.table import Count, Experts, PageTaskName, Seconds, SettingsTable, Share, Word

_Url = Annotated[str, AfterValidator(url_or_empty)]
_Name = Annotated[str, Field(max_length=1000)]
_Variable = Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")]
_Names = Annotated[tuple[Word, ...], Field(strict=False)]
_Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
_Temperatures = Annotated[tuple[_Temperature, ...], Field(strict=False, max_length=5)]


class Computing(SettingsTable):
    """Which language model computes, where, in which numbers, with which attention; for [vlm] and [text]."""

    model: _Name = Field(min_length=1, description="stored weights, or their folder")
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|mps|(cuda|xpu)(:\d{1,2})?)$", description="cuda:1, mps, xpu, cpu"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto", description="bfloat16 on a GPU that has it, float32 on a CPU"
    )
    attention: Literal["auto", "flash", "sdpa", "eager"] = Field(
        default="auto", description="flash where flash-attn is installed and fits"
    )
    bits: Literal["auto", 16, 8, 4] = Field(
        default="auto", description="16, or what a model was taught on; 8, 4: less memory, with bitsandbytes"
    )


class VlmSettings(Computing):
    """The engine vlm: vision-language models here. The mode and task of a fine-tuned model come first."""

    model: _Name = Field(
        default="deepseek-ocr-2", min_length=1, description="stored weights, or their folder"
    )
    mode: str = Field(
        default="", description='resolution: base, gundam, …; "" is what the architecture has first'
    )
    task: PageTaskName = Field(default="markdown", description="markdown, ocr, text, figure or describe")
    batch_pages: int = Field(default=8, ge=1, le=1024, description="pages that are read together")
    max_new_tokens: int = Field(
        default=4096, ge=1, le=131_072, description="of one page; more is cut, and told"
    )
    temperature: _Temperature = Field(default=0.0, description="0 always takes the likeliest token")
    top_p: Share = Field(default=1.0, description="1 is off; counts with a temperature above 0")
    top_k: int = Field(default=0, ge=0, le=100_000, description="0 is off; counts with a temperature above 0")
    beams: int = Field(default=1, ge=1, le=16, description="1 is no search")
    repetition_penalty: float = Field(default=1.0, ge=0.5, le=3, description="1 is none")
    no_repeat_ngram: int = Field(
        default=30, ge=0, le=1000, description="tokens in a row not said twice; 0 is off"
    )
    ngram_window: int = Field(default=90, ge=1, le=100_000, description="… within so many tokens")
    static_cache: bool = Field(default=False, description="room for the longest answer from the start")
    compile: bool = Field(
        default=False, description="with static_cache: minutes before the first page, quicker tokens after"
    )
    experts: Experts = Field(
        default="auto", description="eager, batched_mm, grouped_mm: how routed experts are computed"
    )
    retry_temperatures: _Temperatures = Field(
        default=(0.2, 0.5), description="a page that loops, is cut or empty is read again with these"
    )
    retry_mode: str = Field(default="", description='then in this mode; "" is not')
    second_engine: str = Field(default="", description='then by this engine; "" is not')
    allow_remote_code: _Names = Field(
        default=(), description='architectures whose own program may run: "deepseek-ocr"'
    )

    @model_validator(mode="after")
    def _window(self) -> "VlmSettings":
        if self.ngram_window < self.no_repeat_ngram:
            least = f"no_repeat_ngram ({self.no_repeat_ngram})"
            raise ValueError(f"ngram_window ({self.ngram_window}) must be at least {least}")
        return self


class TextSettings(Computing):
    """Language models of text, which extract fields (--extractor text). Nothing is chosen at random."""

    model: _Name = Field(default="qwen3-1.7b", min_length=1, description="stored weights, or their folder")
    batch_documents: int = Field(
        default=4, ge=1, le=1024, description="documents that are asked about at once"
    )
    max_prompt_tokens: int = Field(
        default=8192,
        ge=64,
        le=1_000_000,
        description="of a longer text the rest isn't seen, and that is told",
    )
    max_new_tokens: int = Field(
        default=1024, ge=1, le=131_072, description="of one answer; more is cut, and told"
    )
    timeout_s: Seconds = Field(default=600.0, description="of one batch; answers that aren't done are cut")


class RemoteSettings(SettingsTable):
    """A server such as vLLM or SGLang that speaks OpenAI's protocol: --engine remote, --extractor remote."""

    url: _Url = Field(default="", description='"http://localhost:8000/v1"; must be set to read with it')
    model: _Name = Field(default="", description='as the server calls it; "" is the only one that it has')
    api_key_variable: _Variable = Field(
        default="", description='environment variable that holds the key; "" is none. Never the key itself'
    )
    preset: Literal["vllm", "sglang", "plain"] = Field(
        default="vllm", description="what the server is: plain gets no arguments beyond OpenAI's"
    )
    image_format: Literal["png", "jpeg"] = Field(
        default="png", description="how pages go to the server: jpeg is smaller, png loses nothing"
    )
    architecture: Literal["deepseek-ocr-2", "deepseek-ocr", "qwen2.5-vl", "qwen3-vl"] = Field(
        default="deepseek-ocr-2", description="whose prompts and boxes count"
    )
    task: PageTaskName = Field(default="markdown", description="markdown, ocr, text, figure or describe")
    max_new_tokens: int = Field(
        default=4096, ge=1, le=131_072, description="of one page; more is cut, and told"
    )
    temperature: _Temperature = Field(default=0.0, description="0 always takes the likeliest token")
    concurrency: int = Field(default=8, ge=1, le=1024, description="pages that are asked for at once")
    timeout_s: Seconds = Field(default=120.0, description="for one page and attempt")
    attempts: Count = Field(default=4, le=20, description="in all, with longer and longer pauses")
