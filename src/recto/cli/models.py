"""`recto models`: get, list, check and remove base weights; build the tiny one; merge adapters."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import OptionalWorkspace

if TYPE_CHECKING:
    from recto.engines.model_store import StoredModel

models_app = typer.Typer(help="Get, list, check and remove the base weights of language models.")
app.add_typer(models_app, name="models")


class TinyArchitecture(StrEnum):
    """Which tiny model is built."""

    VLM = "vlm"
    TEXT = "text"


Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is stored as.")]


@models_app.callback(no_args_is_help=True)
def _models() -> None:
    """Get, list, check and remove the base weights of language models, with eyes and without.

    They are kept once for this machine: in $RECTO_MODELS, else in
    recto/models in your cache folder.
    """


@models_app.command()
def pull(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name that recto knows, or a repository: OWNER/NAME.")
    ],
    *,
    revision: Annotated[
        str, typer.Option(help="Branch, tag or commit (default: what `main` is now, recorded).")
    ] = "",
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="Take the files from this folder.")
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="With --from: leave the files where they are.")
    ] = False,
    name: Annotated[str, typer.Option(help="Store it under this name.")] = "",
    remote_code: Annotated[
        bool, typer.Option("--remote-code", help="Take the program files of the repository along.")
    ] = False,
) -> None:
    """Fetch base weights from the Hugging Face Hub, at one commit, and check every file's hash.

    \b
    recto models pull deepseek-ocr-2
    recto models pull Qwen/Qwen3-VL-2B-Instruct --revision main --name qwen
    recto models pull deepseek-ocr-2 --from /media/usb/DeepSeek-OCR-2

    What is cut short goes on where it stopped. Only safetensors are taken:
    pickled weights can run anything. HF_TOKEN opens private and gated
    repositories, HF_ENDPOINT is another Hub. --from needs no network, and
    copies the files, or with --link reads them where they are from then on.
    """
    from recto.engines.known_models import store_name

    if link and source is None:
        raise typer.BadParameter("it goes with --from only", param_hint="--link")
    if source is not None and (revision or remote_code):
        raise typer.BadParameter("a folder is taken as it is", param_hint="--revision, --remote-code")
    stored_as = name or store_name(model)
    if source is not None:
        _tell_stored(_from_folder(source, stored_as, link=link))
    elif not _is_here(stored_as, revision):
        _tell_stored(_from_hub(model, stored_as, revision, code=remote_code))


@models_app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the base weights on this machine: size, architecture, commit, licence, where they come from."""
    from recto.cli.models_table import listed, print_models
    from recto.engines.model_store import models

    found = models()
    if as_json:
        typer.echo(json.dumps([listed(model) for model in found], ensure_ascii=False, indent=1))
    else:
        print_models(found)


@models_app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Default: all.")] = None,
) -> None:
    """Read every file of stored weights again, and compare it with its hash; exit code 1 if one is wrong."""
    from recto.cli.models_table import size
    from recto.engines.model_keeping import check_stored
    from recto.engines.model_store import damage, models

    for name in names or ():
        check_stored(name)
    damaged = False
    for model in (model for model in models() if not names or model.name in names):
        wrong = damage(model)
        damaged = damaged or bool(wrong)
        for what in wrong:
            typer.echo(f"{model.name}: {what}")
        if not wrong:
            typer.echo(f"{model.name}: as it was stored ({size(model.bytes)})")
    if damaged:
        typer.echo("  hint: recto models remove NAME, and get it again", err=True)
        raise typer.Exit(1)


@models_app.command()
def remove(name: Name, *, yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False) -> None:
    """Delete stored weights; of linked ones only the link. What was trained on them then lacks its base."""
    from recto.engines.model_keeping import check_stored
    from recto.engines.model_keeping import remove as remove_stored

    check_stored(name)
    if not yes:
        typer.confirm(
            f"Delete {name}? What was trained on it can't be used without it.", abort=True, err=True
        )
    remove_stored(name)
    typer.echo(f"{name} is removed")


