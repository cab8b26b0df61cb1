"""A switch between hosts whose links are slow: every frame waits before it is handed on. Opens one TAP interface for
each name given. Reads `delay MILLISECONDS` (one way) from standard input and answers each line; at its end it prints how
many frames it carried and how late it was, as JSON."""
import fcntl
import json
import os
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME = 65536


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


taps = [open_tap(name) for name in sys.argv[1:]]
print("ready", flush=True)
delay = 0.0
waiting = deque()  # (due, frame, from), in the order of their times: a shorter delay lets nobody overtake
known = {}  # address of a network card -> its TAP
counts = {"frames": 0, "bytes": 0, "dropped": 0}
late = []


def hand_on(frame, source):
    target = known.get(frame[:6])
    for tap in taps if target is None else [target]:
        if tap == source:
            continue
        try:
            os.write(tap, frame)
        except OSError:  # the interface's queue is full, or it is down
            counts["dropped"] += 1


while True:
    timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
    readable = select.select([*taps, sys.stdin], [], [], timeout)[0]
    now = time.monotonic()
    if sys.stdin in readable:
        line = sys.stdin.readline()
        if line == "":
            break
        delay = float(line.split()[1]) / 1000
        print(line.strip(), flush=True)
    for tap in readable:
        if tap is sys.stdin:
            continue
        while True:
            try:
                frame = os.read(tap, FRAME)
            except BlockingIOError:
                break
            except OSError:  # it is not up yet
                break
            known[frame[6:12]] = tap
            due = now + delay
            waiting.append((max(due, waiting[-1][0]) if waiting else due, frame, tap))
            counts["frames"] += 1
            counts["bytes"] += len(frame)
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        due, frame, source = waiting.popleft()
        late.append(now - due)
        hand_on(frame, source)

late.sort()
at = lambda share: round(1000 * late[min(len(late) - 1, int(share * len(late)))], 3) if late else None
json.dump({**counts, "lateMs": {"median": at(0.5), "p99": at(0.99), "most": at(1)}}, sys.stdout)
print()
