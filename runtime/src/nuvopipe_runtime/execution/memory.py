"""Whether the kernel has killed processes of this container because its memory ran out."""

FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
"""Of cgroups version 2, and 1: each has a line `oom_kill <count>`."""


def oom_kills(files=FILES):
    """How many there have been; None where nothing tells."""
    for path in files:
        try:
            with open(path) as file:
                found = [line.split() for line in file]
        except OSError:
            continue
        return next((int(words[1]) for words in found if len(words) == 2 and words[0] == "oom_kill"), None)
    return None
