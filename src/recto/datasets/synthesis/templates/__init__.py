"""Templates: what stands on a document and where, several structurally different ones for each kind."""

from collections.abc import Callable

from recto.datasets.synthesis.composing import Composed
from recto.datasets.synthesis.houses import House, Rng
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.templates.contracts import CONTRACTS
from recto.datasets.synthesis.templates.invoices import INVOICES
from recto.datasets.synthesis.templates.receipts import RECEIPTS
from recto.datasets.synthesis.templates.tax_forms import TAX_FORMS

Template = Callable[[House, Rng], Composed]

TEMPLATES: dict[Kind, tuple[Template, ...]] = {
    Kind.RECEIPT: RECEIPTS,
    Kind.INVOICE: INVOICES,
    Kind.CONTRACT: CONTRACTS,
    Kind.TAX_FORM: TAX_FORMS,
}
