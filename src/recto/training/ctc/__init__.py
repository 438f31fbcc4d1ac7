"""Fine-tuning of the CPU engine's line recogniser with CTC."""
