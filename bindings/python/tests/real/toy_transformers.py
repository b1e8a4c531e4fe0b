"""The toys of test_transformers.py, made of the real packages."""

import tempfile

import torch
import transformers


class Model(torch.nn.Module):
    main_input_name = "input_ids"

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.bad = False

    def forward(self, input_ids, labels=None):
        if self.bad:
            raise ValueError("mine")
        out = self.layer(input_ids.float().sum(1, keepdim=True))
        return {"loss": ((out[:, 0] - labels) ** 2).mean(), "logits": out}


class Rows(torch.utils.data.Dataset):
    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        return {"input_ids": torch.ones(3, dtype=torch.long), "labels": torch.tensor(0.0)}


def trainer(callbacks, train, evaluate, **more):
    """A Trainer over so many samples of three tokens, on the CPU, in batches of four."""
    arguments = transformers.TrainingArguments(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=4, per_device_eval_batch_size=4, report_to=[],
        save_strategy="no", use_cpu=True, disable_tqdm=True, logging_strategy="no", **more)  # fmt: skip
    return transformers.Trainer(
        model=Model(), args=arguments, train_dataset=Rows(train), eval_dataset=Rows(evaluate), callbacks=callbacks
    )


def rows(samples):
    return Rows(samples)
