"""What a machine is, as far as it matters for a figure: its processor and its toolchains, not its name."""

import os
import platform
import re
import subprocess
from pathlib import Path


def facts() -> list[str]:
    """Lines for the head of the tables."""
    return [f"{processor()}, {os.cpu_count()} cores, {system()}", ", ".join(toolchains())]


def processor() -> str:
    """The processor's model as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.is_file() and (match := re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)):
        family = re.search(r"^cpu family\s*:\s*(\d+)$", info.read_text(), re.MULTILINE)
        return match[1] + (f" (family {family[1]})" if family else "")
    if platform.system() == "Darwin":
        return output("sysctl", "-n", "machdep.cpu.brand_string")
    return platform.machine()


def system() -> str:
    """The system's name and version, without the machine's."""
    release = Path("/etc/os-release")
    if release.is_file() and (match := re.search(r'^PRETTY_NAME="?([^"\n]+)', release.read_text(), re.MULTILINE)):
        return match[1]
    return f"{platform.system()} {platform.release()}"


def toolchains() -> list[str]:
    """Versions of what compiled the programs; the interpreters' come from the programs themselves."""
    named = {
        "Rust": ("rustc", "--version"),
        "C": ("cc", "--version"),
        "Go": ("go", "version"),
    }
    return [f"{name} {version(output(*command))}" for name, command in named.items()]


def version(text: str) -> str:
    """The first dotted number in a text."""
    match = re.search(r"\d+(\.\d+)+", text)
    return match[0] if match else "of unknown version"


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
