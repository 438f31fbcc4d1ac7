"""Items: the lines of a bill, found by the head of their table, by columns and by arithmetic."""
