"""How nbval compares the notebooks; read by pytest alone, never by a notebook."""

# What native code writes to stderr reaches a notebook that runs in Jupyter, but not one
# that runs under pytest. A drawing's SVG differs from one matplotlib to the next.
NOT_COMPARED = ("stderr", "image/svg+xml")


def pytest_collectstart(collector) -> None:
    """Add to what nbval leaves out of the comparison in each notebook."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += NOT_COMPARED
