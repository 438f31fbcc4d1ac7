"""Fine-tuning of vision-language models: full, LoRA, and LoRA on an 8-bit or 4-bit base.

recipe       the settings of one training (no torch)
lesson       what it learnt, in numbers (no torch)
way          what `training/way` asks of any way of learning (no torch until it teaches)
samples      Examples as prompts, images and answers; `sight`: a frozen tower, asked once per page
order        which pages make which step
loss         cross-entropy of the answers only
backends     who builds what learns, a `pupil`: transformers + PEFT, or Unsloth
course       one step after the other; `masters`: fp32 for what learns in 16 bits; `together`: many processes
fit          the loop: steps, evaluations (`trial`), states (`state`, `keeping`), less at once in need
learn        Examples in, a verified model folder out: `export`, `parity`; `merging` for plain weights
"""
