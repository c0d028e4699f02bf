"""``python -m gluon_pix2pix``: the same command line as ``gluon-pix2pix``."""

import sys

from gluon_pix2pix.cli import main

if __name__ == "__main__":
    sys.exit(main())
