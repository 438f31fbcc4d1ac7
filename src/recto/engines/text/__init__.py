"""Language models of text on this machine: asked about a document, they write JSON of a given shape.

question → frames (the chat template around it) → generating (only what the JSON Schema allows) → Written

Any causal language model that transformers loads natively will do. What is asked, and what an answer means,
isn't known here: that is `extraction`. Nothing heavy is imported before `model`.
"""
