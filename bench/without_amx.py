"""Runs a command as on a processor without AMX: python bench/without_amx.py npm run bench -- <folder> ...

The kernel refuses tiles to it and to what it starts, so that ONNX Runtime multiplies with AVX-512. /proc/cpuinfo does not
name them. oneDNN, which PyTorch uses, is told to go no further than AVX-512 with bfloat16. For Linux on x86-64, as root or
where users may have namespaces of their own.
"""

import ctypes
import os
import re
import struct
import sys
import tempfile

NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
BIND, PRIVATE, RECURSIVE = 1 << 12, 1 << 18, 1 << 14
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
ARCH_PRCTL, REQUEST_PERMISSION = 158, 0x1023
# Steps of a seccomp filter: load a word of the call, go on if it equals, give an answer.
LOAD, IF_EQUAL, ANSWER = 0x20, 0x15, 0x06
ALLOW, NOT_PERMITTED = 0x7FFF0000, 0x00050001

libc = ctypes.CDLL(None, use_errno=True)


class Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def call(name: str, *arguments: object) -> None:
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)


def hide_tiles() -> None:
    call("unshare", NEW_MOUNTS if os.getuid() == 0 else NEW_MOUNTS | NEW_USER)
    with open("/proc/cpuinfo") as file:
        told = re.sub(r" amx_\w+", "", file.read())
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(told)
    call("mount", None, b"/", None, PRIVATE | RECURSIVE, None)
    call("mount", file.name.encode(), b"/proc/cpuinfo", None, BIND, None)
    os.unlink(file.name)


def refuse_tiles() -> None:
    steps = (
        (LOAD, 0, 0, 0),
        (IF_EQUAL, 0, 3, ARCH_PRCTL),
        (LOAD, 0, 0, 16),
        (IF_EQUAL, 0, 1, REQUEST_PERMISSION),
        (ANSWER, 0, 0, NOT_PERMITTED),
        (ANSWER, 0, 0, ALLOW),
    )
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    call("prctl", SECCOMP, FILTER, ctypes.byref(Filter(len(steps), ctypes.addressof(program))))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("without_amx.py: expected a command, got nothing; for example npm run bench -- <folder>")
    hide_tiles()
    refuse_tiles()
    os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"})
