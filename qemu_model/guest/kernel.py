"""The guest's kernel: Debian's package, downloaded and unpacked, never installed.

``linux-image-amd64`` names the package; apt, which verifies it, downloads it as
any user.  From its 71 MB the guest needs the kernel and some thirty modules:
those go into an initramfs of 3.5 MB with a static busybox, and the rest is
deleted.  Kernel and initramfs stay in the cache, so the second guest needs no network.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Final

import attrs

from .errors import GuestError

META_PACKAGE: Final = "linux-image-amd64"
BUSYBOX: Final = "/bin/busybox"
ONCE: Final = "the guest's kernel has to be downloaded once (71 MB)"
#: The modules that the guest loads, besides those that they need.
MODULES: Final = (
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "overlay",
    "libnvdimm",
    "nd_e820",
    "nfit",
    "virtio_pmem",
    "nd_pmem",
    "dax_pmem",
    "device_dax",
    "crc32c_generic",
    "ext4",
    "xfs",
)
#: The packages that a kernel is in: since Linux 7 the image and the modules are apart.
_KERNEL_PACKAGE: Final = re.compile(r" (linux-(?:image|binary|modules|base)-\d\S+?)_\S+\.deb ")
#: Modules of some kernels: later ones have the same in another module, or built in.
NOT_EVERYWHERE: Final = ("crc32c_generic",)
#: Directories in the initramfs on which the first process mounts something.
MOUNT_POINTS: Final = ("dev", "proc", "sys", "lower", "layer", "root")
NEEDED: Final = (
    ("apt-cache", "apt"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("depmod", "kmod"),
    ("modprobe", "kmod"),
    ("cpio", "cpio"),
    (BUSYBOX, "busybox-static"),
)

Report = Callable[[str], None]


@attrs.frozen
class BootFiles:
    """A kernel and an initramfs to boot it with, as paths; ``name`` says which kernel."""

    name: str
    kernel: Path
    initramfs: Path


def cache_directory() -> Path:
    """Return where downloads are kept: below ``XDG_CACHE_HOME``, or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "qemu-model"


def find_program(name: str, package: str) -> str:
    """Return the path of program ``name``; it may be in sbin, outside a user's PATH.

    Raises :class:`GuestError` that names the Debian package that has it.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise GuestError(f"{name} is not installed: apt-get install {package}")
    return found


def boot_files(report: Report, suite: str = "") -> BootFiles:
    """Return the kernel and the initramfs, from the cache or downloaded and packed now.

    ``suite`` names the Debian release whose kernel it is, empty for this machine's own.
    ``report`` is called with what takes time.  Raises :class:`GuestError` if a program is
    missing, or if the package can neither be found in the cache nor downloaded.
    """
    for program, package in NEEDED:
        find_program(program, package)
    cache = cache_directory()
    if suite:
        return _of_suite(suite, cache, report)
    try:
        package, version = _candidate()
    except GuestError as error:
        return _newest(cache, error)
    directory = cache / f"{package}_{version}"
    if (files := _cached(directory)) is not None:
        return files
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as temporary:
        try:
            archive = _download(package, version, Path(temporary), report)
        except GuestError as error:
            return _newest(cache, error)
        report(f"unpacking {archive.name}")
        _pack([archive], Path(temporary))
        _keep(Path(temporary), directory)
    files = _cached(directory)
    if files is None:
        raise GuestError(f"the kernel could not be kept in {directory}")
    return files


def _of_suite(suite: str, cache: Path, report: Report) -> BootFiles:
    """Return a suite's kernel: one of the cache, or what the suite has now."""
    from ..conform.debian import apt_of_suite
    from ..conform.errors import DriverError

    for directory in sorted(cache.glob(f"{suite}/linux-image-*")):
        if (files := _cached(directory)) is not None:
            return files
    (cache / suite).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=cache) as temporary:
        work = Path(temporary)
        try:
            apt = apt_of_suite(work / "apt", suite)
        except DriverError as error:
            raise GuestError(str(error)) from error
        report(f"downloading the kernel of Debian {suite}")
        _output([*apt, "update"])
        target = ["-t", suite] if "-" in suite else []
        install = [*apt, *target, "install", "--yes", "--no-install-recommends", "--print-uris"]
        listed = _output([*install, META_PACKAGE])
        found = dict.fromkeys(_KERNEL_PACKAGE.findall(listed))
        if not found:
            raise GuestError(f"Debian {suite} has no package {META_PACKAGE}")
        _output([*apt, *target, "download", *found], work)
        archives = sorted(work.glob("*.deb"))
        image = next(path for path in archives if path.name.startswith("linux-image-"))
        report(f"unpacking {image.name}")
        _pack(archives, work)
        directory = cache / suite / image.name.removesuffix("_amd64.deb")
        _keep(work, directory)
    files = _cached(directory)
    if files is None:
        raise GuestError(f"the kernel could not be kept in {directory}")
    return files


