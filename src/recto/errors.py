"""The whole error tree of recto. Every message says what, where, and a hint; nothing else is here.

RectoError
├── DocumentError             a source file that can't become Pages
│   ├── DocumentNotFound
│   ├── UnsupportedDocument   not an image or PDF that we read
│   ├── BrokenDocument        damaged, or not decodable
│   │   └── TruncatedDocument the file ends too early
│   ├── EmptyDocument         no bytes, or no pages
│   ├── EncryptedDocument     needs a password
│   └── DocumentTooLarge      over a limit (bytes, pixels, pages, page size)
├── DatasetError              annotations or splits that can't be trusted
│   ├── AnnotationError       one row of one file is wrong
│   └── LeakageError          one document on both sides of a split
├── EngineError               an engine can't be loaded or can't read
│   ├── UnknownEngine
│   ├── QuestionRefused       a language model can't be asked this
│   ├── MissingPackage        an optional library or program isn't installed
│   ├── ModelFolderError      a model folder is incomplete, changed or of another kind
│   ├── ModelNotFound         base weights that aren't on this machine
│   └── PullFailed            base weights that can't be fetched from the Hub
├── SchemaError               a Schema that can't be read, or asks for what can't be
├── EvaluationError           there is nothing to measure, or it can't be compared
├── TrainingError             a Run can't start or can't go on
│   └── ParityError           what was written back doesn't compute what was trained
├── WorkspaceError            a workspace that isn't there, or can't be used as it is
│   ├── WorkspaceBusy         somebody else holds the lock; the message says who
│   └── WorkspaceFull         its database's disk is full
├── RegistryError             a Release that doesn't exist, or can't be promoted
├── CorrectionError           a person's change, or what he asks of a document, that can't be
│   └── DocumentUnknown       no such document or page in the workspace, or not for these eyes
├── ServingError              a request to the service that isn't answered
│   ├── QueueFull             too much is waiting already
│   ├── Draining              the service is about to stop
│   ├── DeadlineExpired       the answer would come too late
│   ├── ModelUnavailable      the language model that finds fields can't be asked
│   ├── NotAuthenticated      no key, or one that isn't known
│   ├── NotAllowed            the key may not do this
│   ├── SignInDelayed         too many wrong passwords for a name
│   ├── RateLimited           the key has asked for too much in too short a time
│   ├── JobNotFound           no such job, or another key's
│   ├── PageGivenUp           the service stopped at this page again and again
│   ├── StorageFull           no room on the service's disk for what was sent
│   ├── VersionNeeded         a change that doesn't say on top of which version
│   └── RequestRefused        what was asked for can't be done with this service
│       └── RequestConflict   it says two things that can't both be
├── SettingsError             a setting is unknown or out of range
└── OutputError               a result can't be written
    └── OutputFull            because the disk is full
"""


class RectoError(Exception):
    """Something went wrong that the user can understand: `what` happened, `where`, and a `hint`."""

    def __init__(self, what: str, *, where: object = None, hint: str = "") -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.hint = hint
        super().__init__(str(self))

    def __str__(self) -> str:
        """One line for what and where, one for the hint."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  hint: {self.hint}" if self.hint else head

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with keyword arguments, so that errors cross process borders whole."""
        return _rebuild, (type(self), self.what, self.where, self.hint)


def _rebuild(kind: type[RectoError], what: str, where: str | None, hint: str) -> RectoError:
    return kind(what, where=where, hint=hint)


class DocumentError(RectoError):
    """A source file that can't become Pages."""


class DocumentNotFound(DocumentError):
    """There is no such file."""


class UnsupportedDocument(DocumentError):
    """Neither an image nor a PDF that recto reads."""


class BrokenDocument(DocumentError):
    """The file is damaged or can't be decoded."""


class TruncatedDocument(BrokenDocument):
    """The file ends before its content does."""


class EmptyDocument(DocumentError):
    """No bytes, or no pages."""


class EncryptedDocument(DocumentError):
    """The document needs a password."""


class DocumentTooLarge(DocumentError):
    """The document is over one of the limits."""


class DatasetError(RectoError):
    """Annotations or splits that can't be trusted."""


class AnnotationError(DatasetError):
    """One row of one annotation file is wrong."""


class LeakageError(DatasetError):
    """The same document stands on both sides of a split."""


class EngineError(RectoError):
    """An engine can't be loaded or can't read."""


class UnknownEngine(EngineError):
    """No engine has this name."""


class QuestionRefused(EngineError):
    """A language model can't be asked this: it is too long, or no grammar keeps its shape."""


class MissingPackage(EngineError):
    """An optional library or program isn't installed."""


class ModelFolderError(EngineError):
    """A model folder is incomplete, changed, or of another kind."""


class ModelNotFound(EngineError):
    """Base weights aren't on this machine."""


class PullFailed(EngineError):
    """Base weights can't be fetched from the Hub, or aren't what it says."""


class SchemaError(RectoError):
    """A Schema that can't be read, or that asks for what recto can't extract."""


class EvaluationError(RectoError):
    """There is nothing to measure, or the measurements can't be compared."""


class TrainingError(RectoError):
    """A Run can't start or can't go on."""


class ParityError(TrainingError):
    """What was written back doesn't compute what was trained."""


class WorkspaceError(RectoError):
    """A workspace that isn't there, or can't be used as it is."""


class WorkspaceBusy(WorkspaceError):
    """Somebody else holds the workspace's lock."""


class WorkspaceFull(WorkspaceError):
    """The disk of the workspace's database is full."""


class RegistryError(RectoError):
    """A Release that doesn't exist, or can't be promoted."""


class CorrectionError(RectoError):
    """A change that a person wants, or what he asks of a document, can't be."""


class DocumentUnknown(CorrectionError):
    """There is no such document or page in the workspace, or it is closed to whoever asks."""


class ServingError(RectoError):
    """A request to the service that isn't answered."""


class QueueFull(ServingError):
    """Too much is waiting already: ask again later, `retry_after_s` if that is known."""

    def __init__(self, what: str, *, hint: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(what, hint=hint)
        self.retry_after_s = retry_after_s


class Draining(ServingError):
    """The service is about to stop and accepts nothing more."""


class DeadlineExpired(ServingError):
    """The answer would come too late to be of use."""


class ModelUnavailable(ServingError):
    """The language model that is to find fields can't be asked; why, is in the service's log."""


class NotAuthenticated(ServingError):
    """No key was given, or one that isn't known."""


class NotAllowed(ServingError):
    """The key may not do this."""


class SignInDelayed(ServingError):
    """Too many wrong passwords for this name: the next is looked at after `retry_after_s`."""

    def __init__(self, what: str, *, hint: str = "", retry_after_s: int) -> None:
        super().__init__(what, hint=hint)
        self.retry_after_s = retry_after_s


class RateLimited(ServingError):
    """The key has asked for too much in too short a time."""


class JobNotFound(ServingError):
    """There is no such job, or it is another key's."""


class PageGivenUp(ServingError):
    """The service stopped, again and again, while it read this page of a job."""


class StorageFull(ServingError):
    """There is no room on the service's disk for what was sent."""


class VersionNeeded(ServingError):
    """A change doesn't say which version of the page its author saw."""


class RequestRefused(ServingError):
    """What was asked for can't be done with this service, or isn't well formed."""


class RequestConflict(RequestRefused):
    """Two fields of a request say what can't both be."""


class SettingsError(RectoError):
    """A setting is unknown or out of range."""


class OutputError(RectoError):
    """A result can't be written."""


class OutputFull(OutputError):
    """A result can't be written, because the disk is full."""
