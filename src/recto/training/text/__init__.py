"""How language models of text learn to find fields: the loop of `training/lora`, on texts, not on pages."""
