"""Schedules that somebody wrote: each is one in which a certain mistake would show. Pure.

For 60 players: 36 of a1, 15 of a2, and 9 of b1 at the end.
"""

from typing import Final

from .schedule import A1, OF_A, OF_B, Fault, Outage, Schedule, Terms

PLAYERS: Final = 60
QUICK: Final = Terms(hold=60, recover=60, cooldown=900, grace=60, wait=300)

SCENES: Final = {
    "blips_around_a_stop_of_ours": Schedule(
        -2, 960,
        (Outage("workers_killed", 190, 835, "all"),),
        (Fault(3, 60, 260), Fault(3, 780, 940)),
    ),
    "half_a_vendor_is_wrong": Schedule(
        -3, 420, (Outage("says_half_offline", 90, 420, A1, 0.5),), terms=QUICK,
    ),
    "one_after_the_other": Schedule(
        -4, 570, (),
        (Fault(52, 60, demanded=True), Fault(54, 90, demanded=True), Fault(56, 340)), terms=QUICK,
    ),
    "another_tenant_speaks": Schedule(
        -5, 420,
        (Outage("forgets_few", 90, 420, A1), Outage("foreign_labels", 90, 420, OF_B)),
        terms=QUICK,
    ),
    "it_does_not_help": Schedule(
        -6, 870, (), (Fault(5, 70, restarts=9, demanded=True),), terms=QUICK,
    ),
    "somebody_takes_over": Schedule(
        -7, 540, (Outage("gateway_cut", 0, 330),), (Fault(5, 70),), terms=QUICK, acknowledged=300,
    ),
    "it_is_back_and_ends_again": Schedule(
        -8, 560, (Outage("process_killed", 530, 560, OF_A),),
        (Fault(5, 70, demanded=True),),
        terms=Terms(hold=60, grace=240),
    ),
    "a_vendor_recovers_slowly": Schedule(
        -9, 570, (Outage("recovers_slowly", 90, 480, A1, 0.8),),
    ),
}  # fmt: skip
