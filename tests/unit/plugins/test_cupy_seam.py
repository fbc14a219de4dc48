"""The CuPy plugin's host side without a device: sources, signatures, launch sizes, the probe."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from seqbench_cupy import probe
from seqbench_cupy.launch import block_a_row, ceil_div, elementwise, warp_a_row
from seqbench_cupy.losses import fits_on_chip
from seqbench_cupy.runtime import DeviceProperties, Kernel
from seqbench_cupy.signature import Parameter, signature_of
from seqbench_cupy.sources import FOLDER, CudaSource, expression, source_text

from seqbench.interfaces import DtypeError, RangeError, ShapeError, UsageError

TEXT = """
template <typename T, typename Id>
__global__ void __launch_bounds__(256) pick(const T* __restrict__ x, const Id* ids, T* out,
                                            long long count, int V, T scale, bool all) {}
extern "C" __global__ void plain(unsigned char* bytes) {}
"""
H100 = DeviceProperties()


def pick():
    return signature_of(TEXT, "pick", ("float", "int"))


def arguments(**changed):
    given = {
        "x": np.zeros(4, np.float32),
        "ids": np.zeros(2, np.int32),
        "out": np.zeros(2, np.float32),
        "count": 2,
        "V": 4,
        "scale": 1.5,
        "all": True,
    } | changed
    return list(given.values())


def test_a_signature_is_read_with_its_template_arguments():
    assert pick().parameters == (
        Parameter("x", "float32", True),
        Parameter("ids", "int32", True),
        Parameter("out", "float32", True),
        Parameter("count", "int64", False),
        Parameter("V", "int32", False),
        Parameter("scale", "float32", False),
        Parameter("all", "bool", False),
    )
    assert signature_of(TEXT, "plain", ()).parameters == (Parameter("bytes", "uint8", True),)


def test_scalars_take_the_declared_type():
    checked = pick().checker(np.ndarray)(arguments())
    assert [type(a) for a in checked[3:]] == [np.int64, np.int32, np.float32, np.bool_]


def test_no_array_is_a_null_pointer():
    checked = pick().checker(np.ndarray)(arguments(out=None))
    assert checked[2] is None


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"x": np.zeros(4)}, DtypeError, "pick: x is float64, expected float32; cast it first"),
        ({"ids": [0, 1]}, DtypeError, "pick: ids is a builtins.list, expected a device array"),
        ({"x": np.zeros((4, 2), np.float32)[:, 0]}, ShapeError, "expected C-contiguous"),
        ({"V": 2**31}, RangeError, "pick: V is 2147483648, expected a whole number from"),
        ({"V": 1.5}, RangeError, "pick: V is 1.5, expected a whole number"),
    ],
)
def test_a_wrong_argument_is_told_before_the_launch(changed, error, told):
    with pytest.raises(error, match=told):
        pick().checker(np.ndarray)(arguments(**changed))


def test_the_number_of_arguments_is_checked():
    with pytest.raises(UsageError, match="pick: 1 arguments given, expected 7: x, ids, out"):
        pick().checker(np.ndarray)([1])


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("pock", (), r"no __global__ void pock\(...\) in this source"),
        ("pick", ("float",), "pick: 1 template arguments given, expected 2: T, Id"),
    ],
)
def test_a_kernel_that_is_not_there(name, given, told):
    with pytest.raises(UsageError, match=told):
        signature_of(TEXT, name, given)


def test_a_type_without_a_dtype_is_told():
    with pytest.raises(UsageError, match="no dtype is known for 'float4'"):
        signature_of("__global__ void k(float4* x) {}", "k", ())


def test_an_empty_grid_launches_nothing():
    launched = []
    signature = signature_of(TEXT, "plain", ())
    kernel = Kernel(lambda *given: launched.append(given), signature, np.ndarray)
    kernel((0,), (32,), np.zeros(0, np.uint8))
    assert not launched
    kernel((1,), (32,), np.zeros(1, np.uint8))
    assert launched[0][:2] == ((1,), (32,))


def test_an_empty_grid_is_checked_all_the_same():
    kernel = Kernel(lambda *given: None, signature_of(TEXT, "plain", ()), np.ndarray)
    with pytest.raises(DtypeError, match="plain: bytes is float64"):
        kernel((0,), (32,), np.zeros(0))


def test_includes_are_written_out_once_and_lines_stay():
    text = source_text("losses.cu")
    assert '#include "' not in text
    assert text.count('#line 1 "sq_common.cuh"') == 1
    own = text[text.rindex("#line") :].splitlines()
    number = int(own[0].split()[1])
    original = (source_file := source_path("losses.cu")).read_text().splitlines()
    assert own[1] == original[number - 1], source_file


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.cu")))
def test_every_line_is_numbered_as_in_its_file(file):
    """Among them those behind an include that was written out before."""
    for text in source_text(file).splitlines():
        if text.startswith("#line"):
            _, number, name = text.split()
            number, original = int(number) - 1, source_path(name.strip('"')).read_text()
        else:
            expected = original.splitlines()[number]
            assert text == expected or expected.lstrip().startswith("#include"), (name, number + 1)
            number += 1


def source_path(file):
    return FOLDER / file


def test_instances_are_named_as_cpp_names_them():
    source = CudaSource("losses.cu", {"k": (("float", "8"), ("double", "8")), "plain": ((),)})
    assert source.names == ("k<float, 8>", "k<double, 8>", "plain")
    assert expression("k", ()) == "k"


@pytest.mark.parametrize("count", [0, 1, 31, 33, 1000, 10**9])
def test_elementwise_covers_or_strides(count):
    (blocks,), (threads,) = elementwise(count, H100)
    assert blocks == min(ceil_div(count, threads), 8 * 132)
    assert blocks * threads >= min(count, 8 * 132 * threads)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 1000, 50257])
def test_a_block_a_row_is_whole_warps(length):
    grid, (threads,) = block_a_row(7, length, H100)
    assert grid == (7,)
    assert threads % 32 == 0
    assert 32 <= threads <= 1024
    assert threads == 1024 or threads * 4 >= length


@pytest.mark.parametrize("rows", [0, 1, 8, 9])
def test_a_warp_a_row(rows):
    assert warp_a_row(rows, H100) == ((ceil_div(rows, 8),), (256,))


def test_a_row_that_fits_on_chip():
    assert fits_on_chip(50257 * 4, H100.shared_bytes)
    assert not fits_on_chip(60000 * 4, H100.shared_bytes)


class Driver:
    """What the probe asks of libcuda."""

    def __init__(self, version=13000, status=0, count=1):
        self.version, self.status, self.count = version, status, count

    def cuDriverGetVersion(self, out):  # noqa: N802
        out._obj.value = self.version

    def cuInit(self, flags):  # noqa: N802
        return self.status

    def cuDeviceGetCount(self, out):  # noqa: N802
        out._obj.value = self.count


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        (Driver(), None),
        (Driver(version=12040), "the NVIDIA driver serves CUDA 12.4, this CuPy needs 13.x"),
        (Driver(status=999), "the NVIDIA driver cannot start \\(cuInit says 999\\)"),
        (Driver(status=100), "no CUDA device is visible"),
        (Driver(count=0), "no CUDA device is visible"),
    ],
)
def test_what_the_driver_says(driver, told):
    reason = probe.driver_reason(driver, 13)
    if told is None:
        assert reason is None
    else:
        assert np.char.find(reason, told.replace("\\", "")) == 0


def test_no_driver_at_all(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.delenv(probe.RUNTIME_VARIABLE, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", missing)
    monkeypatch.setattr(probe.importlib.util, "find_spec", lambda name: object())
    assert probe.reason().startswith("no NVIDIA driver")


def test_no_cupy(monkeypatch):
    monkeypatch.delenv(probe.RUNTIME_VARIABLE, raising=False)
    monkeypatch.setattr(probe.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'seqbench[cuda13]'" in probe.reason()


def test_another_runtime_needs_no_device(monkeypatch):
    monkeypatch.setenv(probe.RUNTIME_VARIABLE, "somewhere:Runtime")
    assert probe.reason() is None
