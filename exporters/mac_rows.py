"""Statements that write MACs and their players by the thousand, the same on both databases.

They take no lock, count no limit and leave no audit line: only exporters.enrolment,
exporters.discovery and exporters.sightings call them.
Django's own bulk methods need one object a row: ten times the time and the memory.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import ManyToOneRel

from . import addresses
from .entries import Entry
from .models import Exporter, Player, PlayerSource

# One JSON array as one parameter becomes a table: no limit on the number of parameters.
_CHOSEN = {
    "postgresql": "SELECT jsonb_array_elements_text(%s::jsonb)",
    "sqlite": "SELECT value FROM json_each(%s)",
}
# Materialized, and the outer side of each join: SQLite would read the JSON anew for every row.
_TYPED = {
    "postgresql": "WITH t AS MATERIALIZED (SELECT mac, name, ip::inet AS ip, outip::inet AS outip,"
    " ip_place, outip_place FROM jsonb_to_recordset(%s::jsonb)"
    " AS r(mac text, name text, ip text, outip text, ip_place text, outip_place text))",
    "sqlite": "WITH t AS MATERIALIZED (SELECT json_extract(value, '$.mac') AS mac,"
    " json_extract(value, '$.name') AS name, json_extract(value, '$.ip') AS ip,"
    " json_extract(value, '$.outip') AS outip, json_extract(value, '$.ip_place') AS ip_place,"
    " json_extract(value, '$.outip_place') AS outip_place FROM json_each(%s))",
}
_KEPT = {
    "postgresql": "WITH t AS MATERIALIZED (SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r("
    "id bigint, told_ip text, told_outip text, ip_place text, outip_place text))",
    "sqlite": "WITH t AS MATERIALIZED (SELECT json_extract(value, '$.id') AS id,"
    " json_extract(value, '$.told_ip') AS told_ip,"
    " json_extract(value, '$.told_outip') AS told_outip,"
    " json_extract(value, '$.ip_place') AS ip_place,"
    " json_extract(value, '$.outip_place') AS outip_place FROM json_each(%s))",
}
_UPSERT_PLAYERS = """
{typed} INSERT INTO exporters_player
    (platform_id, exporter_id, identity, name, source, created_at, ip_place, outip_place)
SELECT %s, %s, t.mac, t.name, %s, %s, t.ip_place, t.outip_place FROM t WHERE true
ON CONFLICT (exporter_id, identity) DO UPDATE SET retired_at = NULL, unlisted_since = NULL,
    source = excluded.source, told_ip = '', told_outip = '',
    ip_place = excluded.ip_place, outip_place = excluded.outip_place,
    name = CASE WHEN excluded.name = '' THEN exporters_player.name ELSE excluded.name END
"""
_INSERT_MACS = """
{typed} INSERT INTO exporters_exportermac
    (platform_id, exporter_id, player_id, mac, name, ip, outip, created_at)
SELECT p.platform_id, p.exporter_id, p.id, p.identity, p.name, t.ip, t.outip, %s
FROM t CROSS JOIN exporters_player p WHERE p.exporter_id = %s AND p.identity = t.mac
"""
_REWRITE_MACS = """
{typed} UPDATE exporters_exportermac SET name = t.name, ip = t.ip, outip = t.outip
FROM t WHERE exporters_exportermac.exporter_id = %s AND exporters_exportermac.mac = t.mac
"""
_RENAME_PLAYERS = """
{typed} UPDATE exporters_player SET name = t.name
FROM t WHERE exporters_player.exporter_id = %s AND exporters_player.identity = t.mac
    AND exporters_player.name <> t.name
"""
# What was typed counts where the vendor tells nothing: `addresses.shown`.
_PLACE_PLAYERS = """
{typed} UPDATE exporters_player SET
    ip_place = CASE WHEN told_ip = '' THEN t.ip_place ELSE exporters_player.ip_place END,
    outip_place = CASE WHEN told_outip = '' THEN t.outip_place ELSE exporters_player.outip_place END
FROM t WHERE exporters_player.exporter_id = %s AND exporters_player.identity = t.mac AND (
    told_ip = '' AND exporters_player.ip_place <> t.ip_place
    OR told_outip = '' AND exporters_player.outip_place <> t.outip_place)
"""
_KEEP_ADDRESSES = """
{kept} UPDATE exporters_player SET told_ip = t.told_ip, told_outip = t.told_outip,
    ip_place = t.ip_place, outip_place = t.outip_place
