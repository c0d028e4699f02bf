"""The package's version, alone here so that setup.py can read it without MXNet."""

__version__ = "0.1.0"
