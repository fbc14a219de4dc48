"""What a trial runs: a module a task with `run(case, context) -> TrialResult`."""
