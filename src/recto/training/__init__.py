"""Training: the only code that trains. `improve` is the whole job; `ctc` the way the CPU engine learns."""
