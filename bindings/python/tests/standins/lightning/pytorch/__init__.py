"""Stands in for lightning.pytorch: the hooks in the order and with the arguments of Lightning 2.6's Trainer."""

import types

__version__ = "2.0"


class Callback:
    """No hook of the base does anything; setup and teardown get their stage by name."""

    def __getattr__(self, name):
        if name.startswith("on_") or name in ("setup", "teardown"):
            return lambda *_, **__: None
        raise AttributeError(name)


class Trainer:
    def __init__(self, callbacks, max_epochs=1, num_sanity_val_steps=2, limit_train_batches=None, rank=0, devices=1):
        self.callbacks, self.max_epochs, self.limit = callbacks, max_epochs, limit_train_batches
        self.num_sanity_val_steps, self.local_rank, self.num_devices = num_sanity_val_steps, rank, devices
        self.sanity_checking, self.accumulate_grad_batches, self.precision = False, 1, "32-true"
        self.train_dataloader = self.val_dataloaders = self.test_dataloaders = self.predict_dataloaders = None
        self.strategy = SingleDeviceStrategy()

    def _call(self, hook, *arguments, **named):
        for callback in self.callbacks:
            getattr(callback, hook)(self, self.module, *arguments, **named)

    def _run(self, module, stage, loop):
        self.module = module
        self._call("setup", stage=stage)
        try:
            loop()
        except BaseException as error:
            self._call("on_exception", error)
            raise
        self._call("teardown", stage=stage)

    def fit(self, module, train, val=None):
        self.train_dataloader, self.val_dataloaders = train, val
        self.num_training_batches = min(self.limit or len(train), len(train))
        self._run(module, "fit", self._fit)

    def _fit(self):
        if self.val_dataloaders is not None and self.num_sanity_val_steps:
            self.sanity_checking = True
            self._call("on_sanity_check_start")
            self._evaluate("validation", self.val_dataloaders, self.num_sanity_val_steps)
            self._call("on_sanity_check_end")
            self.sanity_checking = False
        self._call("on_train_start")
        for _ in range(self.max_epochs):
            self._call("on_train_epoch_start")
            for index, batch in enumerate(self.train_dataloader):
                if index == self.num_training_batches:
                    break
                self._call("on_train_batch_start", batch, index)
                output = self.module.training_step(batch, index)
                self._call("on_train_batch_end", output, batch, index)
            if self.val_dataloaders is not None:
                self._evaluate("validation", self.val_dataloaders)
            self._call("on_train_epoch_end")
        self._call("on_train_end")

    def _evaluate(self, name, loader, most=None):
        self._call(f"on_{name}_start")
        self._call(f"on_{name}_epoch_start")
        for index, batch in enumerate(loader):
            if index == most:
                break
            self._call(f"on_{name}_batch_start", batch, index)
            self._call(f"on_{name}_batch_end", None, batch, index)
        self._call(f"on_{name}_epoch_end")
        self._call(f"on_{name}_end")

    def validate(self, module, loader):
        self.val_dataloaders = loader
        self._run(module, "validate", lambda: self._evaluate("validation", loader))

    def test(self, module, loader):
        self.test_dataloaders = loader
        self._run(module, "test", lambda: self._evaluate("test", loader))

    def predict(self, module, loader):
        self.predict_dataloaders = loader
        self._run(module, "predict", lambda: self._evaluate("predict", loader))


class SingleDeviceStrategy:
    root_device = types.SimpleNamespace(type="cpu")
