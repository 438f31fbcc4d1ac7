"""The tiny model: DeepSeek-OCR-2 in its true architecture, with half a million random parameters.

It reads nothing. It is there so that everything that a real model goes through (loading, preparing, training,
generating, adapters, serving) runs for real on any laptop, in tests, in `recto doctor` and in the CPU recipe.
Pictures stay as large as for the real one (768 and 1024 px): the architecture has a fixed number of queries.
"""

from collections.abc import Iterable
from pathlib import Path

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

from recto.engines.vlm.packages import torch, transformers

BEGIN, END, PAD, IMAGE = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>", "<image>"
SPECIAL_TOKENS = (
    BEGIN, END, PAD, IMAGE, "<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>",
    "<|User|>", "<|Assistant|>", "<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>",
)  # fmt: skip
TEXTS = (
    "Receipt No. 4711  12.03.2026  2 x 3.50 = 7.00 EUR  TOTAL 18.99  VAT 19% 3.03  CASH 20.00 CHANGE 1.01",
    "Invoice INV-2026-0815  Due date 2026-04-01  Amount due: $1,234.56  Bill to: Example Ltd, 5 Main Street",
    "This Agreement is made on 1 January 2026 between the Seller and the Buyer, who agree as follows:",
    "Rechnung Nr. 23  Größe  Straße  Mehrwertsteuer  Gesamtbetrag 99,90 €  Facture n° 12  Total à payer",
    "# Title\n\n| Item | Price |\n|---|---|\n| Coffee | 2.80 |\n",
    "Convert the document to markdown. OCR this image. Free OCR. Parse the figure. Describe this image.",
)
"""What the tokenizer learns its words from, where nothing else is given."""

_VOCABULARY = 512


def build_tiny(folder: Path, *, seed: int = 0, texts: Iterable[str] = TEXTS) -> Path:
    """Write the tiny model into `folder`, as transformers saves any other, and return it.

    The same `seed` and `texts` give the same weights. The global random state is left as it was.
    """
    tokenizer = tiny_tokenizer(texts)
    config = tiny_config(tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.DeepseekOcr2ForConditionalGeneration(config)
    model.generation_config.pad_token_id = config.text_config.pad_token_id
    model.generation_config.eos_token_id = config.text_config.eos_token_id
    model.generation_config.bos_token_id = config.text_config.bos_token_id
    processor = transformers.DeepseekOcr2Processor(transformers.DeepseekOcr2ImageProcessorPil(), tokenizer)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def tiny_tokenizer(
    texts: Iterable[str] = TEXTS, vocabulary: int = _VOCABULARY
) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE over `texts`: it can write whatever there is, and has the marks of the real one."""
    model = tokenizers.Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    model.train_from_iterator(texts, trainer)
    begin = model.token_to_id(BEGIN)
    model.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, begin)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=model,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[IMAGE],
        clean_up_tokenization_spaces=False,
    )


def tiny_config(tokenizer: transformers.PreTrainedTokenizerBase) -> transformers.DeepseekOcr2Config:
    """The sizes: two layers of everything, four experts of which two answer, the first text layer dense.

    Vision layers as near to nothing as the configuration's defaults see all pages alike; these don't.
    """
    sam = {
        "hidden_size": 32, "output_channels": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "global_attn_indexes": [1], "downsample_channels": [32, 64], "initializer_range": 0.1,
    }  # fmt: skip
    encoder = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 8, "initializer_range": 0.3,
    }  # fmt: skip
    text = {
        "hidden_size": 64, "intermediate_size": 128, "moe_intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "n_routed_experts": 4, "n_shared_experts": 1,
        "num_experts_per_tok": 2, "mlp_layer_types": ["dense", "sparse"], "vocab_size": len(tokenizer),
        "max_position_embeddings": 8192, "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    return transformers.DeepseekOcr2Config(
        vision_config={"sam_config": sam, "encoder_config": encoder},
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE),
        dtype="float32",
    )
