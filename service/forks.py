"""A process that has imported a module and answers each question in a fork of its own, which then ends.

Run as ``python -m service.forks MODULE`` by ``service.child.Warm``, with a socket as standard input. What a
question leaves behind goes with its fork: no answer can tell anything of another question.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys

from service import confinement

#: It ends when it was not asked anything for so long; the next question begins another.
IDLE_S = 900
MOST_ORDER_BYTES = 4096
#: Standard input, output and error of a fork.
FILES = 3


def main(name: str) -> None:
    """Answer with the module's ``main`` until nobody asks any more."""
    asked = socket.socket(fileno=os.dup(0))
    asked.settimeout(IDLE_S)
    module = importlib.import_module(name)
    module.prepare()
    gc.freeze()  # to look for garbage in what forks share would copy it
    while True:
        try:
            order, files, _, _ = socket.recv_fds(asked, MOST_ORDER_BYTES, FILES)
        except TimeoutError:
            return
        if not order:
            return
        pid = os.fork()
        if not pid:
            try:
                asked.close()
                for standard, file in enumerate(files):
                    os.dup2(file, standard)
                    os.close(file)
                confinement.answer(module.main, json.loads(order))
            finally:
                os._exit(1)
        for file in files:
            os.close(file)
        status = _ended(pid, asked)
        try:
            asked.send(str(os.waitstatus_to_exitcode(status)).encode())
        except BrokenPipeError:
            return


def _ended(pid: int, asked: socket.socket) -> int:
    """Return how a fork ended; where whoever asked is gone meanwhile, it is ended."""
    watch = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([watch, asked.fileno()], [], [])  # nothing is sent before the answer
        if watch not in ready:
            os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]
    finally:
        os.close(watch)


if __name__ == "__main__":
    main(sys.argv[1])
