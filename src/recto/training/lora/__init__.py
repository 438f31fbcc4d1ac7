"""Fine-tuning of vision-language models: full, LoRA, and LoRA on an 8-bit or 4-bit base.

recipe       the settings of one training (no torch)
lesson       what it learnt, in numbers (no torch)
samples      Examples as prompts, images and answers
batches      which pages make which step
loss         cross-entropy of the answers only
sight        a frozen vision tower, asked once per page
backend      who builds what learns: transformers + PEFT, or Unsloth
fit          the loop: steps, evaluations, states
learn        Examples in, a verified model folder out
"""
