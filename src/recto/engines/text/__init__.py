"""Language models on this machine: asked about a document, they write JSON of a given shape.

question → frames (the chat template around it) → generating (only what the JSON Schema allows) → Written
page and words → page_model (a vision-language model) → the same

Any causal language model that transformers loads natively will do, and those that the engine vlm knows. What
is asked, and what an answer means, isn't known here: that is `extraction`. Nothing heavy is imported before
`model` and `page_model`.
"""
