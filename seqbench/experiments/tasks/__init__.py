"""What a trial runs: one function a task, `(case, context) -> TrialResult`."""

TASKS = {
    "train": "seqbench.experiments.tasks.train:run",
    "translate": "seqbench.experiments.tasks.translate:run",
    "train_classifier": "seqbench.experiments.tasks.train_classifier:run",
    "classify": "seqbench.experiments.tasks.classify:run",
    "train_captioner": "seqbench.experiments.tasks.train_captioner:run",
    "caption": "seqbench.experiments.tasks.caption:run",
    "cell_cost": "seqbench.experiments.tasks.cell_cost:run",
}
