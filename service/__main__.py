"""The program `eunoe`. Kept tiny: every spawned process imports this file again before it does its own work."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from service.commands import eunoe  # noqa: PLC0415 - a spawned process must not pay for the command line
    from service.ops.environment import set_defaults  # noqa: PLC0415 - see above

    set_defaults()
    eunoe(prog_name="eunoe")


if __name__ == "__main__":
    main()
