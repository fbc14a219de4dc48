"""What a trial runs: one function a task, `(case, context) -> TrialResult`."""

TASKS = {
    "train": "seqbench.experiments.tasks.train:run",
    "translate": "seqbench.experiments.tasks.translate:run",
    "cell_cost": "seqbench.experiments.tasks.cell_cost:run",
}
