"""`lastseen completion`: the shells' own way to complete sub-commands and options."""

from typing import Annotated, Literal

from cyclopts import Parameter

from lastseen.client.commands.terminal import say
from lastseen.client.commands.usage import UsageError


def completion(
    *,
    shell: Annotated[
        Literal["bash", "zsh", "fish"] | None, Parameter(help="Default: the one that you use.")
    ] = None,
    install: Annotated[
        bool, Parameter(negative="", help="Write it where the shell finds it, and say where.")
    ] = False,
) -> None:
    """Print or install a completion script."""
    from cyclopts.completion import ShellDetectionError, detect_shell

    from lastseen.client.commands.app import app

    try:
        chosen = shell or detect_shell()
    except ShellDetectionError:
        raise UsageError("cannot tell which shell you use: name it with --shell") from None
    if install:
        say(f"installed {app.install_completion(shell=chosen)}; open a new shell to use it")
    else:
        say(app.generate_completion(shell=chosen))
