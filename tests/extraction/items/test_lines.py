"""The items of bills as the tagger says them: by a head, by sums, by products; in tables and in texts."""

from decimal import Decimal

import pytest

from recto.documents.transcript import Line, Transcript
from recto.extraction.fields import Extraction
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.sheet import lines_of_text
from recto.extraction.tagger import Tagger

RECEIPT, INVOICE = Tagger(load_schema("receipt")), Tagger(load_schema("invoice"))


def page(text: str, number: int = 1) -> Transcript:
    return Transcript("page.txt", number, 700, 900, text, lines_of_text(text), "text")


def items(*texts: str, tagger: Tagger = INVOICE) -> list[dict[str, object]]:
    """The items that are said, amounts as texts."""
    extraction = tagger.extract([page(text, number) for number, text in enumerate(texts, 1)])
    return plain(extraction)


def plain(extraction: Extraction) -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    for item in extraction.values.get("items", []):  # type: ignore[union-attr]
        assert isinstance(item, dict)
        out.append(
            {name: value["amount"] if isinstance(value, dict) else value for name, value in item.items()}
        )
    return out


def item(description: str, quantity: str, unit_price: str, amount: str) -> dict[str, object]:
    told = {"description": description, "quantity": quantity, "unit_price": unit_price, "amount": amount}
    return {name: value for name, value in told.items() if value}


@pytest.mark.parametrize(
    "head",
    [
        "Description          Qty     Unit price      Amount",
        "Bezeichnung          Menge   Einzelpreis     Gesamt",
        "Désignation          Qté     Prix unitaire   Montant",
        "Descripción          Cant.   Precio          Importe",
    ],
)
def test_a_table_with_a_head_in_each_language(head: str) -> None:
    text = (
        f"{head}\nBlue pens            10           1.20        12.00\n"
        "Desk lamp            2           20.00        40.00\nSubtotal             52.00"
    )
    assert items(text) == [item("Blue pens", "10", "1.20", "12.00"), item("Desk lamp", "2", "20.00", "40.00")]


def test_products_find_the_columns_where_the_head_is_odd() -> None:
    text = "What   How many   Each   Sum\nBolts   4   2.50   10.00\nNuts   3   1.50   4.50\nTotal   14.50"
    assert items(text) == [item("Bolts", "4", "2.50", "10.00"), item("Nuts", "3", "1.50", "4.50")]


def test_a_text_whose_columns_are_single_blanks() -> None:
    text = "Description Qty Price Amount\nPlastic bag 2 15.50 31.00\nGlue 1 4.00 4.00\nTotal : 35.00"
    assert items(text) == [
        item("Plastic bag", "2", "15.50", "31.00"), item("Glue", "1", "4.00", "4.00")
    ]  # fmt: skip


def test_a_receipt_without_a_head_stops_at_its_sum() -> None:
    text = "CORNER SHOP\nMilk       2.10\nBread      3.40\nTOTAL      5.50\nCASH      10.00"
    assert items(text, tagger=RECEIPT) == [item("Milk", "", "", "2.10"), item("Bread", "", "", "3.40")]


def test_names_in_rows_of_their_own() -> None:
    above = "Whole milk\n2 x 2.10          4.20\nRye bread\n3 x 1.00          3.00\nTotal          7.20"
    below = "1234   2 X 2.10   4.20\nWHOLE MILK\n1235   3 X 1.00   3.00\nRYE BREAD\nTOTAL          7.20"
    wanted = [("2", "2.10", "4.20"), ("3", "1.00", "3.00")]
    for text, names in ((above, ("Whole milk", "Rye bread")), (below, ("WHOLE MILK", "RYE BREAD"))):
        assert items(text, tagger=RECEIPT) == [item(name, *w) for name, w in zip(names, wanted, strict=True)]


def test_a_count_that_a_line_begins_with() -> None:
    text = "2 Latte          9.00\n1 Scone          4.00\nTotal          13.00"
    assert items(text, tagger=RECEIPT) == [item("Latte", "2", "", "9.00"), item("Scone", "1", "", "4.00")]


def test_numbers_of_lines_are_no_counts() -> None:
    text = "1 Latte          9.00\n2 Scone          4.00\n3 Cake          5.00\nTotal          18.00"
    assert items(text, tagger=RECEIPT) == [
        item("Latte", "", "", "9.00"), item("Scone", "", "", "4.00"), item("Cake", "", "", "5.00")
    ]  # fmt: skip


