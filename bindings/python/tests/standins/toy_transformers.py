"""The toys of test_transformers.py."""

import types

import transformers


class Model:
    bad = False


def trainer(callbacks, train, evaluate, rank=0, ranks=1, **more):
    """A Trainer over so many samples of three tokens, on the CPU, in batches of four."""
    arguments = dict(
        train_batch_size=4, eval_batch_size=4, world_size=ranks, local_process_index=rank, n_gpu=0, num_train_epochs=3,
        max_steps=-1, gradient_accumulation_steps=1, eval_strategy="no", eval_steps=None, bf16=False, fp16=False,
        include_num_input_tokens_seen=False, device=types.SimpleNamespace(type="cpu"),
        optim=types.SimpleNamespace(value="adamw_torch_fused"))  # fmt: skip
    arguments.update(more)
    return transformers.Trainer(Model(), types.SimpleNamespace(**arguments), range(train), range(evaluate), callbacks)


def rows(samples):
    return range(samples)
