"""The command line."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from detector import __version__, settings
from detector.commands.schema import KINDS, schema
from detector.errors import IncursiondError, reason_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed while running, 2 wrong usage, configuration or input."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except IncursiondError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{error.filename or 'output'}: {reason_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; try {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="incursiond", description="Flags incursions near borders in the air and alerts over MQTT.")
    parser.add_argument("--version", action="version", version=f"incursiond {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.set_defaults(command=run)
        command.add_argument("--version", action="version", version=f"incursiond {__version__}")
        return command

    def add_config(command: argparse.ArgumentParser) -> None:
        default = "default: $INCURSIOND_CONFIG, then /etc/incursiond/incursiond.toml"
        command.add_argument("--config", type=Path, metavar="FILE", help=default)

    add_config(add("run", _run, "the daemon: feeds to detection to MQTT and metrics"))
    replay = add("replay", _replay, "run recorded tracks through the same pipeline and print every incident message")
    add_config(replay)
    replay.add_argument("tracks", type=Path, nargs="+", metavar="TRACKS", help="tracks tables: CSV, CSV.gz, Parquet")
    replay.add_argument("--speed", type=_positive, metavar="X", help="times the records' clock; default: no waiting")
    replay.add_argument("--publish", action="store_true", help="send to the configured broker too")
    replay.add_argument("--output", type=Path, metavar="FILE", help="messages go here instead of stdout")
    listen = add("listen", _listen, "print the messages an operations room is to read, each once and in order")
    add_config(listen)
    listen.add_argument("--room", type=_room, required=True, metavar="NAME", help="lower-case letters, digits, hyphens")
    listen.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="append messages there instead of stdout; what was seen is remembered in FILE.state (without --output: in "
        "[state] directory)",
    )
    add_config(add("check", _check, "read everything, start nothing, name every problem"))
    zones = add("zones", _zones, "list the zones of files as they are read, or convert them to GeoJSON")
    zones.add_argument("files", type=Path, nargs="+", metavar="FILE", help="GeoJSON, KML, OpenAir, AIXM, or .gz of it")
    zones.add_argument("--output", type=Path, metavar="FILE", help="write the zones there, as GeoJSON")
    add("demo", _demo, "show a recorded story on a broker of its own; needs no configuration")
    schemas = add("schema", _schema, "print a JSON Schema, or the AsyncAPI document")
    schemas.add_argument("kind", choices=KINDS, nargs="?", default="incident")
    return parser


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def _room(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]+", text):
        raise argparse.ArgumentTypeError(f"expected lower-case letters, digits and hyphens, got {text!r}")
    return text


def _run(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what it asks for is about to be read
    from detector.daemon import run

    return run(settings.find(options.config))


def _replay(options: argparse.Namespace) -> int:
    from detector.commands.replay import command

    return command(
        settings.find(options.config), options.tracks, options.output, options.speed, publish=options.publish
    )


def _listen(options: argparse.Namespace) -> int:
    from detector.room.listen import command

    return command(settings.find(options.config), options.room, options.output)


def _check(options: argparse.Namespace) -> int:
    from detector.airspace.activation import over
    from detector.assembly import load

    path = settings.find(options.config)
    _, airspace = load(path)
    for line in over(airspace.zones, time.time()):
        print(f"warning: {line}", file=sys.stderr)
    print(f"{path}: good; {len(airspace)} zones")
    return 0


def _zones(options: argparse.Namespace) -> int:
    from detector.commands.listing import command

    return command(options.files, options.output)


def _demo(_: argparse.Namespace) -> int:
    from detector.commands.demo import demo

    return demo()


def _schema(options: argparse.Namespace) -> int:
    print(json.dumps(schema(options.kind), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
