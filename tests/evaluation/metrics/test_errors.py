import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.documents.normalise import nfc, squeeze_whitespace
from recto.evaluation.metrics.alignment import align, readable, squeeze_rows
from recto.evaluation.metrics.edits import cer
from recto.evaluation.metrics.errors import KINDS, ErrorTally

TEXTS = st.text(st.sampled_from("aAbBß é\u0301\n\u2028\x1c1"), max_size=40) | st.text(max_size=30)


def tally(reference, hypothesis, *, case_blind=False):
    out = ErrorTally()
    out.add(reference, hypothesis, case_blind=case_blind)
    return out


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("TOTAL", "TOTAl", {"case": 1}),
        ("TOTAL 0", "TOTAL O", {"wrong_character": 1}),
        ("SDN BHD", "SDNBHD", {"missing_blank": 1}),
        ("SDN BHD", "SD N BHD", {"superfluous_blank": 1}),
        ("SDN\nBHD", "SDN BHD", {}),
        ("31.00", "3100", {"missing_short": 1}),
        ("31.00", "31..00", {"superfluous_short": 1}),
        ("abcd THANK YOU", "abcd", {"missing_piece": 10}),
        ("abcd", "abcd THANK YOU", {"superfluous_piece": 10}),
    ],
)
def test_kinds(reference, hypothesis, edits):
    assert {kind: n for kind, n in tally(reference, hypothesis).edits.items() if n} == edits


@given(TEXTS, TEXTS)
def test_the_kinds_add_up_to_the_edits_of_cer(reference, hypothesis):
    found = tally(reference, hypothesis).edits
    assert found.total() == cer(reference, hypothesis).numerator
    assert set(found) <= set(KINDS)


def test_case_is_no_error_where_labels_are_blind_to_it():
    found = tally("TOTAL 0", "Total O", case_blind=True)
    assert {kind: n for kind, n in found.edits.items() if n} == {"wrong_character": 1}
    assert found.seen == {("0", "O"): 1}


def test_confusions_keep_a_place_where_they_happened():
    found = tally("COMPANY corner 5", "COMPANY comer S")
    assert found.seen == {("rn", "m"): 1, ("5", "S"): 1}
    assert found.contexts["rn", "m"] == ("COMPANY co", "er 5")


@given(TEXTS)
def test_rows_squeeze_to_what_cer_compares(text):
    assert squeeze_rows(text).replace("\n", " ") == squeeze_whitespace(nfc(text))


@given(TEXTS, TEXTS, st.booleans())
def test_pieces_join_to_both_texts(reference, hypothesis, case_blind):
    for pieces in (
        align(reference, hypothesis, case_blind=case_blind),
        readable(align(reference, hypothesis, case_blind=case_blind)),
    ):
        assert "".join(p.wanted for p in pieces) == reference
        assert "".join(p.said for p in pieces) == hypothesis
