"""The Lightning callback, on a stand-in for the trainer or on the real one (NODEWATT_FRAMEWORKS=real)."""

import unittest

from support import REAL, trained

SAMPLES = ["work 4 sample train", "work 4 sample train", "work 2 sample train"]
FIT = """
    import toy_lightning as toy, nodewatt.lightning
    callback = nodewatt.lightning.PhaseCallback()
    trainer, model = toy.trainer(callback, max_epochs=2), toy.Model()
"""


def validation(name="validation"):
    return [f"begin {name}", f"work 4 sample {name}", f"work 2 sample {name}", f"end {name}"]


class Lightning(unittest.TestCase):
    def test_everything_under_both_names(self):
        for framework in "lightning.pytorch", "pytorch_lightning":
            with self.subTest(framework):
                lines, settings = trained(
                    FIT
                    + """
    trainer.fit(model, toy.loader(10, 4), toy.loader(6, 4))
    trainer.validate(model, toy.loader(6, 4))
    trainer.test(model, toy.loader(6, 4))
    trainer.predict(model, toy.loader(6, 4))
    """,
                    framework,
                )
                epoch = ["begin epoch", *SAMPLES, *validation(), "end epoch", "work 1 epoch train"]
                fit = ["begin sanity_check", "end sanity_check", "begin train", *epoch, *epoch, "end train"]
                self.assertEqual(lines, [*fit, *validation(), *validation("test"), *validation("predict")])
                wanted = {"model": "Model", "device": "cpu", "devices": "1", "precision": "32-true", "batch_size": "4"}
                wanted["strategy"] = "SingleDeviceStrategy"
                self.assertEqual({key: settings.get(key) for key in wanted}, wanted)
                self.assertEqual(settings.keys() - wanted.keys() - {"torch"}, {"lightning", "python"})

    def test_both_names_loaded(self):
        lines, _ = trained(
            """
            import lightning.pytorch, pytorch_lightning, nodewatt.lightning, pickle
            callback = nodewatt.lightning.PhaseCallback()
            assert isinstance(callback, lightning.pytorch.Callback) and isinstance(callback, pytorch_lightning.Callback)
            assert type(pickle.loads(pickle.dumps(callback))) is type(callback)
            """,
            "pytorch_lightning",
        )
        self.assertEqual(lines, [])

    def test_an_exception_ends_what_is_open(self):
        lines, _ = trained(
            FIT
            + """
    try: trainer.fit(toy.Model(bad_batch=1), toy.loader(10, 4))
    except ValueError as error: assert str(error) == "mine"
    import nodewatt
    with nodewatt.phase("after"): pass
    trainer = toy.trainer(callback, max_epochs=1)
    trainer.fit(model, toy.loader(4, 4))
    """,
            "lightning.pytorch",
        )
        self.assertEqual(lines[:3] + lines[3:4], ["begin train", "begin epoch", "work 4 sample train", "end train"])
        self.assertEqual(lines[4:6], ["begin after", "end after"])
        self.assertEqual(lines[6:8], ["begin train", "begin epoch"])
        self.assertEqual(lines[-1], "end train")

    def test_a_part_of_an_epoch_and_a_count_of_ones_own(self):
        lines, settings = trained(
            """
            import toy_lightning as toy, nodewatt.lightning
            callback = nodewatt.lightning.PhaseCallback(samples=lambda batch: 100)
            trainer = toy.trainer(callback, max_epochs=1, limit_train_batches=2)
            trainer.fit(toy.Model(), toy.loader(10, 4))
            """,
            "lightning.pytorch",
        )
        work = ["work 100 sample train"] * 2
        self.assertEqual(lines, ["begin train", "begin epoch", *work, "end epoch", "work 1 epoch train", "end train"])
        self.assertEqual(settings["batch_size"], "100")

    @unittest.skipIf(REAL, "the stand-in plays several ranks in one process")
    def test_of_a_nodes_ranks_the_first_marks_for_all(self):
        program = FIT.replace("max_epochs=2", "max_epochs=1, rank={}, devices=4") + "    trainer.fit(model, toy.loader(6, 4))"
        lines, settings = trained(program.format(0), "lightning.pytorch")
        self.assertEqual(lines[2:4], ["work 16 sample train", "work 8 sample train"])
        self.assertEqual((settings["devices"], settings["batch_size"]), ("4", "4"))
        self.assertEqual(trained(program.format(1), "lightning.pytorch"), ([], {}))

    @unittest.skipIf(REAL, "the stand-in's trainer lacks what ours looks for")
    def test_an_unknown_trainer_is_left_alone(self):
        lines, _ = trained(
            FIT
            + """
    class Odd:
        def __getattribute__(self, name): raise RuntimeError(name)
    for hook in dir(callback):
        if hook.startswith("on_") or hook == "teardown":
            getattr(callback, hook)(Odd(), Odd(), Odd(), Odd(), Odd())
    """,
            "lightning.pytorch",
        )
        self.assertEqual(lines, [])


class Batches(unittest.TestCase):
    def test_samples_in(self):
        from nodewatt._callback import samples_in

        class Tensor:
            def __init__(self, *shape):
                self.shape = shape

        cases = [
            ([Tensor(8, 3), Tensor(8)], None, 8),
            ({"x": Tensor(8, 3), "n": Tensor()}, 4, 4),
            ((Tensor(5, 3), {"a": [Tensor(5)]}), 8, 5),
            ([Tensor(3, 64, 64), Tensor(4, 4)], 2, 2),  # uncollated images: no common extent, the loader's counts
            ([Tensor(3, 64, 64), Tensor(4, 4)], None, None),
            (["a", "b", "c"], None, 3),
            ([["a", "b"], Tensor(2)], None, 2),
            (Tensor(), None, None),
            (None, None, None),
            ([], None, None),
            (object(), "odd", None),
        ]
        for batch, most, wanted in cases:
            self.assertEqual(samples_in(batch, most), wanted, (batch, most))


if __name__ == "__main__":
    unittest.main()
