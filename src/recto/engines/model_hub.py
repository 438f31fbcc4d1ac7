"""The Hub: base weights fetched from the Hugging Face Hub at one commit, each file checked against its hash.

Where the Hub is, and who asks, is as with every program of Hugging Face: HF_ENDPOINT, HF_TOKEN. Each file
grows under a name of its own (`.part`) and gets its name when its hash is right, so that a fetch that was cut
or killed goes on where it stopped, and half a file is never taken for a whole one.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recto.documents.replacing import PART
from recto.engines.backoff import Backoff
from recto.engines.hub_download import fetch
from recto.engines.known_models import KNOWN, repository_of, store_name
from recto.engines.model_folder import FileStamp
from recto.engines.model_keeping import Advance, being_stored, check_space, put_in_place
from recto.engines.model_store import WEIGHTS_FOLDER, StoredModel, StoredRecord, architecture_name
from recto.engines.packages import needed_for_the_hub
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.weight_files import CODE, CONFIG, check_names, check_shards, is_kept, read_again, stamp_of
from recto.errors import EngineError, PullFailed

with needed_for_the_hub():
    import httpx
    from huggingface_hub import HfApi, get_token, hf_hub_url
    from huggingface_hub import errors as hub

PATIENT = Backoff(attempts=6)
_TIMEOUT_S = 30.0
_UNAUTHORISED = 401
_FROM = "get the files by another way, and: recto models pull NAME --from FOLDER"
_GIT_HASH = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository: its size in bytes, and its SHA-256 (large files) or git's hash (small ones)."""

    name: str
    bytes: int
    sha256: str
    blob_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull will fetch: the files of `repo` at `commit`, which `asked` (a branch, tag or commit) is."""

    name: str
    repo: str
    asked: str
    commit: str
    licence: str
    files: tuple[RemoteFile, ...]
    code: bool

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files)


def plan(model: str, *, name: str = "", revision: str = "", code: bool = False) -> Plan:
    """Ask the Hub what `model` (a known name or a repository) is at `revision` (a branch, tag or commit).

    `code` takes the program files of the repository along. Raises PullFailed (no network, no such repository
    or revision, not allowed), and ModelFolderError where its weights aren't safetensors.
    """
    repo = repository_of(model)
    with _in_our_words(repo, revision):
        info = HfApi(endpoint=_endpoint()).model_info(
            repo, revision=revision or None, files_metadata=True, timeout=_TIMEOUT_S
        )
    siblings = info.siblings or []
    check_names((file.rfilename for file in siblings), where=repo)
    files = tuple(
        RemoteFile(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else "", file.blob_id or "")
        for file in siblings
        if is_kept(file.rfilename, code=code)
    )
    if not _GIT_HASH.fullmatch(info.sha or ""):
        raise PullFailed("the Hub doesn't say which commit this is", where=repo, hint="is HF_ENDPOINT a Hub?")
    card = info.card_data
    licence = str(card.get("license_name") or card.get("license") or "") if card else ""
    return Plan(name or store_name(model), repo, revision or "main", info.sha or "", licence, files, code)


def pull(plan: Plan, *, advance: Advance, backoff: Backoff = PATIENT) -> StoredModel:
    """Fetch what the plan says and store it. `advance` also hears of the bytes that an earlier try left.

    Raises PullFailed, EngineError for an architecture that recto can't read, OutputError, WorkspaceBusy.
    """
    with being_stored(plan.name, plan.commit) as folder:
        weights = folder / WEIGHTS_FOLDER
        check_space(plan.bytes - _already_here(weights))
        stamps: dict[str, FileStamp] = {}
        for file in sorted(plan.files, key=lambda file: file.name != CONFIG):  # what it is comes first
            stamps[file.name] = _fetched(plan, file, weights / file.name, advance, backoff)
            if file.name == CONFIG:
                _check_architecture(weights, plan)
        check_shards(weights, stamps, again="the repository is incomplete: tell its owner")
        record = StoredRecord(
            source=f"the Hub: {plan.repo}",
            repo=plan.repo,
            revision=plan.commit,
            architecture=architecture_name(weights),
            licence=plan.licence,
            files=stamps,
        )
        return put_in_place(folder, plan.name, record)


def _check_architecture(weights: Path, plan: Plan) -> None:
    name = architecture_name(weights)
    if name in ARCHITECTURES and ARCHITECTURES[name].needs_remote_code and not plan.code:
        raise EngineError(
            f"{name} can't be read without the program files ({CODE}) of its repository",
            where=plan.repo,
            hint="--remote-code takes them along; they run only where [vlm] allow_remote_code names them",
        )


def _already_here(weights: Path) -> int:
    return sum(file.stat().st_size for file in weights.iterdir() if file.is_file())


def _fetched(plan: Plan, file: RemoteFile, target: Path, advance: Advance, backoff: Backoff) -> FileStamp:
    """Fetch one file, unless it is there already, and check its hash. Its stamp."""
    part = target.with_name(target.name + PART)
    if target.is_file():
        target.replace(part)  # looked at again: a power cut may have emptied it
    url = hf_hub_url(plan.repo, file.name, revision=plan.commit, endpoint=_endpoint())
    with _in_our_words(plan.repo, plan.commit):
        fetch(url, part, file.bytes, advance=advance, backoff=backoff)
    if not _is_right(part, file):
        part.unlink()
        raise PullFailed(
            f"{file.name} isn't what the Hub says that it is (its hash is another); it was deleted",
            where=f"{plan.repo} at {plan.commit[:12]}",
            hint="try again; if it happens again, something between here and the Hub changes files",
        )
    part.replace(target)
    return stamp_of(target)


def _is_right(part: Path, file: RemoteFile) -> bool:
    """Whether the bytes have the hash that the Hub says: SHA-256, or git's SHA-1 for small files."""
    if part.stat().st_size != file.bytes:
        return False
    if file.sha256:
        return read_again(part) == file.sha256
    data = part.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob_id


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def _in_our_words(repo: str, revision: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into PullFailed."""
    try:
        yield
    except hub.GatedRepoError:
        raise PullFailed(
            "it is gated: its owner wants its terms accepted", where=repo, hint=_gated(repo)
        ) from None
    except hub.RepositoryNotFoundError:
        hint = "check the name; for a private one set HF_TOKEN to a token that may read it"
        raise PullFailed("the Hub has no such repository, or it is private", where=repo, hint=hint) from None
    except hub.RevisionNotFoundError:
        hint = "--revision takes a branch, a tag or a commit"
        raise PullFailed(f"it has no revision {revision!r}", where=repo, hint=hint) from None
    except hub.HFValidationError:
        hint = f"OWNER/NAME, or one of: {', '.join(KNOWN)}"
        raise PullFailed(f"{repo!r} is no name of a repository", hint=hint) from None
    except hub.OfflineModeIsEnabled:
        raise PullFailed("HF_HUB_OFFLINE is set", where=repo, hint=f"unset it, or {_FROM}") from None
    except hub.HfHubHTTPError as error:
        status = error.response.status_code
        hint = "HF_TOKEN isn't accepted: look at it" if status == _UNAUTHORISED else "try again later"
        raise PullFailed(f"the Hub answered {status}", where=repo, hint=hint) from None
    except httpx.TransportError as error:
        what = f"the Hub can't be reached: {error or type(error).__name__}"
        raise PullFailed(what, where=_endpoint() or "huggingface.co", hint=f"no network? {_FROM}") from None
    except (ValueError, KeyError, TypeError):
        what = "what answers isn't a Hub"
        raise PullFailed(what, where=_endpoint() or "huggingface.co", hint="look at HF_ENDPOINT") from None


def _gated(repo: str) -> str:
    where = f"{_endpoint() or 'https://huggingface.co'}/{repo}"
    if get_token():
        return f"accept them at {where} with the account that HF_TOKEN is of"
    return f"accept them at {where}, then set HF_TOKEN to a token of that account"
