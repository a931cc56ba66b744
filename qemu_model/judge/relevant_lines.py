"""Which lines of a log may matter to memory backends, found without reading them in full."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from typing import Final

from .log import PREFIX

#: The flags of memory that glibc reserves: for a stack, and for an arena.
STACK_OR_ARENA: Final = rb"MAP_PRIVATE\|MAP_ANONYMOUS\|MAP_(?:STACK|NORESERVE)"
_READ: Final = (
    rb"mmap2?|munmap|madvise|mbind|mprotect|memfd_create|close|lseek|creat"
    rb"|f(?:statfs|truncate|cntl)(?:64)?|fallocate|open(?:at)?|unlink(?:at)?|statfs(?:64)?"
    rb"|execve|exit_group"
)
#: A line that may matter.  New memory that is neither a file's nor reserved does not, and
#: neither do the stacks of threads and glibc's arenas.
_MAY_MATTER: Final = (
    rb"(?:m(?:map2?\((?!(?:NULL|0), [^,\n]*+, PROT_[RWE][^,\n]*+, [^,\n]*+, -1,"
    rb"|(?:NULL|0x[0-9a-f]++), \d++, PROT_NONE, " + STACK_OR_ARENA + rb", -1,)"
    rb"|unmap\(|advise\(|bind\(|protect\(|emfd_create\()"
    rb"|close\(|f(?:statfs|truncate|cntl)(?:64)?\(|fallocate\(|lseek\(|open(?:at)?\("
    rb"|unlink(?:at)?\(|creat\(|statfs(?:64)?\(|ex(?:ecve|it_group)\("
    rb"|--- SIGBUS|\+\+\+ |<\.\.\. (?:" + _READ + rb") resumed)"
)
_HEAD: Final = (
    rb"(?:(?:munmap|madvise|mbind|mprotect)\(0x(?P<address>[0-9a-f]++),"
    rb"|(?:close|f(?:statfs|truncate|cntl)(?:64)?|fallocate|lseek)\((?P<descriptor>\d++)"
    rb"(?>(?:<(?P<name>[^\n<>]*+))?)"
    rb"|mmap2?\((?:0x(?P<at>[0-9a-f]++)|NULL|0), [^,\n]*+, (?P<access>[^,\n]*+), [^,\n]*+, "
    rb"(?:-1|0xffffffff|(?P<mapped>\d++)(?>(?:<(?P<mapped_name>[^\n<>]*+))?))"
    rb"|open(?:at)?\([^\"\n]*+\"(?P<path>[^\"\n]*+)"
    rb"|(?P<other>[a-z<+-]))"
)

#: One match per line that may matter, swallowing those before it that do not.
NEXT_LINE: Final = re.compile(
    rb"^(?>(?: *+"
    + PREFIX.replace(rb"(\d++)", rb"\d++")
    + rb"(?!"
    + _MAY_MATTER
    + rb")[^\n]*+\n)*)(?: *+"
    + PREFIX
    + _HEAD
    + rb"[^\n]*+\n|\Z)",
    re.MULTILINE,
)
