"""`python -m di`, the same as the console script `di`."""

import sys

from di._command import main

sys.exit(main())
