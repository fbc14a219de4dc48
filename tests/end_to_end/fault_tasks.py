"""Tasks that end in every way a task can end."""

import ctypes
import os
import signal
import subprocess
import sys
import time

from seqbench.interfaces import (
    OutOfMemory,
    PluginUnavailableError,
    Sample,
    TrialResult,
    UnsupportedError,
)


def fine(case, context):
    return TrialResult(samples=[Sample("bleu", case.params.get("value", 1.0), "point", "higher")])


def raises(case, context):
    raise ValueError("gate 3 is open\nsecond line")


def segfault(case, context):
    ctypes.string_at(0)


def hang(case, context):
    print("about to hang", flush=True)
    time.sleep(600)


def hang_with_child(case, context):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(f"grandchild {process.pid}", flush=True)
    time.sleep(600)


def leaves_child(case, context):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return TrialResult(notes={"pid": process.pid})


def hard_exit(case, context):
    os._exit(7)


def soft_exit(case, context):
    sys.exit(5)


def exit_zero(case, context):
    sys.exit()


def exit_text(case, context):
    sys.exit("nothing to do here")


def killed(case, context):
    os.kill(os.getpid(), signal.SIGKILL)


def terminated(case, context):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)


def kills_zygote(case, context):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def memory(case, context):
    raise MemoryError("nothing left")


def own_out_of_memory(case, context):
    raise OutOfMemory("beam: 3000 hypotheses need 9 GB, 2 GB are free; lower decoder.width")


def allocates(case, context):
    import numpy as np

    return TrialResult(notes={"total": float(np.ones(64 << 20, dtype=np.uint8)[-1])})


def unsupported(case, context):
    raise UnsupportedError("numpy.fused: cell/lstm: dtype float16 is not among float32")


def unavailable(case, context):
    raise PluginUnavailableError("backend torch: torch is not installed")


def ctrl_c(case, context):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)


def prints_garbage(case, context):
    print('{"result": {"samples": []}}\n{"exited": 1}')
    os.write(1, b"\xff\xfe\x00 not text")
    os.write(2, b'{"fault": 3}\n')
    return fine(case, context)


def wrong_type(case, context):
    return 3


def unwritable(case, context):
    return TrialResult(notes={"object": object()})


def large(case, context):
    return TrialResult(items={"counts": list(range(case.params["items"]))})


def numpy_values(case, context):
    import numpy as np

    return TrialResult(
        samples=[Sample("loss", np.float32(0.5), "nat")], items={"row": [np.arange(3)]}
    )


def environment(case, context):
    import numpy as np
    from threadpoolctl import threadpool_info

    product = np.ones((400, 400)) @ np.ones((400, 400))  # would hang in a broken thread pool
    names = ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    notes = {name: os.environ.get(name) for name in names}
    notes["threads"] = [pool["num_threads"] for pool in threadpool_info()]
    notes["core"] = [pool.get("architecture") for pool in threadpool_info()]
    notes["group"] = os.getpgrp() == os.getpid()
    notes["product"] = float(product[0, 0])
    notes["stdin"] = sys.stdin.read()
    return TrialResult(notes=notes)


def reports(case, context):
    context.report(0.25, "epoch 1")
    context.report(0.5, "too soon to be told")
    return fine(case, context)


def slow(case, context):
    time.sleep(case.params["sleep_s"])
    return fine(case, context)


def builds(case, context):
    """Appends a line to `log` each time the artifact is really built."""
    import numpy as np

    def build():
        with open(case.params["log"], "a") as log:
            log.write("built\n")
        time.sleep(0.3)
        return {"weight": np.arange(6.0).reshape(2, 3)}, {"epochs": 2}

    bundle = context.artifacts.get_or_build(case.params["artifact"], build)
    return TrialResult(artifact=bundle.digest)


def needs(case, context):
    (key,) = context.trial.needs
    weight = context.artifacts.load(key).params["weight"]
    return TrialResult(samples=[Sample("total", float(weight.sum()), "1")])
