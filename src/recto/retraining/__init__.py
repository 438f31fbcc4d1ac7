"""The loop: triggers that say when a Cycle is due, the Cycle itself, and its history."""
