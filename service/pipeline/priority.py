"""What works on what is already acknowledged goes last: it runs on the cores that callers leave, and gives them back at once."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

NICE = 15
"""Where cores are short, who waits for an acknowledgement goes before who stores what was acknowledged: 12 % more of them than at 5 and 10
for owner and child, measured at 64 callers on two cores. Nobody starves: one core's worth of others leaves a thirtieth of it. And though the owner
holds the lock that writes wait for, a caller's p50 and p99 beside two busy programs of others were the same at 5, 10 and 15."""

OWNER_SLICE = 0.01
CHILD_SLICE = 0.1
"""Seconds; Linux takes .0001 to .1. Since 6.12 whoever wakes up takes a core at once from a task with a longer slice than their own, which is 1.4 ms
on two cores unless asked for; from one with an equal slice they get it at the next tick only. So a caller goes before the owner, and the owner, which
may hold the lock that callers wait for, before the child."""

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the call; the C library has a function for it since glibc 2.41 only."""

_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
"""`struct sched_attr` of sched_setattr(2): size, policy, flags, nice, priority, runtime (for SCHED_OTHER the slice), deadline, period."""


def step_back(slice_seconds: float) -> None:
    """Let callers go before this thread and those that it starts from now on; where priorities are a process's (macOS), all of it.

    Args:
        slice_seconds: how long it wants to run at a time, of use where the kernel is Linux 6.12 or newer.
    """
    nice = max(NICE, os.nice(0))  # who was started with less, keeps it
    os.nice(nice - os.nice(0))
    number = _SCHED_SETATTR.get(platform.machine())
    if sys.platform == "linux" and number is not None and os.sched_getscheduler(0) == os.SCHED_OTHER:
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, int(slice_seconds * 1e9), 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)  # older kernels ignore the slice; a refusal costs nothing else
