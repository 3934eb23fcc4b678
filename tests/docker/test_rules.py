"""The alerts about Remosa itself: they fire on what they say, and are quiet else."""

import subprocess
from pathlib import Path

import pytest
import yaml

from exporters.metrics import SOURCE_UP
from exporters.targets import JOB
from remosa.local import RULES

PROOF = Path(__file__).with_name("remosa.rules.test.yml")


def test_every_alert_fires_when_it_should_and_only_then(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", str(PROOF)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_is_without_its_proof_or_its_words() -> None:
    alerts = [
        rule
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    proven = PROOF.read_text()
    assert len(alerts) >= 15
    for rule in alerts:
        assert rule["alert"] in proven
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}


@pytest.mark.parametrize("name", [SOURCE_UP.name, f'up{{job="{JOB}"}}', 'up{job="remosa_web"}'])
def test_rules_ask_for_what_is_served(name: str) -> None:
    assert name in RULES.read_text()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("> 120", "> 1200"),
        ("remosa_engine_blind) == 1", "remosa_engine_blind) == 0"),
        ("(remosa_brake_engaged) == 1", "(remosa_brake_engaged) == 2"),
        (">= 0.8 < 0.95", ">= 0.8"),
        ('state="unknown"}) > 0', 'state="unknown"}) > 9'),
        ('outcome="unresolved"}[30m])) > 0', 'outcome="unresolved"}[30m])) > 2'),
        ('outcome="given_up"}[30m])) > 0', 'outcome="given_up"}[3m])) > 0'),
    ],
)
def test_a_wrong_rule_fails_its_proof(
    promtool: str, tmp_path: Path, right: str, wrong: str
) -> None:
    text = RULES.read_text()
    assert text.count(right) == 1
    (tmp_path / "rules.yml").write_text(text.replace(right, wrong))
    proof = PROOF.read_text().replace("../../docker/remosa.rules.yml", "rules.yml")
    (tmp_path / "proof.yml").write_text(proof)
    done = subprocess.run([promtool, "test", "rules", "proof.yml"], cwd=tmp_path, check=False)
    assert done.returncode != 0