@models_app.command()
def tiny(
    architecture: Annotated[
        TinyArchitecture, typer.Option(help="DeepSeek-OCR-2, which reads pages; or text: Qwen3.")
    ] = TinyArchitecture.VLM,
) -> None:
    """Build a tiny model of random numbers, of the true architecture, to try things on a CPU.

    It knows nothing until it is trained. It is the same wherever it is built,
    and is stored as deepseek-ocr-2-tiny, or for text as qwen3-tiny.
    """
    from recto.engines.model_keeping import keep_tiny, keep_tiny_text
    from recto.engines.model_store import TINY, TINY_TEXT

    is_text = architecture is TinyArchitecture.TEXT
    if not _is_here(TINY_TEXT if is_text else TINY, ""):
        _tell_stored(keep_tiny_text() if is_text else keep_tiny())


@models_app.command()
def merge(
    model: Annotated[
        str, typer.Argument(metavar="DIR_OR_RELEASE", help="Model folder with an adapter, or a Release.")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the merged weights; it must not exist.")],
    workspace: OptionalWorkspace = None,
) -> None:
    """Add an adapter to its base, and write plain weights that need neither.

    \b
    recto models merge run/model --out merged
    recto models pull my-model --from merged --link

    vLLM and other servers load such a folder as they load the base. It is
    written only if it computes what base and adapter compute together.
    """
    from recto.cli.model_option import chosen_weights
    from recto.settings import settings_here
    from recto.training.findings import SHOWN_TEXT, shown_page
    from recto.training.lora.merging import merge as merge_adapter

    chosen = chosen_weights("vlm", model, workspace)
    pages = [shown_page(), shown_page(SHOWN_TEXT[::-1])]
    merged = merge_adapter(chosen.path(), out, pages, settings_here(chosen.at).vlm)
    typer.echo(
        f"merged weights: {merged.path}; "
        f"what is likely differs by {merged.parity:.1g} at most from base and adapter"
    )


def _from_folder(source: Path, name: str, *, link: bool) -> "StoredModel":
    from recto.cli.data.progress import byte_progress
    from recto.engines.model_keeping import keep_folder

    total = sum(file.stat().st_size for file in source.iterdir()) if source.is_dir() else 0
    with byte_progress("Hashing" if link else "Copying", total) as advance:
        return keep_folder(name, source, link=link, advance=advance)


def _from_hub(model: str, name: str, revision: str, *, code: bool) -> "StoredModel":
    """Fetch it, unless what is stored is that commit already."""
    from recto.cli.data.progress import byte_progress
    from recto.cli.models_table import size
    from recto.engines.model_hub import plan, pull
    from recto.engines.model_store import find_model, is_stored

    planned = plan(model, name=name, revision=revision, code=code)
    typer.echo(
        f"{planned.repo}: {planned.asked} is commit {planned.commit}; {len(planned.files)} files, "
        f"{size(planned.bytes)}, licence {planned.licence or 'not said'}",
        err=True,
    )
    if is_stored(name) and find_model(name).revision == planned.commit:
        return find_model(name)
    with byte_progress(f"Fetching {planned.name}", planned.bytes) as advance:
        return pull(planned, advance=advance)


def _is_here(name: str, revision: str) -> bool:
    """Whether it is stored, at `revision` if that is a commit; told, if so."""
    from recto.engines.model_store import find_model, is_stored

    if not is_stored(name):
        return False
    model = find_model(name)
    if revision and revision != model.revision:
        return False
    at = f" (commit {model.revision})" if model.revision else ""
    typer.echo(f"{name} is here already{at}: {model.path}")
    return True


def _tell_stored(model: "StoredModel") -> None:
    from recto.cli.models_table import size

    typer.echo(
        f"stored as {model.name}: {model.architecture}, {size(model.bytes)}, {model.source}, in {model.path}"
    )
