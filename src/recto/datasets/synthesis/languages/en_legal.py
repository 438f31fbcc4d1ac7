"""English: words of contracts and tax forms. Every name is made up."""

from recto.datasets.synthesis.languages.language import Clause, ContractWords, Deal, FormWords

CONTRACT = ContractWords(
    deals=(
        Deal(
            "Services Agreement",
            ("the Provider", "Provider"),
            ("the Client", "Client"),
            "the planning, installation and maintenance of the equipment listed in Schedule 1",
        ),
        Deal(
            "Supply Agreement",
            ("the Supplier", "Supplier"),
            ("the Buyer", "Buyer"),
            "the continuous supply of the goods listed in Schedule 1, delivered free of charges",
        ),
        Deal(
            "Mutual Non-Disclosure Agreement",
            ("the First Party", "First Party"),
            ("the Second Party", "Second Party"),
            "the protection of information that the parties disclose to each other in their talks",
        ),
        Deal(
            "Licence Agreement",
            ("the Licensor", "Licensor"),
            ("the Licensee", "Licensee"),
            "the non-exclusive use of the software described in Schedule 1 at the agreed sites",
        ),
    ),
    parties="between {first} (“{first_role}”) and {second} (“{second_role}”).",
    dated=(
        "This {title} is made with effect from {date} (the “Effective Date”)",
        "This {title} (the “Agreement”) is entered into as of {date}",
    ),
    recital="The parties wish to set out the terms on which they will work together, and therefore agree:",
    subject=Clause(
        "Subject matter",
        "This Agreement governs {subject}. Schedules form part of it; where they "
        "contradict these clauses, the clauses prevail.",
    ),
    term=Clause(
        "Term",
        "This Agreement begins on {date} and runs for {term}. It renews for one further year "
        "each time unless a party gives {days} days' written notice before it ends.",
    ),
    law=Clause(
        "Governing law",
        "This Agreement is governed by the laws of {place}. The courts of {place} have "
        "exclusive jurisdiction over all disputes arising from it.",
    ),
    clauses=(
        Clause(
            "Fees and payment",
            "{B} shall pay {amount} per quarter within {days} days of receiving a proper "
            "invoice. Amounts overdue bear interest at {percent}% above the base rate.",
        ),
        Clause(
            "Confidentiality",
            "Neither party may disclose what it learns of the other's business, customers "
            "or methods, unless the law requires it. This duty survives for {years} years.",
        ),
        Clause(
            "Liability",
            "Each party is liable for damage caused by gross negligence or wilful misconduct. In "
            "all other cases liability is limited to {amount} per calendar year.",
        ),
        Clause(
            "Termination for cause",
            "Either party may terminate at once if the other commits a material "
            "breach and fails to remedy it within {days} days of a written request.",
        ),
        Clause(
            "Notices",
            "Notices must be in writing and are deemed received on the second working day after "
            "posting. Notice by e-mail is enough where receipt was confirmed.",
        ),
        Clause(
            "Force majeure",
            "Neither party is in breach while flood, fire, strike or acts of government "
            "prevent performance. After {days} days either party may withdraw.",
        ),
        Clause(
            "Assignment",
            "{A} may not assign rights under this Agreement without prior written consent, "
            "which shall not be unreasonably withheld or delayed.",
        ),
        Clause(
            "Data protection",
            "Personal data are processed only as far as performance requires it. {A} keeps "
            "a record of processing and reports every incident within 48 hours.",
        ),
        Clause(
            "Insurance",
            "{A} maintains public liability cover of at least {amount} per event and proves it "
            "on request, at the latest by 31 January of each year.",
        ),
        Clause(
            "Entire agreement",
            "This document contains everything that was agreed. Changes are valid only if "
            "both parties sign them; that also applies to this sentence.",
        ),
        Clause(
            "Severability",
            "Should a provision be or become invalid, the others remain in force, and the "
            "parties will replace it by one that comes closest to its purpose.",
        ),
        Clause(
            "Inspection",
            "{B} may inspect the work at reasonable times after {days} days' notice. Defects "
            "are listed in a report, which both parties sign.",
        ),
    ),
    terms=("two (2) years", "36 months", "one (1) year", "five (5) years", "18 months"),
    places=("England and Wales", "the State of Delaware", "Scotland", "the State of New York", "Ireland"),
    signed="Signed by the parties in two copies, each of which is an original.",
)

FORM = FormWords(
    authorities=("Department of Revenue", "Inland Tax Office", "Office of State Taxation"),
    titles=(
        ("TX-40", "Individual Income Tax Return"),
        ("R-112", "Annual Statement of Earnings and Tax"),
        ("B-7", "Self-Employment Income Summary"),
    ),
    sections=("Part A – Personal details", "Part B – Income", "Part C – Deductions", "Part D – Computation"),
    income=(
        "Wages, salaries and tips",
        "Interest from savings accounts",
        "Dividends received",
        "Rents from land and buildings",
        "Profit from self-employment",
        "Pensions and annuities",
        "Capital gains",
        "Other income (attach statement)",
    ),
    deductions=(
        "Travel between home and work",
        "Gifts to charity",
        "Interest on student loans",
        "Contributions to a pension scheme",
        "Professional fees and tools",
        "Medical expenses",
        "Use of home as office",
    ),
    results=(
        "Total income",
        "Total deductions",
        "Taxable income (line {i} less line {d})",
        "Tax on this amount",
        "Tax already paid",
        "Tax due",
        "Refund",
    ),
    occupations=("Carpenter", "Teacher", "Nurse", "Surveyor", "Lorry driver", "Bookkeeper", "Electrician"),
    notes=(
        "Use blue or black ink. Do not staple.",
        "Round nothing; enter pounds and pence or dollars and cents.",
        "Keep a copy for at least six years.",
    ),
    declaration="I declare that the information given on this form is complete and correct to the best of my "
    "knowledge. I understand that false statements may lead to a penalty.",
    notice=(
        "Dear taxpayer,",
        "we have assessed your tax for {year} as shown below. The assessment follows your "
        "return in all points.",
        "You may object in writing within {days} days of receiving this notice. "
        "An objection does not postpone payment.",
    ),
)
