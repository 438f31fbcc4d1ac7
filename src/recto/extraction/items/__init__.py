"""Items: the lines of a bill, found by the table's head, by columns and by arithmetic; nothing is learnt here."""
