"""Stands in for Keras 3: the callbacks' calls in the order and with the arguments of 3.15's trainers."""

import math
import types

from keras import callbacks

__version__ = "3.0"
config = types.SimpleNamespace(backend=lambda: "numpy")


class Model:
    name = "toy"
    dtype_policy = types.SimpleNamespace(name="float32")

    def _tell(self, listeners, event, *arguments):
        for listener in listeners:
            getattr(listener, "on_" + event)(*arguments, logs={})

    def _begin(self, listeners, samples, batch_size, epochs=1):
        for listener in listeners:
            listener.set_params({"verbose": 0, "epochs": epochs, "steps": math.ceil(samples / batch_size)})
            listener.set_model(self)
        return range(math.ceil(samples / batch_size))

    def fit(self, x, y, batch_size, epochs, callbacks, verbose=0, validation_data=None):
        steps = self._begin(callbacks, len(x), batch_size, epochs)
        self._tell(callbacks, "train_begin")
        for epoch in range(epochs):
            self._tell(callbacks, "epoch_begin", epoch)
            for step in steps:
                self._tell(callbacks, "train_batch_begin", step)
                self._tell(callbacks, "train_batch_end", step)
            if validation_data:
                self._test(callbacks, range(math.ceil(len(validation_data[0]) / batch_size)))
            self._tell(callbacks, "epoch_end", epoch)
        self._tell(callbacks, "train_end")

    def _test(self, callbacks, steps):
        self._tell(callbacks, "test_begin")
        for step in steps:
            self._tell(callbacks, "test_batch_begin", step)
            self._tell(callbacks, "test_batch_end", step)
        self._tell(callbacks, "test_end")

    def evaluate(self, x, y, batch_size, callbacks, verbose=0):
        self._test(callbacks, self._begin(callbacks, len(x), batch_size))

    def predict(self, x, batch_size, callbacks, verbose=0):
        steps = self._begin(callbacks, len(x), batch_size)
        self._tell(callbacks, "predict_begin")
        for step in steps:
            self._tell(callbacks, "predict_batch_begin", step)
            self._tell(callbacks, "predict_batch_end", step)
        self._tell(callbacks, "predict_end")
