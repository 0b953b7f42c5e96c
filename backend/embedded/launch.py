"""Become the server's account, promise to end with the parent, and turn into the server.

Run by file name with `python -I -S`, so it imports the standard library alone. Arguments: the parent's pid, the signal
that asks the server to stop, user id, group id (both -1: stay as we are), then the command.
The promise must come after the change of account, because the kernel forgets it there; that is why `subprocess` with
`user=` does not do.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process by the command."""
    parent, stop_signal, uid, gid = (int(value) for value in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the promise was made
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