FROM t WHERE exporters_player.id = t.id
"""
_DELETE_MACS = "DELETE FROM exporters_exportermac WHERE exporter_id = %s AND mac IN ({chosen})"
_RETIRE_PLAYERS = """
UPDATE exporters_player SET retired_at = %s WHERE exporter_id = %s AND identity IN ({chosen})
"""


class KeptAddresses(NamedTuple):
    """What a row keeps of the addresses of a player."""

    id: int
    told_ip: str
    told_outip: str
    ip_place: str
    outip_place: str


def add(exporter: Exporter, entries: Iterable[Entry], now: datetime) -> None:
    """Insert MACs that are not there; revive their retired players, make the others.

    A retired player that is typed again without a name takes its old one, and no old address.
    """
    typed, moment = _as_json(entries), _moment(now)
    who = [exporter.platform_id, exporter.pk, PlayerSource.TYPED.value, moment]
    _execute(_UPSERT_PLAYERS, [typed, *who])
    _execute(_INSERT_MACS, [typed, moment, exporter.pk])


def rewrite(exporter: Exporter, entries: Iterable[Entry]) -> None:
    """Give MACs that are there the name, ip and outip of their entry."""
    typed = _as_json(entries)
    for statement in (_REWRITE_MACS, _RENAME_PLAYERS, _PLACE_PLAYERS):
        _execute(statement, [typed, exporter.pk])


def place(exporter: Exporter, entry: Entry) -> None:
    """Give the player of an address the places of what was typed, where the vendor tells none."""
    _execute(_PLACE_PLAYERS, [_as_json([entry]), exporter.pk])


def keep_addresses(rows: Iterable[KeptAddresses]) -> None:
    """Write what vendors told, and the places that follow, into the rows of players."""
    _execute(_KEEP_ADDRESSES, [json.dumps([row._asdict() for row in rows], ensure_ascii=False)])


def remove(exporter: Exporter, macs: list[str], now: datetime) -> None:
    """Delete MACs and retire their players."""
    chosen = json.dumps(macs)
    _execute(_DELETE_MACS, [exporter.pk, chosen])
    _execute(_RETIRE_PLAYERS, [_moment(now), exporter.pk, chosen])


def add_listed(exporter: Exporter, names: Mapping[str, str], now: datetime) -> None:
    """Insert players that the vendor lists, by identity and name; revive those that retired."""
    who = [exporter.platform_id, exporter.pk, PlayerSource.DISCOVERED.value, _moment(now)]
    _execute(_UPSERT_PLAYERS, [_named(names), *who])


def rename(exporter: Exporter, names: Mapping[str, str]) -> None:
    """Give players of an exporter other names, by identity."""
    _execute(_RENAME_PLAYERS, [_named(names), exporter.pk])


def erase(exporter: Exporter) -> None:
    """Delete every MAC and every player of an exporter, the retired ones too."""
    _execute("DELETE FROM exporters_exportermac WHERE exporter_id = %s", [exporter.pk])
    for relation in Player._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel):
            # What the applications above keep of players goes along: by sets, never one by one.
            rows = relation.related_model._base_manager
            rows.filter(**{f"{relation.field.name}__exporter": exporter}).delete()
    _execute("DELETE FROM exporters_player WHERE exporter_id = %s", [exporter.pk])


def refresh_statistics() -> None:
    """Let PostgreSQL look at tables of which many rows are new: 0.1 s, however many they are.

    Until it does, a minute later or more, it takes them for empty and reads every page of the
    admin by plans that are three times as slow. SQLite plans without looking.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE exporters_player, exporters_exportermac")


def _as_json(entries: Iterable[Entry]) -> str:
    return json.dumps(
        [
            {
                "mac": entry.mac,
                "name": entry.name,
                "ip": entry.ip,
                "outip": entry.outip,
                "ip_place": addresses.place(entry.ip),
                "outip_place": addresses.place(entry.outip),
            }
            for entry in entries
        ],
        ensure_ascii=False,
    )


def _named(names: Mapping[str, str]) -> str:
    """Write identities where addresses stand: to the rows of players both are identities."""
    return _as_json(Entry(0, identity, name, None, None) for identity, name in names.items())


def _moment(now: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(now)


def _execute(statement: str, parameters: list[Any]) -> None:
    vendor = connection.vendor
    tables = {"typed": _TYPED[vendor], "chosen": _CHOSEN[vendor], "kept": _KEPT[vendor]}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**tables), parameters)
