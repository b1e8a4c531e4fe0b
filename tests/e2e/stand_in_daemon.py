#!/usr/bin/env python3
"""A stand-in for nodewattd at ./sock, for what Slurm's hooks say to it. There is a file ./ready when it can be asked.

usage: stand_in_daemon.py answers      prints each request, a line, and answers that it is done
       stand_in_daemon.py still        stands still with a full queue: nobody gets in
"""
import os
import signal
import socket
import sys

if os.path.exists("sock"):
    os.unlink("sock")
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.bind("sock")
still = sys.argv[1] == "still"
door.listen(0 if still else 16)
queue = []
while still:
    queue.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    queue[-1].setblocking(False)
    try:
        queue[-1].connect("sock")
    except BlockingIOError:
        break
open("ready", "w").close()
if still:
    os.kill(os.getpid(), signal.SIGSTOP)
while True:
    peer = door.accept()[0]
    try:
        print(peer.recv(5000).decode(), flush=True)
        peer.send(b"D")
    except OSError:  # who asked did not wait
        pass