def test_a_number_that_was_lost_makes_the_others_no_counts() -> None:
    rows = [f"{number} Cake {letter}   5.00" for number, letter in enumerate("ABCDEFG", 1)]
    rows[3] = rows[3][2:]
    found = items("\n".join(rows) + "\nTotal   35.00", tagger=RECEIPT)
    assert found == [item(f"Cake {letter}", "", "", "5.00") for letter in "ABCDEFG"]


def test_a_discounted_line_goes_by_the_head() -> None:
    text = (
        "Description       Quantity   Unit price   Disc.   Amount\n"
        "Nougat            50         4.55         10%     204.75\n"
        "Oil               10        19.80                 198.00\nTotal   402.75"
    )
    assert items(text)[0] == item("Nougat", "50", "4.55", "204.75")


def test_tables_go_on_over_sums_of_sections_and_over_pages() -> None:
    head = "Description          Qty     Price      Amount\n"
    one = f"{head}Bolts                4       2.50       10.00\nSubtotal          10.00\n"
    two = "Nuts                 3       1.50        4.50\nTotal                                  14.50"
    wanted = [item("Bolts", "4", "2.50", "10.00"), item("Nuts", "3", "1.50", "4.50")]
    assert items(one + two) == wanted
    assert items(head + one.splitlines()[1], head + two) == wanted


def test_what_the_tax_adds_doesnt_hide_that_lines_add_up() -> None:
    text = "Tea   4.00\nCake   6.00\nGST   0.60\nTotal   10.60"
    extraction = RECEIPT.extract([page(text)])
    assert [one["amount"] for one in plain(extraction)] == ["4.00", "6.00"]
    check = next(check for check in extraction.checks if check.name == "lines_sum_to_net")
    assert check.passed is True


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sirs,\nthank you for 2 letters of 3 May.\nYours",
        "CARD SLIP\nTerminal 4711\nTotal   12.00\nApproved",
        "GST summary   Amount   Tax\nSR   9.43   0.57",
        "",
    ],
)
def test_no_lines_where_none_are(text: str) -> None:
    assert items(text, tagger=RECEIPT) == []


def test_each_value_has_its_place_and_stands_there() -> None:
    lines = (
        Line("Item Qty Price Amount", (10, 10, 400, 30), 0.9),
        Line("Pens", (10, 50, 60, 70), 0.9),
        Line("3", (200, 50, 210, 70), 0.8),
        Line("1,50 EUR", (250, 50, 320, 70), 0.9),
        Line("4,50 EUR", (350, 50, 420, 70), 0.9),
        Line("Total 4,50 EUR", (200, 90, 420, 110), 0.9),
    )
    extraction = INVOICE.extract([Transcript("a.png", 1, 500, 200, "", lines, "test")])
    found = {one.name: one for one in extraction.fields if one.name.startswith("items[0]")}
    assert {name.partition(".")[2]: one.printed for name, one in found.items()} == {
        "description": "Pens", "quantity": "3", "unit_price": "1,50", "amount": "4,50"
    }  # fmt: skip
    amount = found["items[0].amount"]
    assert (amount.value, amount.currency, amount.page) == ("4.50", "EUR", 1)
    assert amount.box is not None and 350 <= amount.box[0] < amount.box[2] <= 420
    assert 0.5 < found["items[0].quantity"].confidence < amount.confidence < 1


def test_lists_of_a_schema_of_ones_own() -> None:
    schema = schema_from_json(
        {
            "type": "object",
            "properties": {
                "positionen": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "artikel": {"type": "string"},
                            "liefertermin": {"type": "string", "format": "date"},
                            "menge": {"type": "integer"},
                            "betrag": {"type": "number"},
                        },
                    },
                }
            },
        },
        "order",
    )
    text = (
        "Artikel              Menge     Liefertermin     Betrag\n"
        "Schrauben M4         100       01.02.2024       12,00\n"
        "Muttern              50        03.02.2024        5,50\nSumme   17,50"
    )
    extraction = Tagger(schema).extract([page(text)])
    assert extraction.problems == ()
    assert extraction.values["positionen"] == [
        {"artikel": "Schrauben M4", "menge": 100, "liefertermin": "2024-02-01", "betrag": 12},
        {"artikel": "Muttern", "menge": 50, "liefertermin": "2024-02-03", "betrag": 5.5},
    ]


def test_amounts_come_to_their_sum() -> None:
    rows = "\n".join(f"Thing number {n}   {n}   1.00   {n}.00" for n in range(1, 60))
    found = items(f"Description   Qty   Price   Amount\n{rows}\nTotal   1770.00")
    assert sum(Decimal(str(one["amount"])) for one in found) == 1770
