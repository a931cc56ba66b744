"""``qemu-model completion``: shell completion for qemu-model.

The scripts are short and stay up to date, as they call qemu-model itself.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from .options import HELP, Option, UsageError, nearest, split, usage

COMPLETE: Final = Option("--complete", "print what the last word of LINE may become", "LINE")
OPTIONS: Final = (COMPLETE, HELP)

_BASH: Final = """\
# bash completion for qemu-model
_qemu_model() {
    local line=${COMP_LINE:0:COMP_POINT}
    local word=${line##*[[:space:]]} head IFS=$'\\n'
    COMPREPLY=($(qemu-model completion --complete "$line" 2>/dev/null))
    # bash breaks words at = and :, and wants only what comes after the last one.
    head=${word%"${word##*[=:]}"}
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
    if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o default 2>/dev/null
    elif [[ ${COMPREPLY[0]} == *[=,] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _qemu_model qemu-model
"""
_ZSH: Final = """\
#compdef qemu-model
# zsh completion for qemu-model
_qemu_model() {
    local -a found
    local before="${(j: :)words[1,CURRENT-1]}"
    found=("${(@f)$(qemu-model completion --complete "$before $PREFIX" 2>/dev/null)}")
    found=(${found:#})
    if (( $#found )); then
        compadd -Q -S '' -- $found
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_qemu_model" ]; then
    _qemu_model "$@"
else
    compdef _qemu_model qemu-model
fi
"""
_FISH: Final = """\
# fish completion for qemu-model
complete -c qemu-model -a '(qemu-model completion --complete (commandline -cp) 2>/dev/null)'
"""
SCRIPTS: Final[Mapping[str, str]] = MappingProxyType({"bash": _BASH, "zsh": _ZSH, "fish": _FISH})


def help_text() -> str:
    """Return what ``completion --help`` shows."""
    return usage(
        "completion bash|zsh|fish",
        "Print the script that makes a shell complete qemu-model's commands, options, revisions,\n"
        "profiles, and inside -object the types and properties that the revision has.",
        OPTIONS,
        (
            'eval "$(qemu-model completion bash)"         # in ~/.bashrc',
            'eval "$(qemu-model completion zsh)"          # in ~/.zshrc, after compinit',
            "qemu-model completion fish | source          # in ~/.config/fish/config.fish",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split(argv, OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.has(COMPLETE):
        return _complete(words.value(COMPLETE))
    if len(words.qemu) != 1:
        raise UsageError(f"which shell?  There are {', '.join(SCRIPTS)}")
    shell = words.qemu[0]
    if shell not in SCRIPTS:
        near = nearest(shell, list(SCRIPTS))
        raise UsageError(f"no script for '{shell}'{near}; there are {', '.join(SCRIPTS)}")
    print(SCRIPTS[shell], end="")
    return 0


def _complete(line: str) -> int:
    from .candidates import candidates

    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    current = words.pop() if words and not line[-1:].isspace() else ""
    for word in candidates(words[1:], current):
        print(word)
    return 0
