"""Stands in for transformers: the events in the order and with the arguments of 5.24's Trainer, on one process."""

import math
import types

__version__ = "5.0"
EVENTS = ("init_end train_begin train_end epoch_begin epoch_end step_begin pre_optimizer_step optimizer_step substep_end "
          "step_end evaluate predict save log prediction_step").split()  # fmt: skip


class TrainerCallback:
    pass


for event in EVENTS:
    setattr(TrainerCallback, "on_" + event, lambda self, args, state, control, **kwargs: None)


class DefaultFlowCallback(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if args.eval_strategy == "steps" and state.global_step % args.eval_steps == 0:
            control.should_evaluate = True
        if 0 < args.max_steps <= state.global_step:
            control.should_training_stop = True
        return control

    def on_epoch_end(self, args, state, control, **kwargs):
        control.should_evaluate = args.eval_strategy == "epoch"
        return control


class Loader:
    def __init__(self, dataset, batch_size):
        self.dataset, self.batch_size = dataset, batch_size

    def __len__(self):
        return math.ceil(len(self.dataset) / self.batch_size)


class Trainer:
    def __init__(self, model, args, train_dataset, eval_dataset, callbacks):
        self.model, self.args, self.train_dataset, self.eval_dataset = model, args, train_dataset, eval_dataset
        self.callbacks = [DefaultFlowCallback(), *(c() if isinstance(c, type) else c for c in callbacks)]
        self.state = types.SimpleNamespace(epoch=None, global_step=0, num_input_tokens_seen=0)
        self.control = types.SimpleNamespace(should_evaluate=False, should_training_stop=False)
        self.loaders = {"train_dataloader": None, "eval_dataloader": None}
        self._tell("init_end")

    def add_callback(self, callback):
        self.callbacks.append(callback)

    def _tell(self, event, **more):
        for callback in self.callbacks:
            answer = getattr(callback, "on_" + event)(
                self.args, self.state, self.control, model=self.model, **self.loaders, **more
            )
            if answer is not None:
                self.control = answer

    def train(self):
        loader = self.loaders["train_dataloader"] = Loader(self.train_dataset, self.args.train_batch_size)
        self.state.epoch, self.control.should_training_stop = 0, False
        self._tell("train_begin")
        for epoch in range(self.args.num_train_epochs):
            self._epoch(epoch, loader)
            if self.control.should_training_stop:
                break
        self._tell("train_end")

    def _epoch(self, epoch, loader):
        accumulate = self.args.gradient_accumulation_steps
        self._tell("epoch_begin")
        for batch in range(len(loader)):
            if batch % accumulate == 0:
                self._tell("step_begin")
            if self.model.bad:
                raise ValueError("mine")
            if self.args.include_num_input_tokens_seen:
                samples = min(loader.batch_size, len(loader.dataset) - batch * loader.batch_size)
                self.state.num_input_tokens_seen += 3 * samples * self.args.world_size
            if (batch + 1) % accumulate and batch + 1 < len(loader):
                self._tell("substep_end")
                continue
            self._tell("optimizer_step")
            self.state.global_step += 1
            self.state.epoch = epoch + (batch + 1) / len(loader)
            self._tell("step_end")
            self._evaluate_if_due()
            if self.control.should_training_stop:
                break
        self._tell("epoch_end")
        self._evaluate_if_due()

    def _evaluate_if_due(self):
        if self.control.should_evaluate:
            self.evaluate()
            self.control.should_evaluate = False

    def _loop(self, dataset):
        loader = self.loaders["eval_dataloader"] = Loader(dataset, self.args.eval_batch_size)
        for _ in range(len(loader)):
            if self.model.bad:
                raise ValueError("mine")
            self._tell("prediction_step")

    def evaluate(self, eval_dataset=None):
        self._loop(self.eval_dataset if eval_dataset is None else eval_dataset)
        self._tell("log", logs={})
        self._tell("evaluate", metrics={})

    def predict(self, test_dataset):
        self._loop(test_dataset)
        self._tell("predict", metrics={})
        return "predictions"
