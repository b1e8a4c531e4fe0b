"""The toys of test_lightning.py, made of the real packages."""

import importlib
import os

import torch

pl = importlib.import_module(os.environ["TOY"])


class Model(pl.LightningModule):
    def __init__(self, bad_batch=None):
        super().__init__()
        self.layer, self.bad_batch = torch.nn.Linear(2, 1), bad_batch

    def training_step(self, batch, index):
        if index == self.bad_batch:
            raise ValueError("mine")
        return self.layer(batch[0]).sum()

    def validation_step(self, batch, index):
        self.layer(batch[0])

    test_step = validation_step

    def predict_step(self, batch, index):
        return self.layer(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader(samples, batch_size):
    data = torch.utils.data.TensorDataset(torch.zeros(samples, 2), torch.zeros(samples))
    return torch.utils.data.DataLoader(data, batch_size=batch_size)


def trainer(callback, **more):
    return pl.Trainer(callbacks=[callback], logger=False, enable_checkpointing=False, accelerator="cpu",
                      enable_progress_bar=False, enable_model_summary=False, **more)  # fmt: skip