def _candidate() -> tuple[str, str]:
    """Return the package that the meta package depends on, and its version."""
    for line in _output(["apt-cache", "depends", META_PACKAGE]).splitlines():
        name = line.partition("Depends:")[2].strip()
        if name.startswith("linux-image-"):
            break
    else:
        raise GuestError(f"apt knows no package {META_PACKAGE}: apt-get update")
    for line in _output(["apt-cache", "policy", name]).splitlines():
        version = line.partition("Candidate:")[2].strip()
        if version and version != "(none)":
            return name, version
    raise GuestError(f"apt cannot download {name}: apt-get update")


def _cached(directory: Path) -> BootFiles | None:
    kernel, initramfs = directory / "vmlinuz", directory / f"initramfs-{_recipe()}.cpio.gz"
    if kernel.is_file() and initramfs.is_file():
        return BootFiles(directory.name, kernel, initramfs)
    return None


def _newest(cache: Path, error: GuestError) -> BootFiles:
    """Return the youngest kernel in the cache.  Without one, raise ``error`` and say so."""
    directories = [path for path in cache.glob("linux-image-*") if path.is_dir()]
    for directory in sorted(directories, key=lambda path: path.stat().st_mtime, reverse=True):
        if (files := _cached(directory)) is not None:
            return files
    raise GuestError(f"{error}\n{ONCE}, and it is not in {cache}") from None


def _recipe() -> str:
    """Return a digest of everything the initramfs is made from besides the package."""
    digest = hashlib.sha256(" ".join(MODULES).encode())
    digest.update(" ".join(MOUNT_POINTS).encode())
    digest.update(_init())
    return digest.hexdigest()[:12]


def _init() -> bytes:
    return resources.files(__package__).joinpath("init.sh").read_bytes()


def _download(package: str, version: str, directory: Path, report: Report) -> Path:
    size = ""
    for line in _output(["apt-cache", "show", f"{package}={version}"]).splitlines():
        if line.startswith("Size:"):
            size = f", {round(int(line.split()[1]) / 1e6)} MB"
            break
    report(f"downloading the kernel: {package} {version}{size}")
    # apt's own user cannot write into a private directory, and it says so at length.
    options = ["-qq", "-o", f"APT::Sandbox::User={_user_name()}"]
    _output(["apt-get", *options, "download", f"{package}={version}"], directory)
    archives = list(directory.glob("*.deb"))
    if len(archives) != 1:
        raise GuestError(f"apt-get download {package} brought no package")
    return archives[0]


def _user_name() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _pack(archives: Iterable[Path], directory: Path) -> None:
    """Leave ``vmlinuz`` and the initramfs in ``directory``, from the packages."""
    unpacked, tree = directory / "unpacked", directory / "tree"
    for archive in archives:
        _output(["dpkg-deb", "-x", str(archive), str(unpacked)])
    if not (unpacked / "lib").exists():
        # Since Debian 13 the modules are below /usr, and the tools still look beside it.
        (unpacked / "lib").symlink_to("usr/lib")
    version = next((unpacked / "lib/modules").iterdir()).name
    places = (unpacked / f"boot/vmlinuz-{version}", *sorted(unpacked.rglob("vmlinuz*")))
    image = next((path for path in places if path.is_file()), None)
    if image is None:
        raise GuestError(f"no kernel is in the packages of {version}")
    shutil.copyfile(image, directory / "vmlinuz")
    _output(["depmod", "-b", str(unpacked), version])
    for name in ("bin", "modules", *MOUNT_POINTS):
        (tree / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, tree / "bin/busybox")
    (tree / "init").write_bytes(_init())
    (tree / "init").chmod(0o755)
    order: list[str] = []
    for module in MODULES:
        show = ["modprobe", "-d", str(unpacked), "-S", version, "-i", "--show-depends", module]
        try:
            listed = _output(show)
        except GuestError:
            if module in NOT_EVERYWHERE:
                continue
            raise
        for line in listed.splitlines():
            word, _, path = line.strip().partition(" ")
            file = Path(path.split()[0]) if word == "insmod" else None
            if file is not None and file.name not in order:
                shutil.copy(file, tree / "modules" / file.name)
                order.append(file.name)
    (tree / "modules/order").write_text("".join(f"{name}\n" for name in order))
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    packed = subprocess.run(
        [find_program("cpio", "cpio"), "-o", "-H", "newc", "--quiet", "-R", "0:0"],
        cwd=tree,
        input="".join(f"{name}\n" for name in names).encode(),
        capture_output=True,
        check=False,
    )
    if packed.returncode != 0:
        raise GuestError(f"cpio: {packed.stderr.decode(errors='replace').strip()}")
    import gzip

    target = directory / f"initramfs-{_recipe()}.cpio.gz"
    target.write_bytes(gzip.compress(packed.stdout, compresslevel=6, mtime=0))


def _keep(temporary: Path, directory: Path) -> None:
    """Move the two files into place, so that no other process sees half of one."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in (temporary / "vmlinuz", *temporary.glob("initramfs-*.cpio.gz")):
        os.replace(path, directory / path.name)


def _output(command: list[str], directory: Path | None = None) -> str:
    try:
        done = subprocess.run(
            [find_program(command[0], command[0]), *command[1:]],
            cwd=directory,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=600,
        )
    except subprocess.TimeoutExpired:
        raise GuestError(f"{' '.join(command)}: no answer in 600 s") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise GuestError(f"{' '.join(command)}: {last[0]}")
    return done.stdout
