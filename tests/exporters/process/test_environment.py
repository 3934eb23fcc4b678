"""Who wins: the command line over the environment over .env, the current folder's first."""

from pathlib import Path

from exporters.process.environment import COMMAND_LINE, ENVIRONMENT, Told, gather, read_file


def test_the_command_line_wins_over_the_environment_and_that_over_files(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    near.write_text("A=near\nB=near\nC=near\n")
    far.write_text("A=far\nB=far\nC=far\nD=far\n")
    found = gather({"A": "line", "B": None}, {"A": "env", "B": "env"}, [near, far])
    assert found == {
        "A": Told("line", COMMAND_LINE),
        "B": Told("env", ENVIRONMENT),
        "C": Told("near", str(near)),
        "D": Told("far", str(far)),
    }


def test_a_blank_variable_is_not_set_and_hides_what_stands_below(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("A=file\nB= \n")
    assert gather({}, {"A": ""}, [file]) == {}


def test_a_value_and_its_file_are_one_thing_of_which_the_upper_one_holds(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("A_FILE=below\nB=below\n")
    assert set(gather({}, {"A": "env", "B_FILE": "env"}, [file])) == {"A", "B_FILE"}
    assert set(gather({"A": "line"}, {"A_FILE": "env"}, [file])) == {"A", "B"}
    assert set(gather({}, {"A": "", "B": "env", "B_FILE": "env"}, [file])) == (
        {"A_FILE", "B", "B_FILE"}
    )


def test_a_file_is_read_as_at_the_start_and_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert read_file(file) == {}
    file.write_text("# note\nexport A='1 2'\nB=\"x\"\nC=a=b#c\n")
    assert read_file(file) == {"A": "1 2", "B": "x", "C": "a=b#c"}
