"""A training as event files for TensorBoard, where its extra is installed."""

from __future__ import annotations

import math
import time
from pathlib import Path

from .pictures import picture_size


class Board:
    """Write what a training reports into ``<run>/tensorboard/``.

    ``tensorboard --logdir runs`` shows all runs in a browser, one beside the other. A
    training that is resumed writes a file of its own, which hides those steps of
    earlier files that it goes through again.

    Parameters
    ----------
    run : str or Path
        The run's folder.

    Raises
    ------
    ImportError
        If the extra is not installed.
    """

    def __init__(self, run: str | Path):
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError:
            raise ImportError(
                "Files for TensorBoard need an extra of this package: "
                '`pip install -c constraints.txt -e ".[tensorboard]"`.'
            ) from None
        self.folder = Path(run) / "tensorboard"
        self._events, self._summaries = event_pb2, summary_pb2
        self._open, self._writer = EventFileWriter, None

    def update(self, report, val_l1: float | None = None,
               variety: float | None = None, samples: str | Path | None = None,
               warnings=(), **measured: float) -> None:
        """Add a report; at an epoch's end all is on disk when this returns.

        Parameters
        ----------
        report : Report
            As `fit` yields it.
        val_l1, variety : float, optional
            Measured on held-out pairs, where they were.
        samples : str or Path, optional
            A PNG file to show, such as ``run.sample_path(report.epoch)``.
        warnings : sequence of HealthWarning
            The new ones.
        **measured : float
            What else was, as `RunFolder.log` takes it.

        Raises
        ------
        OSError
            If an earlier report could not be written.
        """
        if self._writer is None:
            self._writer = self._open(str(self.folder))
            restart = self._events.SessionLog(status=self._events.SessionLog.START)
            self._add(report.iteration, session_log=restart)
        scalars = {
            **{f"training/{name}": value for name, value in report.losses.items()},
            "training/learning_rate": report.learning_rate,
            "training/images_per_second": report.images_per_second,
            **{f"validation/{name.removeprefix('val_')}": value for name, value in
               {"l1": val_l1, "variety": variety, **measured}.items()}}
        values = [{"tag": tag, "simple_value": value} for tag, value in scalars.items()
                  if value is not None and not math.isnan(value)]
        if samples is not None:
            values.append({"tag": "samples", "image": self._image(Path(samples))})
        values += [self._text("warnings", str(warning)) for warning in warnings]
        summary = self._summaries.Summary
        self._add(report.iteration,
                  summary=summary(value=[summary.Value(**value) for value in values]))
        if report.epoch_ends:
            self._writer.flush()

    def _add(self, step, **what):
        self._writer.add_event(
            self._events.Event(wall_time=time.time(), step=step, **what))

    def _image(self, path):
        width, height = picture_size(path)
        return self._summaries.Summary.Image(
            width=width, height=height, encoded_image_string=path.read_bytes())

    def _text(self, tag, text):
        from tensorboard.compat.proto import tensor_pb2, types_pb2
        from tensorboard.plugins.text.metadata import create_summary_metadata

        return {"tag": tag, "metadata": create_summary_metadata("", ""),
                "tensor": tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING,
                                                 string_val=[text.encode()])}

    def close(self) -> None:
        """Write what is left, and let go of the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_) -> None:
        self.close()
