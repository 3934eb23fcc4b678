"""Makes an API token from the command line: for exporter processes, Prometheus, or a person."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from platforms import audit, tokens
from platforms.audit import Action, Actor
from platforms.models import ApiToken, Platform, TokenKind, User
from platforms.registry import exporter_kinds


class Command(BaseCommand):
    """Prints the secret once, or writes it to a file that only its owner can read."""

    help = "Make an API token. Its secret is printed once, or written to --output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the token."""
        parser.add_argument("--kind", required=True, choices=TokenKind.values)
        parser.add_argument("--exporter-kind", default="", help="of an exporter token: cubic ...")
        parser.add_argument("--platform", type=int, help="number of a platform; without it: all")
        parser.add_argument("--owner", default="", help="e-mail of the person, for --kind user")
        parser.add_argument("--name", default="", help="says later where the token is in use")
        parser.add_argument("--write", action="store_true", help="with --kind user: not read only")
        parser.add_argument("--output", type=Path, help="file for the secret, mode 0600")
        parser.add_argument(
            "--if-missing",
            action="store_true",
            help="with --output: keep the file when its token still fits and is valid",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token unless a valid one lies in the file already."""
        kind = TokenKind(options["kind"])
        owner, platform = self._owner(kind, options["owner"]), self._platform(options["platform"])
        exporter_kind = self._exporter_kind(kind, options["exporter_kind"])
        output: Path | None = options["output"]
        if options["if_missing"] and output is None:
            raise CommandError("--if-missing needs --output: the file that may be there already.")
        if options["if_missing"] and output is not None and output.exists():
            token = tokens.find(output.read_text(errors="replace").strip())
            wanted = (kind, exporter_kind, platform and platform.pk, owner and owner.pk)
            if token is not None and wanted == _traits(token):
                self.stderr.write(f"{output} holds a valid token ({token}); it stays.")
                return
        token, secret = tokens.issue(
            kind,
            options["name"] or f"{kind.value} {exporter_kind}".strip(),
            owner=owner,
            platform=platform,
            exporter_kind=exporter_kind,
            read_only=not (options["write"] and kind is TokenKind.USER),
        )
        actor, after = Actor("issue_token", "command"), audit.snapshot(token)
        audience = None if kind is TokenKind.USER else token.platform_id
        audit.record(actor, Action.CREATED, token, platform_id=audience, after=after)
        if output is None:
            self.stdout.write(secret)
            return
        _write(output, secret)
        self.stderr.write(f"The secret of {token} is in {output}.")

    def _owner(self, kind: TokenKind, email: str) -> User | None:
        if kind is not TokenKind.USER:
            if email:
                raise CommandError("--owner goes with --kind user only: a machine has no owner.")
            return None
        owner: User | None = User.objects.filter(
            email=email.strip().lower(), is_active=True
        ).first()
        if owner is None:
            raise CommandError(f"--owner {email!r} is no active account; name one by its e-mail.")
        return owner

    def _platform(self, number: int | None) -> Platform | None:
        if number is None:
            return None
        platform: Platform | None = Platform.objects.filter(pk=number).first()
        if platform is None:
            raise CommandError(f"--platform {number}: there is no such platform.")
        return platform

    def _exporter_kind(self, kind: TokenKind, name: str) -> str:
        if kind is not TokenKind.EXPORTER:
            if name:
                raise CommandError("--exporter-kind goes with --kind exporter only.")
            return ""
        if name not in exporter_kinds:
            known = ", ".join(sorted(exporter_kinds))
            raise CommandError(f"--exporter-kind {name!r} is unknown; there are: {known}.")
        return name


def _traits(token: ApiToken) -> tuple[Any, ...]:
    return (token.kind, token.exporter_kind, token.platform_id, token.owner_id)


def _write(path: Path, secret: str) -> None:
    """Write the secret under a name of its own first: nobody reads half of it, or anybody's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    draft.replace(path)
