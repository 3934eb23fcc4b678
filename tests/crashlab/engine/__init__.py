"""The whole engine under fire: from what Prometheus says to the message, and whether it helped.

`python -m tests.crashlab.engine --seconds 720 --each 8` prints its report as JSON; what `rules`
names has to be 0 in it. SIGTERM ends a run early, with the report of what was until then.

- `world`: the rows: players on sockets, jobs that act, ask first, only watch, or go by the clock.
- `outside`: a process that nobody kills: a real Prometheus in the time of the lab, players that
  hang, alone or in crowds, sockets that switch them, answer by SMS, and sometimes do not help
  (`truth`).
- `worker`: the product's own stages, in any order, by several processes at once, and a `person`
  who approves, declines, takes over, pauses and changes jobs; each dies by SIGKILL, at a named
  place (`failpoints`) or anywhere, is stopped past its lease, or loses its server. `lab` sees to
  that, and lets time pass afterwards until all is quiet.
- `clockwork`: the same with Celery: two beats and three workers on Valkey, killed and flushed.
- `history`: triggers of the lab's own that write down each evaluation of a slot in the database.
- `checker`: what the outside saw, beside the rows; `held_back`: what stood against a message.
  `plants`: bugs that it has to find; those that need a race have it forced in `test_races`.

Time runs `--speed` times as fast as on the wall, the same in all processes.
"""
