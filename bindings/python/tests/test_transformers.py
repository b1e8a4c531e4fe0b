"""The Hugging Face callback, on a stand-in for the Trainer or on the real one (NODEWATT_FRAMEWORKS=real)."""

import unittest

from support import REAL, trained

SAMPLES = ["work 4 sample train", "work 4 sample train", "work 2 sample train"]
VALIDATION = ["begin validation", "work 4 sample validation", "work 2 sample validation", "end validation"]


def trained_with(arguments, then="", watch=False, setup=""):
    """Trains on 10 samples, evaluates 6."""
    callbacks = "[]" if watch else "[nodewatt.transformers.PhaseCallback()]"
    return trained(
        f"import toy_transformers as toy, nodewatt, nodewatt.transformers\n{setup}\n"
        f"trainer = toy.trainer({callbacks}, 10, 6, {arguments})\n"
        + ("assert nodewatt.transformers.watch(trainer) is trainer\n" if watch else "")
        + (then or "trainer.train()"),
        "transformers",
    )


class Transformers(unittest.TestCase):
    def test_validation_after_each_epoch_and_tokens(self):
        lines, settings = trained_with('num_train_epochs=2, eval_strategy="epoch", include_num_input_tokens_seen=True')
        work = ["work 4 sample train", "work 12 token train"] * 2 + ["work 2 sample train", "work 6 token train"]
        epoch = ["begin epoch", *work, "end epoch", "work 1 epoch train", *VALIDATION]
        self.assertEqual(lines, ["begin train", *epoch, *epoch, "end train"])
        wanted = {"model": "Model", "device": "cpu", "devices": "1", "precision": "fp32", "batch_size": "4"}
        self.assertEqual({key: settings.get(key) for key in wanted}, wanted)
        self.assertEqual(settings.keys() - wanted.keys() - {"torch", "accelerate"}, {"transformers", "python", "optimizer"})

    def test_validation_after_steps_and_a_part_of_an_epoch(self):
        lines, _ = trained_with('max_steps=4, eval_strategy="steps", eval_steps=2')
        self.assertEqual(
            lines,
            ["begin train", "begin epoch", *SAMPLES[:2], *VALIDATION, SAMPLES[2], "end epoch", "work 1 epoch train"]
            + ["begin epoch", SAMPLES[0], *VALIDATION, "end epoch", "work 0.333333 epoch train", "end train"],
        )

    def test_gradient_accumulation(self):
        lines, settings = trained_with("num_train_epochs=1, gradient_accumulation_steps=2")
        self.assertEqual(lines, ["begin train", "begin epoch", *SAMPLES, "end epoch", "work 1 epoch train", "end train"])
        self.assertEqual(settings["accumulate"], "2")

    def test_by_themselves_evaluate_and_predict_are_marked_by_watch_alone(self):
        alone = "trainer.evaluate(); trainer.predict(toy.rows(5))"
        self.assertEqual(trained_with("num_train_epochs=1", alone)[0], [])
        lines, settings = trained_with("num_train_epochs=1", alone, watch=True)
        predict = ["begin predict", "work 4 sample predict", "work 1 sample predict", "end predict"]
        self.assertEqual(lines, [*VALIDATION, *predict])
        self.assertEqual(settings["batch_size"], "4")

    def test_watched_training_marks_each_validation_once(self):
        lines, _ = trained_with('num_train_epochs=1, eval_strategy="epoch"', watch=True)
        self.assertEqual(
            lines, ["begin train", "begin epoch", *SAMPLES, "end epoch", "work 1 epoch train", *VALIDATION, "end train"]
        )

    def test_exceptions(self):
        failing = """
trainer.model.bad = True
for method in (lambda: trainer.predict(toy.rows(5))), trainer.evaluate, trainer.train:
    try: method()
    except ValueError as error: assert str(error) == "mine"
    else: raise SystemExit("swallowed")
with nodewatt.phase("after"): pass
"""
        lines, _ = trained_with("num_train_epochs=1", failing, watch=True)
        ends = [line for line in lines if line.startswith("end") or line == "begin after"]
        self.assertEqual(ends, ["end predict", "end validation", "end train", "begin after", "end after"])
        again = "trainer.model.bad = True\ntry: trainer.train()\nexcept ValueError: pass\ntrainer.model.bad = False\ntrainer.train()"
        lines, _ = trained_with("num_train_epochs=1", again)
        begun = ["begin train", "begin epoch"]
        self.assertEqual(lines, [*begun, "end train", *begun, *SAMPLES, "end epoch", "work 1 epoch train", "end train"])

    @unittest.skipIf(REAL, "the stand-in plays several ranks in one process")
    def test_of_a_nodes_ranks_the_first_marks_for_all(self):
        node = "import os; os.environ['LOCAL_WORLD_SIZE'] = '2'"  # two nodes of two ranks: the node sees half of ten samples
        arguments = "num_train_epochs=1, ranks=4, rank={}, include_num_input_tokens_seen=True"
        lines, settings = trained_with(arguments.format(0), setup=node)
        self.assertEqual([line for line in lines if "sample" in line], ["work 5 sample train"])
        self.assertEqual(lines.count("work 24 token train"), 2)  # 4 x 3 tokens a rank
        self.assertEqual(settings["devices"], "2")
        self.assertEqual(trained_with(arguments.format(1), setup=node), ([], {}))


if __name__ == "__main__":
    unittest.main()
