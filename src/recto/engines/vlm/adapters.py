"""Adapters: one base in memory, and as many LoRA adapters on it as there are Releases that read with it.

Which adapter is on is a state of the model, so everything that computes with a base does so within `using`,
one at a time. With none on, the base computes exactly what it did before any was attached. Bases and adapters
leave memory with the last who holds them.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary, finalize

from recto.engines.model_folder import ModelFolder
from recto.engines.model_store import StoredModel
from recto.engines.vlm.device import Placement
from recto.engines.vlm.loading import Loaded, checked_architecture, load_base
from recto.engines.vlm.packages import SafetensorError, load_file, torch
from recto.errors import MissingPackage, ModelFolderError
from recto.settings.table import Experts

try:
    import peft
except ImportError as error:
    raise MissingPackage(
        f"adapters need the package {error.name}", hint="pip install 'recto[vlm]'"
    ) from error

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
"""The two files of an adapter, as PEFT names them."""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Adapter:
    """An adapter that is attached to `base` for as long as this lives."""

    base: "SharedWeights"
    name: str


class SharedWeights:
    """A base in memory with its adapters. `loaded` is for looking at; computing is done within `using`."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self._tuned: peft.PeftModel | None = None
        self._attached: WeakValueDictionary[str, Adapter] = WeakValueDictionary()
        self._gone: deque[str] = deque()
        self._turn = threading.RLock()

    @property
    def names(self) -> tuple[str, ...]:
        """The adapters that are attached now."""
        return tuple(sorted(self._attached))

    def attach(self, folder: ModelFolder) -> Adapter:
        """Load the adapter in `folder`; the same one is loaded once.

        Raises ModelFolderError where it was taught on another base, or doesn't fit this one.
        """
        if folder.card.base.sha256 != self.loaded.source.sha256:
            theirs, ours = folder.card.base, self.loaded.source
            raise ModelFolderError(
                f"taught on {theirs.name} ({theirs.sha256[:12]}…), not on {ours.name} ({ours.sha256[:12]}…)",
                where=folder.path,
                hint=f"recto models list shows what is here; recto models pull {theirs.name}",
            )
        if not _is_adapter(folder):
            raise ModelFolderError(
                f"holds no {ADAPTER_WEIGHTS}", where=folder.path, hint="recto improve writes one"
            )
        name = _name_of(folder)
        with self._turn:
            self._forget_gone()
            found = self._attached.get(name)
            if found is None:
                self._load(folder, name)
                found = self._attached[name] = Adapter(self, name)
                finalize(found, self._gone.append, name)
            return found

    @contextmanager
    def using(self, adapter: Adapter | None = None) -> Iterator[Loaded]:
        """While the block runs, the base computes with `adapter` alone (None: with none); others wait."""
        with self._turn:
            self._forget_gone()
            with self._switched(adapter):
                yield self.loaded

    def _switched(self, adapter: Adapter | None) -> AbstractContextManager[object]:
        if self._tuned is None:
            return nullcontext()
        if adapter is None:
            disabled: AbstractContextManager[object] = self._tuned.disable_adapter()
            return disabled
        self._tuned.set_adapter(adapter.name, inference_mode=True)
        return nullcontext()

    def _load(self, folder: ModelFolder, name: str) -> None:
        try:
            config = peft.PeftConfig.from_pretrained(str(folder.path))
            config.inference_mode = True
            if self._tuned is None:
                self._tuned = peft.PeftModel(self.loaded.model, config, adapter_name=name)
            else:
                self._tuned.add_adapter(name, config)
            fill(self._tuned, name, folder.file(ADAPTER_WEIGHTS))
        except (ValueError, RuntimeError, KeyError, TypeError, OSError, SafetensorError) as error:
            self._remove(name)
            what = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelFolderError(
                f"the adapter doesn't fit its base: {what}",
                where=folder.path,
                hint="run `recto improve` again",
            ) from error
        self._tuned.eval()

    def _forget_gone(self) -> None:
        """Remove what nobody holds any more: not when it is collected, which may be amidst a batch."""
        while self._gone:
            name = self._gone.popleft()
            if name not in self._attached:
                self._remove(name)

    def _remove(self, name: str) -> None:
        if self._tuned is None:
            return
        others = [other for other in self._tuned.peft_config if other != name]
        if not others:
            self._tuned.unload()
            self._tuned = None
        elif name in self._tuned.peft_config:
            self._tuned.delete_adapter(name)


def fill(tuned: peft.PeftModel, name: str, weights: Path) -> None:
    """Fill the adapter `name` of `tuned` from a file that PEFT saved. Raises ValueError unless all fits.

    PEFT's own loading takes the names in the file for those of the published checkpoint and renames them;
    DeepSeek-OCR-2's become names that no layer has, and all that is left is a warning (PEFT 0.21).
    """
    slots = {slot.replace(f".{name}.", "."): p for slot, p in tuned.named_parameters() if f".{name}." in slot}
    found = load_file(weights)
    if strange := sorted(slots.keys() ^ found.keys()):
        raise ValueError(f"{len(strange)} tensors are in one of file and model only, such as {strange[0]}")
    with torch.no_grad():
        for slot, parameter in slots.items():
            if parameter.shape != found[slot].shape:
                raise ValueError(f"{slot} is {tuple(found[slot].shape)}, not {tuple(parameter.shape)}")
            parameter.copy_(found[slot])


_bases: WeakValueDictionary[tuple[str, str, str, str, int, Experts], SharedWeights] = WeakValueDictionary()
_loading = threading.Lock()


def shared_base(
    source: StoredModel,
    placement: Placement,
    *,
    bits: int = 16,
    experts: Experts = "auto",
    allow_remote_code: tuple[str, ...] = (),
) -> SharedWeights:
    """The base `source` at `placement`: the one in memory, or loaded now. Raises what `load_base` does.

    Whoever computes experts in a way of their own says so by `experts`, and shares with nobody who doesn't.
    """
    checked_architecture(source, allow_remote_code)  # what is in memory may have been allowed to others only
    key = (source.sha256, placement.device, placement.dtype_name, placement.attention, bits, experts)
    with _loading:
        found = _bases.get(key)
        if found is None:
            loaded = load_base(source, placement, bits=bits, allow_remote_code=allow_remote_code)
            found = _bases[key] = SharedWeights(loaded)
        return found


def _name_of(folder: ModelFolder) -> str:
    """The same for the same adapter: weights say nothing without their rank, alpha and places."""
    digests = "".join(folder.card.files[name].sha256 for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS))
    return f"a{hashlib.sha256(digests.encode()).hexdigest()[:16]}"


def _is_adapter(folder: ModelFolder) -> bool:
    return {ADAPTER_CONFIG, ADAPTER_WEIGHTS} <= set(folder.card.files)
