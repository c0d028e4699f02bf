"""Packaging: ranges of versions here, one tested set of them in constraints.txt."""

import os
import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent


def version() -> str:
    """Read ``__version__`` as text: importing the package would need MXNet."""
    text = (HERE / "gluon_pix2pix" / "version.py").read_text(encoding="utf-8")
    return re.search(r'__version__ = "([^"]+)"', text).group(1)


def mxnet_requirement() -> list:
    """Name the one distribution of MXNet to require.

    The CUDA builds (``mxnet-cu112``, ``mxnet-cu117``) are distributions of their own
    that install the same ``mxnet`` folder. Were ``mxnet`` required beside one of them,
    pip would install both and the second would overwrite the first, so the environment
    variable GLUON_PIX2PIX_MXNET *replaces* the requirement::

        GLUON_PIX2PIX_MXNET=mxnet-cu117==1.9.1 pip install -c constraints.txt -e .

    ``none`` requires no MXNet at all, for a build of one's own.
    """
    wanted = os.environ.get("GLUON_PIX2PIX_MXNET", "").strip()
    if wanted == "none":
        return []
    if wanted and not re.match(r"mxnet(?![a-z])", wanted):
        raise SystemExit(
            f"GLUON_PIX2PIX_MXNET={wanted!r} names no distribution of MXNet. Use "
            "mxnet==1.9.1 (CPU), mxnet-cu112==1.9.1, mxnet-cu117==1.9.1, or none."
        )
    return [wanted or "mxnet==1.9.1"]


setup(
    name="gluon-pix2pix",
    version=version(),
    description="A course on image-to-image translation with Apache MXNet Gluon",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=["gluon_pix2pix", "gluon_pix2pix.doctor", "gluon_pix2pix.toys"],
    # MXNet 1.9.1 needs NumPy 1, whose last version has no wheels for Python 3.13.
    python_requires=">=3.10,<3.13",
    install_requires=[
        *mxnet_requirement(),
        # From 1.24 on NumPy lacks np.bool, which MXNet reads as it loads; runtime.py
        # puts it back. Older Pythons take 1.23, where `import mxnet` works by itself.
        'numpy>=1.23.5,<1.24; python_version < "3.12"',
        'numpy>=1.26,<2; python_version >= "3.12"',
        # Python 3.12 dropped distutils, which MXNet imports; setuptools brings it.
        'setuptools>=65,<85; python_version >= "3.12"',
        "filelock>=3.12",
        "matplotlib>=3.7",
        "numba>=0.59",
        "pillow>=10.1",
        "pygments>=2.15",
        "requests>=2.32",
        # The last two to take the NumPy 1.23 of Pythons before 3.12.
        "scikit-image>=0.22,<0.25",
        "scikit-learn>=1.3,<1.8",
        "scipy>=1.11",
        "threadpoolctl>=3.1",
        "tqdm>=4.65",
        "urllib3>=2",
    ],
    extras_require={
        "notebooks": ["ipyevents>=2.0.4", "ipykernel>=6.25", "ipywidgets>=8",
                      "jupyterlab>=4"],
        "tests": [
            "ipykernel>=6.25",
            "nbformat>=5.9",
            "nbstripout>=0.7",
            "nbval>=0.11",
            "packaging>=23",
            "pytest>=8",
            "pytest-timeout>=2.2",
            "pyyaml>=6",
            "ruff>=0.6",
        ],
        # What benchmarks/ compares with; the package never imports it.
        "benchmarks": ["torch>=2"],
        # MXNet's exporter stops working with onnx 1.17.
        "onnx": ["onnx>=1.13,<1.17", "onnxruntime>=1.18,<1.20"],
        "tensorboard": ["tensorboard>=2.21"],
    },
    entry_points={"console_scripts": ["gluon-pix2pix = gluon_pix2pix.cli:main"]},
    classifiers=[
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
